/** The Python client, to be fetched from the service that it is for. */
import { PYTHON_CLIENT_SOURCE, pythonClientChecksum } from "../../contract/python_client.ts";
import {
  PYTHON_CLIENT_CHECKSUM_HEADER,
  PYTHON_CLIENT_PATH,
} from "../../contract/python_client_place.ts";

/** Counted at the first request: most services are asked never. */
let checksum: string | undefined;

/** Undefined for what is not the client's address. */
export function clientFile(request: Request): Response | undefined {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  if (new URL(request.url).pathname !== PYTHON_CLIENT_PATH) return undefined;
  checksum ??= pythonClientChecksum();
  const etag = `"${checksum}"`;
  const headers = {
    "cache-control": "no-cache",
    "etag": etag,
    "x-content-type-options": "nosniff",
    [PYTHON_CLIENT_CHECKSUM_HEADER]: checksum,
  };
  const known = (request.headers.get("if-none-match") ?? "").split(",").map((tag) => tag.trim());
  if (known.some((tag) => tag === "*" || tag.replace(/^W\//, "") === etag)) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(request.method === "HEAD" ? null : PYTHON_CLIENT_SOURCE, {
    headers: { ...headers, "content-type": "text/x-python; charset=utf-8" },
  });
}
