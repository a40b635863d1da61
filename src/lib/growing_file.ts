/** A file that comes in pieces and is continued after a crash, with the checksum over it. */
import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { dirname, join } from "./path.ts";

/** Hashed in one go; the event loop has others to serve. */
const HASH_BYTES = 512 * 1024;
/** Written in one go. */
const WRITE_BYTES = 1024 * 1024;

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
    using file = openPart(path);
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
    using file = openPart(this.#path);
    try {
      file.seekSync(this.#offset, Deno.SeekMode.Start);
      await writeInPieces(file, bytes);
    } catch (thrown) {
      await file.truncate(this.#offset);
      throw thrown;
    }
    await updateInTurns(this.#hash, bytes);
    this.#offset += bytes.length;
  }

  /** Of a whole one: if its SHA-256 is this, it gets its name, durably; else nothing happens. */
  async finish(sha256: string): Promise<boolean> {
    if (this.#hash.digest("hex") !== sha256) return false;
    using file = openPart(this.#path);
    await file.syncData();
    await nameFile(`${this.#path}.part`, this.#path);
    return true;
  }
}

/**
 * All of a file at once, durably. It has its name before it is on disk, which saves a second write
 * of the file system's journal: after a power loss only a file of which somebody was told is whole.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  using file = openPart(path, true);
  await writeInPieces(file, bytes);
  Deno.renameSync(`${path}.part`, path);
  await Promise.all([file.syncData(), syncName(path)]);
}

/**
 * SHA-256 in hexadecimal. In this thread, since to copy the bytes for another one takes as long;
 * others get their turns meanwhile.
 */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  await updateInTurns(hash, bytes);
  return hash.digest("hex");
}

async function updateInTurns(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length; from += HASH_BYTES) {
    hash.update(bytes.subarray(from, from + HASH_BYTES));
    if (from + HASH_BYTES < bytes.length) await setImmediate();
  }
}

/** SHA-256 in hexadecimal and size of what is in the file. */
export async function hashFile(
  file: Deno.FsFile,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash("sha256");
  const size = await hashInto(hash, file, Infinity);
  return { sha256: hash.digest("hex"), size };
}

/** What {@link hashWritten} reads at a time, and no turn longer. */
let written: Uint8Array<ArrayBuffer> | undefined;

/**
 * The same of a file that was written a moment ago: it is in the system's cache, from where this
 * thread reads it in less time than another one; others get their turns meanwhile.
 */
export async function hashWritten(
  file: Deno.FsFile,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash("sha256");
  const piece = written ??= new Uint8Array(HASH_BYTES);
  let size = 0;
  for (let read; (read = file.readSync(piece)) !== null;) {
    hash.update(piece.subarray(0, read));
    size += read;
    await setImmediate();
  }
  return { sha256: hash.digest("hex"), size };
}

/** The bytes of a file from `start` to before `end`. */
export async function readRange(
  path: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = Deno.openSync(path, { read: true });
  file.seekSync(start, Deno.SeekMode.Start);
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
function openPart(path: string, truncate = false): Deno.FsFile {
  const how = { read: true, write: true, create: true, truncate, mode: 0o600 };
  return inFolder(dirname(path), () => Deno.openSync(`${path}.part`, how));
}

/** Makes the folder when it turns out to be missing. */
function inFolder<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return action();
  }
}

/** Makes folders in `parent`, which is made as well, durably. */
export async function makeFolders(parent: string, names: readonly string[]): Promise<void> {
  Deno.mkdirSync(parent, { recursive: true, mode: 0o700 });
  const folders = names.map((name) => join(parent, name));
  for (const folder of folders) Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  await Promise.all([syncFolderLater(parent), syncFolderLater(dirname(parent))]);
  for (const folder of folders) durableFolders.add(folder);
}

/** Folders that this process has seen to be in their parents on disk; they are few. */
const durableFolders = new Set<string>();

/** Renames, durably, a file whose bytes are on disk. */
export async function nameFile(from: string, path: string): Promise<void> {
  inFolder(dirname(path), () => Deno.renameSync(from, path));
  await syncName(path);
}

/** Makes the name of a file durable. */
async function syncName(path: string): Promise<void> {
  const folder = dirname(path);
  await syncFolderLater(folder);
  if (durableFolders.has(folder)) return;
  await syncFolderLater(dirname(folder));
  durableFolders.add(folder);
}

/**
 * To the system's cache, which takes less time than to have another thread do it; others get their
 * turns meanwhile.
 */
async function writeInPieces(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += file.writeSync(bytes.subarray(written, written + WRITE_BYTES));
    if (written < bytes.length) await setImmediate();
  }
}

/** Makes a rename in `folder` durable, outside of this thread. */
export async function syncFolderLater(folder: string): Promise<void> {
  try {
    using handle = Deno.openSync(folder, { read: true });
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
