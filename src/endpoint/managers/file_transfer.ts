/**
 * Files over the manager link, piece by piece: whoever needs one asks for it, so that nobody is sent
 * more than it can write, and goes on in the next session where the last one broke off. The same at
 * both ends: arguments go to a manager, results come from it.
 */
import { MAX_DESCRIPTION_LENGTH, TRANSFER_BYTES } from "../../contract/limits.ts";
import type { Fetch, Piece } from "../../contract/protocol/manager_messages.ts";
import { discard, writeAll } from "../../lib/files.ts";
import { readRange } from "../../lib/growing_file.ts";
import { messageOf } from "../../lib/outcome.ts";

/** The name of an attempt's result. */
export const RESULT_FILE = "result";

/** The answer to a `fetch`; `path` is undefined when there is no such file here. */
export async function pieceOf(fetch: Fetch, path: string | undefined): Promise<Piece> {
  const { request, offset, length, file } = fetch;
  if (path === undefined) return { type: "piece", request, problem: `there is no file ${file}` };
  try {
    const data = await readRange(path, offset, offset + length);
    return { type: "piece", request, data };
  } catch (thrown) {
    const problem = messageOf(thrown).slice(0, MAX_DESCRIPTION_LENGTH);
    return { type: "piece", request, problem };
  }
}

/** The other side does not have the file, or not as it was told. */
export class FileGoneError extends Error {
  override readonly name = "FileGoneError";
}

export interface WantedFile {
  readonly taskId: string;
  readonly attempt: number;
  /** As `Fetch` has it. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** Where it is written, anew. */
  readonly path: string;
}

interface Download {
  readonly wanted: WantedFile;
  readonly open: Deno.FsFile;
  offset: number;
  readonly done: PromiseWithResolvers<void>;
}

/** The files that this side fetches; there is one of these for each peer. */
export class FileDownloads {
  readonly #downloads = new Map<number, Download>();
  #send: ((message: Fetch) => void) | undefined;
  #lastRequest = 0;

  /** Resolves when the whole file is at its path; rejects with why not, and then none is left there. */
  fetch(wanted: WantedFile): Promise<void> {
    let open: Deno.FsFile;
    try {
      open = Deno.openSync(wanted.path, { create: true, truncate: true, write: true, mode: 0o600 });
    } catch (thrown) {
      return Promise.reject(thrown);
    }
    const download = { wanted, open, offset: 0, done: Promise.withResolvers<void>() };
    this.#askOrFinish(download);
    return download.done.promise;
  }

  /** A session has begun: what is on its way is asked for in it. */
  opened(send: (message: Fetch) => void): void {
    this.#send = send;
    const downloads = [...this.#downloads.values()];
    this.#downloads.clear();
    for (const download of downloads) this.#askOrFinish(download);
  }

  closed(): void {
    this.#send = undefined;
  }

  received({ request, data, problem }: Piece): void {
    const download = this.#downloads.get(request);
    // Asked for in an earlier session, or given up.
    if (download === undefined) return;
    this.#downloads.delete(request);
    const { wanted, open } = download;
    const missing = wanted.size - download.offset;
    if (data === undefined || data.length === 0 || data.length > missing) {
      const reason = problem ?? `${wanted.file} is not as it was told`;
      return this.#failed(download, new FileGoneError(reason));
    }
    try {
      writeAll(open, data);
    } catch (thrown) {
      return this.#failed(download, thrown);
    }
    download.offset += data.length;
    this.#askOrFinish(download);
  }

  /** The peer is gone for good. */
  giveUp(reason: string): void {
    const downloads = [...this.#downloads.values()];
    this.#downloads.clear();
    for (const download of downloads) this.#failed(download, new FileGoneError(reason));
  }

  #askOrFinish(download: Download): void {
    const { wanted, offset, open, done } = download;
    if (offset === wanted.size) {
      open.close();
      return done.resolve();
    }
    const request = ++this.#lastRequest;
    this.#downloads.set(request, download);
    this.#send?.({
      type: "fetch",
      request,
      task_id: wanted.taskId,
      attempt: wanted.attempt,
      file: wanted.file,
      offset,
      length: Math.min(TRANSFER_BYTES, wanted.size - offset),
    });
  }

  #failed({ wanted, open, done }: Download, thrown: unknown): void {
    open.close();
    discard(wanted.path);
    done.reject(thrown);
  }
}
