/** Files that only their owner may read, written whole or not at all. */
import { basename, dirname, join } from "./path.ts";

/** Why a folder cannot hold private files. */
export class UnsafeFolderError extends Error {
  override readonly name = "UnsafeFolderError";
}

/**
 * Makes `folder` with mode 0700 and its parents as needed. An existing one must be a directory of
 * this user, or this user's own link to one, as people make it to move `~/.funcx` to a scratch disk;
 * its mode is narrowed to 0700. Throws `UnsafeFolderError`, or the system's own error.
 */
export function ensurePrivateFolder(folder: string): void {
  makeFolder(folder);
  // The link's owner counts too: in a shared folder somebody else's link could lead anywhere.
  requireOwn(folder, Deno.lstatSync(folder));
  const info = Deno.statSync(folder);
  requireOwn(folder, info);
  if (!info.isDirectory) throw new UnsafeFolderError(`${folder} is not a directory`);
  if (info.mode !== null && (info.mode & 0o077) !== 0) Deno.chmodSync(folder, 0o700);
}

function makeFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    const isInTheWay = thrown instanceof Deno.errors.AlreadyExists ||
      thrown instanceof Deno.errors.NotADirectory;
    throw isInTheWay ? new UnsafeFolderError(`${folder} is not a directory`) : thrown;
  }
}

function requireOwn(path: string, info: Deno.FileInfo): void {
  const user = Deno.uid();
  if (info.uid !== null && user !== null && info.uid !== user) {
    throw new UnsafeFolderError(`${path} belongs to user ${info.uid}, not to ${user}`);
  }
}

/**
 * Writes a 0600 file that is either the old one or the new one after a crash: a temporary file in
 * the same folder, synced, renamed over `path`, and the folder synced.
 */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    using file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
    writeAll(file, bytes);
    file.syncSync();
    Deno.renameSync(temporary, path);
  } catch (thrown) {
    removeIfPresent(temporary);
    throw thrown;
  }
  syncFolder(dirname(path));
}

/**
 * Removes what a killed process has left of its writes of `path`. For the one process that may write
 * it, before it does.
 */
export function removeUnfinished(path: string): void {
  const prefix = `.${basename(path)}.`;
  for (const { name } of Deno.readDirSync(dirname(path))) {
    const isUnfinished = name.startsWith(prefix) && name.endsWith(".tmp");
    if (isUnfinished) removeIfPresent(join(dirname(path), name));
  }
}

/** All of `bytes`, where one write may take only a part of them. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += file.writeSync(bytes.subarray(written));
  }
}

/** SQLite calls a full disk FULL, and a full quota a failed write. */
const FULL = /\b(ENOSPC|EDQUOT|SQLITE_FULL|SQLITE_IOERR_WRITE|SQLITE_IOERR_FSYNC)\b|disk is full/;

/** Whether the system, or SQLite, says that no room or quota is left for what was written. */
export function isDiskFull(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const { code } = thrown as { readonly code?: unknown };
  return FULL.test(`${code} ${thrown.message}`);
}

/** Makes a rename or a removal in `folder` durable. */
export function syncFolder(folder: string): void {
  try {
    using handle = Deno.openSync(folder, { read: true });
    handle.syncSync();
  } catch (thrown) {
    // Some network file systems refuse to sync a directory; the rename itself stays atomic.
    if (!(thrown instanceof Error)) throw thrown;
  }
}

export function removeIfPresent(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/** Removes a file that nobody needs; whoever empties its folder tries again where that cannot be. */
export function discard(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Gone, or as good as it gets.
  }
}

/** The file's text, or undefined when there is none. */
export function readIfPresent(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}
