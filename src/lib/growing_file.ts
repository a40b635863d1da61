/** A file that comes in pieces and is continued after a crash, with the checksum over it. */
import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { dirname } from "./path.ts";

/** Hashed in one go; the event loop has others to serve. */
const HASH_BYTES = 512 * 1024;

/** Until it is finished it lies at its path with `.part` behind. */
export class GrowingFile {
  readonly #path: string;
  readonly #size: number;
  readonly #hash: Hash;
  #offset: number;

  private constructor(path: string, size: number, hash: Hash, offset: number) {
    this.#path = path;
    this.#size = size;
    this.#hash = hash;
    this.#offset = offset;
  }

  /** Goes on with the bytes that an earlier process has left; what is too much is cut off. */
  static async open(path: string, size: number): Promise<GrowingFile> {
    using file = await openPart(path);
    const hash = createHash("sha256");
    const offset = await hashInto(hash, file, size);
    await file.truncate(offset);
    return new GrowingFile(path, size, hash, offset);
  }

  get offset(): number {
    return this.#offset;
  }

  get isWhole(): boolean {
    return this.#offset === this.#size;
  }

  /** Appends. When it fails, for instance because the disk is full, the file is as before. */
  async append(bytes: Uint8Array): Promise<void> {
    using file = await openPart(this.#path);
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

  /** Of a whole one: if its SHA-256 is this, it gets its name, durably; else nothing happens. */
  async finish(sha256: string): Promise<boolean> {
    if (this.#hash.digest("hex") !== sha256) return false;
    using file = await openPart(this.#path);
    await nameFile(file, this.#path);
    return true;
  }
}

/** All of a file at once, durably. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  using file = await openPart(path, true);
  await writeAll(file, bytes);
  await nameFile(file, path);
}

/** SHA-256 in hexadecimal, computed outside of this thread. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** SHA-256 in hexadecimal and size of what is in the file. */
export async function hashFile(
  file: Deno.FsFile,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash("sha256");
  const size = await hashInto(hash, file, Infinity);
  return { sha256: hash.digest("hex"), size };
}

/** The bytes of a file from `start` to before `end`. */
export async function readRange(
  path: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path, { read: true });
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(end - start);
  for (let filled = 0; filled < bytes.length;) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) throw new Error(`${path} has become shorter`);
    filled += read;
  }
  return bytes;
}

async function hashInto(hash: Hash, file: Deno.FsFile, maximum: number): Promise<number> {
  const buffer = new Uint8Array(HASH_BYTES);
  let offset = 0;
  for (let read; offset < maximum && (read = await file.read(buffer)) !== null;) {
    const taken = Math.min(read, maximum - offset);
    hash.update(buffer.subarray(0, taken));
    offset += taken;
  }
  return offset;
}

/** For reading and writing, made with its folder when it is missing. */
async function openPart(path: string, truncate = false): Promise<Deno.FsFile> {
  const open = (): Promise<Deno.FsFile> =>
    Deno.open(`${path}.part`, { read: true, write: true, create: true, truncate, mode: 0o600 });
  try {
    return await open();
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await open();
  }
}

/** Folders that this process has seen to be in their parents on disk; they are few. */
const durableFolders = new Set<string>();

async function nameFile(file: Deno.FsFile, path: string): Promise<void> {
  await file.syncData();
  await Deno.rename(`${path}.part`, path);
  const folder = dirname(path);
  await syncFolderLater(folder);
  if (durableFolders.has(folder)) return;
  await syncFolderLater(dirname(folder));
  durableFolders.add(folder);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}

/** Makes a rename in `folder` durable, outside of this thread. */
export async function syncFolderLater(folder: string): Promise<void> {
  try {
    using handle = await Deno.open(folder, { read: true });
    await handle.sync();
  } catch (thrown) {
    // Some network file systems refuse to sync a directory; the rename itself stays atomic.
    if (!(thrown instanceof Error)) throw thrown;
  }
}

/** Never rejects for a file that is not there. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
