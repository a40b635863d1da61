/**
 * Large arguments and results of a TypeScript worker, on its main thread: user code may not read or
 * write files, so it is handed contents, and files in a folder that it may read.
 */
import { basename, join } from "../../../lib/path.ts";
import { messageOf } from "../../../lib/outcome.ts";
import {
  FINISHED_FLAGS,
  FINISHED_HEADER_BYTES,
  RECORD_HEADER_BYTES,
  type TaskSettings,
  viewOf,
  writeHeader,
} from "../ipc.ts";
import type { BlobAnswer, BlobQuestion } from "./typescript_messages.ts";

type Files = Readonly<Record<string, string>>;

export class GuestBlobs {
  #folder = "";
  /** By sequence, of tasks that have not ended. */
  readonly #expected = new Map<number, TaskSettings & { readonly blobs: Files }>();
  readonly #linked = new Map<number, string>();

  /** The one folder that the guest may read; made when a file is put into it. */
  folderBelow(parent: string): string {
    return this.#folder = join(Deno.realPathSync(parent), `files-${crypto.randomUUID()}`);
  }

  expect(sequence: number, { blobs, ...rest }: TaskSettings): void {
    if (blobs !== undefined) this.#expected.set(sequence, { ...rest, blobs });
  }

  /** Of a result that may go in a record, where the task has a bound of its own. */
  inlineBytesOf(sequence: number): number | undefined {
    return this.#expected.get(sequence)?.inline_result_bytes;
  }

  answer({ sequence, contents, files }: BlobQuestion): BlobAnswer {
    const blobs = new Map<string, Uint8Array | string>();
    try {
      const expected = this.#expected.get(sequence)?.blobs ?? {};
      const pathOf = (key: string): string => {
        const path = expected[key];
        if (path === undefined) throw new Error(`the endpoint has no file for argument ${key}`);
        return path;
      };
      for (const key of contents) blobs.set(key, Deno.readFileSync(pathOf(key)));
      for (const key of files) blobs.set(key, this.#link(sequence, key, pathOf(key)));
      return { sequence, blobs, failure: "" };
    } catch (thrown) {
      return { sequence, blobs: new Map(), failure: messageOf(thrown) };
    }
  }

  /** Removes what tasks before this one had. */
  forgetBelow(sequence: number): void {
    if (this.#expected.size === 0) return;
    for (const ended of [...this.#expected.keys()].filter((known) => known < sequence)) {
      this.#expected.delete(ended);
      const folder = this.#linked.get(ended);
      this.#linked.delete(ended);
      if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
      if (folder !== undefined && this.#linked.size === 0) Deno.removeSync(this.#folder);
    }
  }

  #link(sequence: number, key: string, path: string): string {
    const folder = join(this.#folder, String(sequence));
    const own = join(folder, key.slice(0, 64));
    Deno.mkdirSync(own, { recursive: true, mode: 0o700 });
    this.#linked.set(sequence, folder);
    const link = join(own, basename(path));
    Deno.linkSync(path, link);
    return link;
  }
}

/** Permissions with one more folder to read. */
export function withRead(
  granted: Readonly<Record<string, unknown>>,
  folder: string,
): Readonly<Record<string, unknown>> {
  const { read } = granted;
  if (read === true) return granted;
  return { ...granted, read: [...(Array.isArray(read) ? read : []), folder] };
}

/** What is moved to the other thread instead of being copied. */
export function contentsOf({ blobs }: BlobAnswer): Transferable[] {
  return [...blobs.values()].filter((blob) => typeof blob !== "string")
    .map(({ buffer }) => buffer as ArrayBuffer);
}

/** The finished record with its body in a new file of the folder. */
export function finishedInFile(record: Uint8Array, folder: string): Uint8Array {
  const name = crypto.randomUUID();
  const file = Deno.openSync(join(folder, name), { write: true, createNew: true, mode: 0o600 });
  try {
    const body = record.subarray(FINISHED_HEADER_BYTES);
    for (let written = 0; written < body.length;) written += file.writeSync(body.subarray(written));
  } finally {
    file.close();
  }
  const text = new TextEncoder().encode(name);
  const short = new Uint8Array(FINISHED_HEADER_BYTES + text.length);
  short.set(record.subarray(0, FINISHED_HEADER_BYTES));
  short.set(text, FINISHED_HEADER_BYTES);
  const view = viewOf(short);
  writeHeader(view, 0, record[4]!, short.length - RECORD_HEADER_BYTES);
  view.setUint8(RECORD_HEADER_BYTES + 4, FINISHED_FLAGS.inFile);
  return short;
}
