/**
 * Large results: written by a worker into this folder, named by task and content, and uploaded
 * before the result that refers to them is sent. The spool has that result from the task's end on,
 * so neither is lost with the agent.
 *
 * 1. A result refers to a file only when that has its name and is on disk.
 * 2. A file is kept until the service has acknowledged the result.
 * 3. The next agent uploads again what the spool has, and removes every other file.
 */
import { blobBuffer, type BlobReference } from "../../contract/blob_reference.ts";
import { uploadBlob } from "../../contract/blob_transfer.ts";
import { FuncxError, type TaskError } from "../../contract/errors.ts";
import { isUuid, type TaskId } from "../../contract/ids.ts";
import { BLOB_CHUNK_BYTES, BLOB_TRANSFERS } from "../../contract/limits.ts";
import { Slots } from "../../lib/async.ts";
import { discard, ensurePrivateFolder } from "../../lib/files.ts";
import {
  hashFile,
  hashWritten,
  readRange,
  removeFile,
  syncFolderLater,
} from "../../lib/growing_file.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { join } from "../../lib/path.ts";
import type { AgentBlobRequests } from "./service_blobs.ts";

const log = logger("agent", "blobs");

/** Of what the service says. */
const MAX_REASON_LENGTH = 1_000;

export interface ResultBlobOptions {
  readonly folder: string;
  readonly requests: (taskId: TaskId, signal: AbortSignal) => AgentBlobRequests;
}

interface KeptResult {
  readonly path: string;
  /** Its result may be sent: it is with the service, or the service does not take it. */
  isOver: boolean;
  /** Why the service does not take it. */
  refusal?: TaskError;
}

export class ResultBlobs {
  readonly #options: ResultBlobOptions;
  readonly #kept = new Map<TaskId, KeptResult>();
  readonly #slots = new Slots(BLOB_TRANSFERS);
  readonly #closed = new AbortController();
  #uploaded: (taskId: TaskId) => void = () => {};

  constructor(options: ResultBlobOptions) {
    this.#options = options;
    ensurePrivateFolder(options.folder);
  }

  /** Told when a result may be sent. */
  set onUploaded(listener: (taskId: TaskId) => void) {
    this.#uploaded = listener;
  }

  /** @param spooled those of the tasks whose results wait in the spool (3). */
  recover(spooled: (taskIds: readonly TaskId[]) => ReadonlySet<TaskId>): void {
    const files = [...Deno.readDirSync(this.#options.folder)].map(({ name }) => ({
      path: join(this.#options.folder, name),
      taskId: name.slice(0, 36),
      sha256: name.slice(37),
    }));
    const wanted = spooled(files.map(({ taskId }) => taskId).filter(isUuid));
    for (const { path, taskId, sha256 } of files) {
      if (wanted.has(taskId)) this.#keep(taskId, path, { sha256, size: Deno.statSync(path).size });
      else Deno.removeSync(path, { recursive: true });
    }
  }

  /**
   * Takes a worker's file over; gives the result that refers to it (1). Rejects when it cannot, and
   * then the file is gone: it may be what fills the disk.
   */
  async take(taskId: TaskId, file: string): Promise<Uint8Array> {
    const { folder } = this.#options;
    let path = file;
    try {
      using open = Deno.openSync(file, { read: true });
      const blob = await referenceTo(open);
      const named = join(folder, `${taskId}.${blob.sha256}`);
      Deno.renameSync(file, named);
      path = named;
      await Promise.all([open.syncData(), syncFolderLater(folder)]);
      this.#keep(taskId, path, blob);
      return new TextEncoder().encode(blobBuffer(blob));
    } catch (thrown) {
      discard(path);
      throw thrown;
    }
  }

  /** Whether the task's result has to wait for its file. */
  isWaiting(taskId: TaskId): boolean {
    return this.#kept.size > 0 && this.#kept.get(taskId)?.isOver === false;
  }

  /** Why the task's result cannot be had: the service's refusal of its file. */
  refusalOf(taskId: TaskId): TaskError | undefined {
    return this.#kept.size === 0 ? undefined : this.#kept.get(taskId)?.refusal;
  }

  /** The service has these results (2). */
  acknowledged(taskIds: readonly TaskId[]): void {
    if (this.#kept.size === 0) return;
    for (const taskId of taskIds) {
      const kept = this.#kept.get(taskId);
      if (kept === undefined) continue;
      this.#kept.delete(taskId);
      removeFile(kept.path).catch((thrown) =>
        log.warning("cannot remove {path}: {reason}", { ...kept, reason: messageOf(thrown) })
      );
    }
  }

  /** Ends what is on its way; the next agent goes on. */
  close(): void {
    this.#closed.abort(new Error("the agent stops"));
  }

  #keep(taskId: TaskId, path: string, blob: BlobReference): void {
    const kept: KeptResult = { path, isOver: false };
    this.#kept.set(taskId, kept);
    void this.#slots.run(() => this.#upload(taskId, kept, blob));
  }

  async #upload(taskId: TaskId, kept: KeptResult, blob: BlobReference): Promise<void> {
    const read = (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
      readRange(kept.path, start, end);
    try {
      const requests = this.#options.requests(taskId, this.#closed.signal);
      const isHanded = await requests.hand?.(blob, kept.path) ?? false;
      if (!isHanded) await uploadBlob(requests, { ...blob, read });
    } catch (thrown) {
      if (this.#closed.signal.aborted || this.#kept.get(taskId) !== kept) return;
      // The service drops the result of a task that has ended there; any other fails its task.
      if (thrown instanceof FuncxError && thrown.code === "TASK_NOT_FOUND") {
        log.info("the result of {taskId} is not needed any more", { taskId });
      } else {
        const reason = messageOf(thrown);
        log.error("the result of {taskId} cannot be uploaded: {reason}", { taskId, reason });
        kept.refusal = notUploaded(thrown, blob.size);
      }
    }
    kept.isOver = true;
    this.#uploaded(taskId);
  }
}

/** In the service's words. */
function notUploaded(thrown: unknown, size: number): TaskError {
  const refusal = thrown instanceof FuncxError ? thrown : undefined;
  const isTooLarge = refusal?.code === "BLOB_TOO_LARGE";
  const code = isTooLarge ? "MaxResultSizeExceeded" : refusal?.code ?? "UNKNOWN_TASK_FAILURE";
  return {
    code,
    type: code,
    message: `the result of ${size} bytes could not be brought to the service: ${
      messageOf(thrown).slice(0, MAX_REASON_LENGTH)
    }`,
    traceback: "",
    hint: refusal?.hint ?? "See the agent's log.",
  };
}

function referenceTo(file: Deno.FsFile): Promise<BlobReference> {
  // A larger one may not be in the cache as a whole.
  return file.statSync().size <= BLOB_CHUNK_BYTES ? hashWritten(file) : hashFile(file);
}
