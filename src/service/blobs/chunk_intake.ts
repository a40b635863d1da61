/**
 * How chunks of blobs come in. They are read whole while there is room in memory for them; what comes
 * beyond that is stored piece by piece as it comes. So whoever sends slowly has nobody wait for him.
 */
import type { BlobUpload } from "../../contract/api.ts";
import { BLOB_BODIES_BYTES } from "../../contract/limits.ts";
import type { OctetBody } from "../http/body.ts";

/** Stores bytes of a chunk, which are `from` bytes after its beginning. */
type StoreBytes = (bytes: Uint8Array, from: number) => Promise<BlobUpload>;

export class ChunkIntake {
  #room: number;

  /** @param maximumBytes of chunks that are read whole at a time. */
  constructor(maximumBytes: number = BLOB_BODIES_BYTES) {
    this.#room = maximumBytes;
  }

  /** The answer to the last bytes, or the first refusal. Of a chunk that breaks off, some may be stored. */
  async take(body: OctetBody, store: StoreBytes): Promise<BlobUpload> {
    const { maximumBytes } = body;
    if (maximumBytes > this.#room) return await storePieces(body.pieces(), store);
    this.#room -= maximumBytes;
    try {
      return await store(await body.whole(), 0);
    } finally {
      this.#room += maximumBytes;
    }
  }
}

async function storePieces(
  pieces: AsyncIterable<Uint8Array>,
  store: StoreBytes,
): Promise<BlobUpload> {
  let outcome: Promise<BlobUpload> | undefined;
  let isRefused = false;
  let from = 0;
  for await (const piece of pieces) {
    // Who is still sending may not see an answer: it comes after the body.
    if (isRefused) continue;
    outcome = store(piece, from);
    await outcome.catch(() => isRefused = true);
    from += piece.length;
  }
  return await outcome!;
}
