/**
 * The web portal: one document for all of its pages, and the files that it loads. They are the same
 * for everybody and hold no secret, so nobody has to be known for them; what pages show comes from
 * the API.
 */
import { isPortalPath, PORTAL_FILES_PATH } from "../../contract/portal_paths.ts";
import { acceptedCoding } from "./accepted_coding.ts";
import { headersOf, PAGE_HEADERS } from "./page_headers.ts";
import { type PortalFile, PortalFiles } from "./portal_files.ts";

/** Ends with a hash of the content, as the bundler writes it: `chunk-4RFVBGT5.js`. */
const HASHED_NAME = /-[A-Z0-9]{8}\.\w+$/;
/** Seconds; a year, which is as long as browsers keep anything. */
const IMMUTABLE = "public, max-age=31536000, immutable";

const WITHOUT_PORTAL = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>funcX</title>
<p>This is a funcX service, and its portal is not part of this build.</p>
<p>From source it is made by <code>deno task portal</code>. The command line,
<code>funcx-endpoint --help</code>, can do the same.</p>
</html>
`;

export class Portal {
  readonly #files: PortalFiles | undefined;

  /** @param folder null for a build without a portal. */
  constructor(folder: string | null) {
    this.#files = folder === null ? undefined : new PortalFiles(folder);
  }

  /** Undefined for what is not the portal's to answer. */
  async answer(request: Request): Promise<Response | undefined> {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const { pathname } = new URL(request.url);
    const isPage = isPortalPath(pathname);
    if (!isPage && !pathname.startsWith(PORTAL_FILES_PATH)) return undefined;
    const name = isPage ? "index.html" : pathname.slice(PORTAL_FILES_PATH.length);
    const file = await this.#files?.get(name);
    if (file !== undefined) return await fileResponse(request, name, file);
    return isPage ? withoutPortal(request) : undefined;
  }
}

async function fileResponse(request: Request, name: string, file: PortalFile): Promise<Response> {
  const coding = acceptedCoding(request.headers.get("accept-encoding"), file.codings);
  // Weak, since it is the same for every coding.
  const etag = `W/"${file.hash}"`;
  const headers = new Headers([
    ...headersOf(name),
    ["cache-control", HASHED_NAME.test(name) ? IMMUTABLE : "no-cache"],
    ["etag", etag],
    ["vary", "accept-encoding"],
  ] as [string, string][]);
  if (hasTag(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers });
  }
  const bytes = await file.bytes(coding);
  headers.set("content-type", file.mediaType);
  headers.set("content-length", String(bytes.length));
  if (coding !== "identity") headers.set("content-encoding", coding);
  return new Response(request.method === "HEAD" ? null : bytes, { headers });
}

function hasTag(ifNoneMatch: string | null, etag: string): boolean {
  const tags = (ifNoneMatch ?? "").split(",").map((tag) => tag.trim());
  return tags.includes("*") || tags.includes(etag);
}

function withoutPortal(request: Request): Response {
  return new Response(request.method === "HEAD" ? null : WITHOUT_PORTAL, {
    status: 404,
    headers: [
      ...PAGE_HEADERS,
      ["cache-control", "no-store"],
      ["content-type", "text/html; charset=utf-8"],
    ] as [string, string][],
  });
}
