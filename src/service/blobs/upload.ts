/** One upload that is not complete: its file so far and the checksum over it. */
import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { StoredBlob } from "../store/store.ts";
import { type BlobFiles, writeAll } from "./blob_files.ts";

/** Hashed in one go; the event loop has others to serve. */
const HASH_BYTES = 512 * 1024;

export class Upload {
  readonly #blob: StoredBlob;
  readonly #files: BlobFiles;
  readonly #hash: Hash;
  #offset: number;

  private constructor(blob: StoredBlob, files: BlobFiles, hash: Hash, offset: number) {
    this.#blob = blob;
    this.#files = files;
    this.#hash = hash;
    this.#offset = offset;
  }

  /** Goes on with the bytes that an earlier process has left; what is too much is cut off. */
  static async open(blob: StoredBlob, files: BlobFiles): Promise<Upload> {
    using file = await files.openPart(blob);
    const hash = createHash("sha256");
    const buffer = new Uint8Array(HASH_BYTES);
    let offset = 0;
    for (let read; offset < blob.size && (read = await file.read(buffer)) !== null;) {
      const taken = Math.min(read, blob.size - offset);
      hash.update(buffer.subarray(0, taken));
      offset += taken;
    }
    await file.truncate(offset);
    return new Upload(blob, files, hash, offset);
  }

  get offset(): number {
    return this.#offset;
  }

  get isWhole(): boolean {
    return this.#offset === this.#blob.size;
  }

  /** Appends. When it fails, for instance because the disk is full, the upload is as before. */
  async append(bytes: Uint8Array): Promise<void> {
    using file = await this.#files.openPart(this.#blob);
    try {
      await file.seek(this.#offset, Deno.SeekMode.Start);
      await writeAll(file, bytes);
    } catch (thrown) {
      await file.truncate(this.#offset);
      throw thrown;
    }
    for (let from = 0; from < bytes.length; from += HASH_BYTES) {
      this.#hash.update(bytes.subarray(from, from + HASH_BYTES));
      if (from + HASH_BYTES < bytes.length) await setImmediate();
    }
    this.#offset += bytes.length;
  }

  /** Of a whole one: whether it is what it was said to be. Then its file is complete and on disk. */
  async finish(): Promise<boolean> {
    if (this.#hash.digest("hex") !== this.#blob.sha256) return false;
    using file = await this.#files.openPart(this.#blob);
    await this.#files.finish(this.#blob, file);
    return true;
  }
}
