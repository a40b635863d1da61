/** The requests of {@link BlobRequests} through a client's transport, which repeats them. */
import * as v from "valibot";
import { type BlobUpload, BlobUploadSchema, pathOf, ROUTES } from "../contract/api.ts";
import type { BlobRequests } from "../contract/blob_transfer.ts";
import { BLOB_REQUEST_TIMEOUT } from "../contract/limits.ts";
import type { HttpRequest, Transport } from "./transport.ts";

/** What all of them have: each may come twice without harm. */
const SHARED = { repeatable: true, authorized: true, timeout: BLOB_REQUEST_TIMEOUT } as const;

export function blobRequests(transport: Transport): BlobRequests {
  const upload = async (request: Omit<HttpRequest, keyof typeof SHARED>): Promise<BlobUpload> =>
    v.parse(BlobUploadSchema, await transport.send({ ...request, ...SHARED }));
  return {
    begin: (blob) =>
      upload({
        method: ROUTES.beginBlob.method,
        path: pathOf(ROUTES.beginBlob),
        headers: { "content-type": "application/json" },
        body: JSON.stringify(blob),
      }),
    put: ({ sha256, size }, offset, bytes) =>
      upload({
        method: ROUTES.putBlob.method,
        path: `${pathOf(ROUTES.putBlob, { sha256 })}?offset=${offset}&size=${size}`,
        headers: { "content-type": "application/octet-stream" },
        body: bytes,
      }),
    get: ({ sha256 }, start, end) =>
      transport.octets({
        method: ROUTES.getBlob.method,
        path: pathOf(ROUTES.getBlob, { sha256 }),
        headers: { range: `bytes=${start}-${end - 1}` },
        ...SHARED,
      }),
  };
}
