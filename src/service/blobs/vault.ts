/**
 * Blobs: uploads in chunks that can be continued, files named by their content, and their end.
 *
 * 1. A blob is complete in the store only after its file is whole, verified, named and synced. A
 *    crash leaves at most a `.part`, which the next chunk continues, files that no row names, which
 *    the next start removes, and files whose row is behind, which it verifies.
 * 2. All that happens to one blob happens one after the other, so any number of clients may upload
 *    the same content: each chunk is taken once, and who comes late is told how far it is.
 * 3. In memory are the chunks of the requests that are served, never more of a blob; how many is up
 *    to `chunk_intake.ts`.
 */
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { BlobUpload } from "../../contract/api.ts";
import type { EndpointId, TaskId, UserId } from "../../contract/ids.ts";
import {
  BLOB_DISK_RESERVE,
  BLOB_SWEEP_INTERVAL,
  UNUSED_BLOB_LIFETIME,
} from "../../contract/limits.ts";
import { KeyedLock, Slots } from "../../lib/async.ts";
import { freeBytes } from "../../lib/free_space.ts";
import { type GrowingFile, sha256Of } from "../../lib/growing_file.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { BlobStore, StoredBlob } from "../store/store.ts";
import { BlobFiles } from "./blob_files.ts";
import { corrupt, noRoom, tooLarge, translated, wrongOffset } from "./refusals.ts";

const log = logger("service", "blobs");

export interface BlobLimits {
  /** Bytes of one blob. */
  readonly maximumBytes: number;
  /** Bytes of all blobs of one owner. */
  readonly quotaBytes: number;
}

export interface VaultOptions {
  readonly folder: string;
  readonly store: BlobStore;
  readonly limits: BlobLimits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Bytes that are free on a disk; replaced in tests. */
  readonly free?: (path: string) => number | undefined;
}

/** Who uploads what. */
export interface UploadRequest extends BlobReference {
  readonly owner: UserId;
  readonly resultOf?: { readonly endpointId: EndpointId; readonly taskId: TaskId };
}

const SWEEP_LIMIT = 100;
/** Chunks, or pieces of them, that are hashed and written at a time. */
const CONCURRENT_WRITES = 8;
/** How often the life of an upload that goes on is prolonged, milliseconds. */
const PROLONG_INTERVAL = UNUSED_BLOB_LIFETIME / 4;

interface OpenUpload {
  readonly blob: StoredBlob;
  readonly upload: GrowingFile;
  /** When the store was told last that it goes on. */
  readonly notedAt: number;
}

export class BlobVault {
  readonly limits: BlobLimits;
  readonly #options: VaultOptions;
  readonly #files: BlobFiles;
  readonly #uploads = new Map<string, OpenUpload>();
  readonly #locks = new KeyedLock<string>();
  readonly #writes = new Slots(CONCURRENT_WRITES);
  #timer: ReturnType<typeof setInterval> | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  private constructor(options: VaultOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#files = new BlobFiles(options.folder);
  }

  /** Tidies what a service that was killed has left (1), and sweeps from now on. */
  static async open(options: VaultOptions): Promise<BlobVault> {
    const vault = new BlobVault(options);
    const { store } = options;
    for (const blob of await vault.#files.tidy(await store.all())) {
      // Only the row is behind.
      if (!blob.complete) await store.complete(blob.blobRow);
    }
    vault.#timer = setInterval(() => void vault.sweep(), BLOB_SWEEP_INTERVAL);
    return vault;
  }

  /** Waits for a sweep that is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** Begins an upload, or says how far it is. */
  begin(request: UploadRequest): Promise<BlobUpload> {
    return this.#exclusively(request, async () => {
      if (await this.#takeHanded(request)) return told(request, request.size);
      const open = await this.#open(request);
      if (open === "complete") return told(request, request.size);
      this.#requireRoom(request.size - open.upload.offset);
      // An empty one has no chunk that could end it.
      if (open.upload.isWhole) return await this.#finish(open.blob, open.upload);
      return told(request, open.upload.offset);
    });
  }

  /**
   * Takes the chunk at `offset`, which `read` gives once it is its turn: others wait for theirs then,
   * so it must be there already. Rejects with `BLOB_OFFSET_MISMATCH` when the upload is elsewhere, and
   * with `BLOB_CORRUPT` when it was the last chunk and the whole is not what it was said to be; the
   * upload begins anew then.
   */
  put(
    request: UploadRequest,
    offset: number,
    read: () => Promise<Uint8Array>,
  ): Promise<BlobUpload> {
    return this.#writes.run(async () => {
      const bytes = await read();
      const end = offset + bytes.length;
      if (end > request.size) throw wrongOffset(`the chunk ends at ${end}, after the blob's end`);
      return end === bytes.length && end === request.size
        ? await this.#putWhole(request, bytes)
        : await this.#putChunk(request, offset, bytes);
    });
  }

  #putChunk(request: UploadRequest, offset: number, bytes: Uint8Array): Promise<BlobUpload> {
    return this.#exclusively(request, async () => {
      const open = await this.#open(request);
      if (open === "complete") return told(request, request.size);
      const { blob, upload } = open;
      if (offset !== upload.offset) throw wrongOffset(`the upload is at byte ${upload.offset}`);
      this.#requireRoom(bytes.length);
      await upload.append(bytes);
      return upload.isWhole ? await this.#finish(blob, upload) : told(blob, upload.offset);
    });
  }

  /** A blob of one chunk costs one hash, one file and one commit. */
  async #putWhole(request: UploadRequest, bytes: Uint8Array): Promise<BlobUpload> {
    this.#requireAllowed(request);
    const sha256 = await sha256Of(bytes);
    if (sha256 !== request.sha256) throw corrupt(request.sha256);
    return await this.#exclusively(request, async () => {
      const known = await this.#options.store.find(request.owner, request.sha256);
      if (known?.complete) {
        await this.#note(request, false);
        return told(request, request.size);
      }
      this.#requireRoom(bytes.length);
      const named = await this.#named(request);
      this.#uploads.delete(keyOf(request));
      await this.#files.write(named, bytes);
      await this.#noteWritten(request, named);
      return told(request, request.size);
    });
  }

  /** Takes the file of a result that an agent of this user on this machine has put here. */
  async #takeHanded(request: UploadRequest): Promise<boolean> {
    const taskId = request.resultOf?.taskId;
    if (taskId === undefined || !this.#files.isHanded(taskId, request)) return false;
    this.#requireAllowed(request);
    const known = await this.#options.store.find(request.owner, request.sha256);
    if (known?.complete) {
      await this.#note(request, false);
      return true;
    }
    const named = await this.#named(request);
    this.#uploads.delete(keyOf(request));
    await this.#files.takeHanded(taskId, { ...request, ...named });
    await this.#noteWritten(request, named);
    return true;
  }

  async #named(request: UploadRequest): Promise<Pick<StoredBlob, "ownerRow" | "sha256">> {
    const ownerRow = await this.#options.store.ownerRow(request.owner) ??
      (await this.#note(request, false)).ownerRow;
    return { ownerRow, sha256: request.sha256 };
  }

  /** A file without a row is of no use to anybody, and the next service would remove it. */
  async #noteWritten(
    request: UploadRequest,
    named: Pick<StoredBlob, "ownerRow" | "sha256">,
  ): Promise<void> {
    try {
      await this.#note(request, true);
    } catch (thrown) {
      const known = await this.#options.store.find(request.owner, request.sha256);
      if (known === undefined) await this.#files.remove(named);
      throw thrown;
    }
  }

  async #finish(blob: StoredBlob, upload: GrowingFile): Promise<BlobUpload> {
    this.#uploads.delete(keyOf(blob));
    if (await upload.finish(blob.sha256)) {
      await this.#options.store.complete(blob.blobRow);
      return told(blob, blob.size);
    }
    await this.#files.remove(blob);
    throw corrupt(blob.sha256);
  }

  /** The file of a complete blob, open for reading. */
  file(blob: StoredBlob): Deno.FsFile {
    return this.#files.open(blob);
  }

  /** Removes what nothing refers to any more. Never rejects. */
  sweep(): Promise<void> {
    return this.#sweeping = this.#sweeping.then(async () => {
      try {
        for (let more = true; more;) {
          const { store, now } = this.#options;
          const unused = await store.takeUnused(now(), SWEEP_LIMIT);
          for (const blob of unused) await this.#drop(blob);
          more = unused.length === SWEEP_LIMIT;
        }
      } catch (thrown) {
        log.error("blobs cannot be removed: {reason}", { reason: messageOf(thrown) });
      }
    });
  }

  #drop(gone: StoredBlob): Promise<void> {
    return this.#locks.run(keyOf(gone), async () => {
      // Somebody may have uploaded it again meanwhile.
      if (await this.#options.store.find(gone.owner, gone.sha256) !== undefined) return;
      this.#uploads.delete(keyOf(gone));
      await this.#files.remove(gone);
    });
  }

  /** The upload as it stands; the store hears of it at its begin, and now and then while it lasts. */
  async #open(request: UploadRequest): Promise<OpenUpload | "complete"> {
    this.#requireAllowed(request);
    const key = keyOf(request);
    const known = this.#uploads.get(key);
    const now = this.#options.now();
    const isNoted = known !== undefined && now - known.notedAt < PROLONG_INTERVAL &&
      known.blob.size === request.size && request.resultOf === undefined;
    if (isNoted) return known;
    const blob = await this.#note(request, false);
    if (blob.complete) return "complete";
    const upload = known?.upload ?? await this.#files.upload(blob);
    const open = { blob, upload, notedAt: now };
    this.#uploads.set(key, open);
    return open;
  }

  #note(request: UploadRequest, complete: boolean): Promise<StoredBlob> {
    return this.#options.store.put({
      ...request,
      complete,
      keepUntil: this.#options.now() + UNUSED_BLOB_LIFETIME,
      quota: this.limits.quotaBytes,
    });
  }

  async #exclusively<T>(request: UploadRequest, action: () => Promise<T>): Promise<T> {
    try {
      return await this.#locks.run(keyOf(request), action);
    } catch (thrown) {
      throw translated(thrown, this.#files.folder);
    }
  }

  #requireAllowed({ size }: UploadRequest): void {
    if (size > this.limits.maximumBytes) throw tooLarge(size, this.limits.maximumBytes);
  }

  #requireRoom(bytes: number): void {
    const { free = freeBytes } = this.#options;
    const room = free(this.#files.folder);
    if (room !== undefined && bytes + BLOB_DISK_RESERVE > room) {
      throw noRoom(bytes, this.#files.folder);
    }
  }
}

function keyOf({ owner, sha256 }: { readonly owner: UserId; readonly sha256: string }): string {
  return `${sha256} ${owner}`;
}

function told({ sha256, size }: BlobReference, offset: number): BlobUpload {
  return { sha256, size, offset, complete: offset === size };
}
