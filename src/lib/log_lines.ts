/** Reading a daemon's log: its last lines, and what comes after them. */
import { basename, dirname } from "./path.ts";

const CHUNK = 64 * 1024;

/** The last lines of a file, and the offset where the next one will begin. */
export interface LogTail {
  readonly lines: readonly string[];
  /** Bytes. */
  readonly end: number;
}

/**
 * Reads at most `count` whole lines from the file's end without reading all of it, fewer when they lie
 * further back than `maximumBytes`. A last line that is still being written is left to {@link follow}.
 * Throws `Deno.errors.NotFound`.
 */
export function lastLines(path: string, count: number, maximumBytes = Infinity): LogTail {
  using file = Deno.openSync(path, { read: true });
  let start = file.statSync().size;
  let bytes = new Uint8Array(0);
  while (start > 0 && newlines(bytes) <= count && bytes.length < maximumBytes) {
    const length = Math.min(CHUNK, start, maximumBytes - bytes.length);
    start -= length;
    bytes = joined(readAt(file, start, length), bytes);
  }
  const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1);
  // Where it was given up early, the first one has lost its beginning.
  const isCut = start > 0 && newlines(whole) <= count ? 1 : 0;
  const lines = new TextDecoder().decode(whole).split("\n").slice(isCut, -1);
  return { lines: count === 0 ? [] : lines.slice(-count), end: start + whole.length };
}

/**
 * The whole lines that come after `offset`, until `signal` is aborted. A file that was rotated away
 * is left, and its successor read from its start; one that does not exist yet is waited for.
 */
export async function* follow(
  path: string,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  using watcher = Deno.watchFs(dirname(path), { recursive: false });
  signal.addEventListener("abort", () => watcher.close(), { once: true });
  const reader = new LineReader(path, offset);
  yield* reader.read();
  for await (const event of watcher) {
    if (event.paths.some((changed) => basename(changed) === basename(path))) yield* reader.read();
  }
}

const NEWLINE = 0x0a;

/** Gives whole lines of a file that grows. */
class LineReader {
  readonly #path: string;
  #offset: number;
  #inode: number | null | undefined;
  #rest = "";
  #decoder = new TextDecoder();

  constructor(path: string, offset: number) {
    this.#path = path;
    this.#offset = offset;
  }

  read(): string[] {
    const file = openIfPresent(this.#path);
    if (file === undefined) return [];
    using open = file;
    const { ino, size } = open.statSync();
    if ((this.#inode !== undefined && ino !== this.#inode) || size < this.#offset) this.#restart();
    this.#inode = ino;
    const added = readAt(open, this.#offset, size - this.#offset);
    this.#offset += added.length;
    const lines = (this.#rest + this.#decoder.decode(added, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }

  #restart(): void {
    this.#offset = 0;
    this.#rest = "";
    this.#decoder = new TextDecoder();
  }
}

function openIfPresent(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path, { read: true });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** At most `length` bytes from `offset` on; fewer when the file ends. */
function readAt(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  file.seekSync(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

function newlines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEWLINE) count += 1;
  return count;
}
