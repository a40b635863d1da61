/**
 * Moving a blob to the service and from it, in chunks: used by clients, also in browsers, and by
 * agents. Whoever calls gives the requests, which repeat themselves over broken links; what this
 * knows is how to go on where an upload or a download stopped.
 */
import type { BlobUpload } from "./api.ts";
import type { BlobReference } from "./blob_reference.ts";
import { FuncxError } from "./errors.ts";
import { BLOB_CHUNK_BYTES } from "./limits.ts";

/** The requests that blobs need; each rejects with a `FuncxError`. */
export interface BlobRequests {
  begin(blob: BlobReference): Promise<BlobUpload>;
  put(blob: BlobReference, offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<BlobUpload>;
  /** Bytes from `start` to before `end`. */
  get(blob: BlobReference, start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** What is uploaded; it must not change meanwhile. */
export interface BlobSource extends BlobReference {
  /** Bytes from `start` to before `end`. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Told of the bytes that are there, and of all. */
export type OnProgress = (done: number, total: number) => void;

/** Others may upload the same content; each time the upload is elsewhere, it has gone on. */
const MAX_MISMATCHES = 1_000;

/** Resolves when the service has all of it on disk, whoever uploaded it. */
export async function uploadBlob(
  requests: BlobRequests,
  source: BlobSource,
  onProgress: OnProgress = () => {},
): Promise<void> {
  const { sha256, size } = source;
  const blob: BlobReference = { sha256, size };
  let state: Pick<BlobUpload, "offset" | "complete"> = size > BLOB_CHUNK_BYTES || size === 0
    ? await requests.begin(blob)
    : { offset: 0, complete: false };
  for (let mismatches = 0; !state.complete;) {
    onProgress(state.offset, size);
    const end = Math.min(size, state.offset + BLOB_CHUNK_BYTES);
    try {
      state = await requests.put(blob, state.offset, await source.read(state.offset, end));
    } catch (thrown) {
      const isElsewhere = thrown instanceof FuncxError && thrown.code === "BLOB_OFFSET_MISMATCH";
      if (!isElsewhere || ++mismatches > MAX_MISMATCHES) throw thrown;
      state = await requests.begin(blob);
    }
  }
  onProgress(size, size);
}

/** Chunks of a blob from `offset` on, in order; the next one is on its way while one is used. */
export async function* downloadBlob(
  requests: BlobRequests,
  blob: BlobReference,
  offset = 0,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const chunkAt = (start: number): Promise<Uint8Array<ArrayBuffer>> | undefined => {
    if (start >= blob.size) return undefined;
    const end = Math.min(blob.size, start + BLOB_CHUNK_BYTES);
    const chunk = requests.get(blob, start, end).then((bytes) => {
      if (bytes.length === end - start) return bytes;
      throw shortened(blob, bytes.length, end - start);
    });
    // Whoever leaves the loop early does not wait for it.
    chunk.catch(() => {});
    return chunk;
  };
  let next = chunkAt(offset);
  for (let start = offset; next !== undefined; start += BLOB_CHUNK_BYTES) {
    const bytes = await next;
    next = chunkAt(start + BLOB_CHUNK_BYTES);
    yield bytes;
  }
}

function shortened({ sha256 }: BlobReference, found: number, expected: number): FuncxError {
  return new FuncxError({
    code: "BLOB_CORRUPT",
    message: `the service gave ${found} bytes of blob ${sha256} where ${expected} are due`,
    hint: "try again; if it stays so, see what stands before the service",
  });
}
