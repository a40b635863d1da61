/**
 * The files that tasks' arguments refer to: asked for by the task flow before an attempt begins, and
 * kept for it until its end. What cannot be had now is asked for as long as it takes; what cannot be
 * had at all is told.
 */
import { Buffer } from "node:buffer";
import { type BlobReference, payloadReferences } from "../../contract/blob_reference.ts";
import { HEADERS } from "../../contract/envelope.ts";
import { type ErrorCode, FuncxError, type TaskError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { isDiskFull } from "../../lib/files.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { SpooledTask } from "../task.ts";
import { type ArgumentBlobs, FULL_DISK_HINT } from "./argument_blobs.ts";
import type { AgentBlobRequests } from "./service_blobs.ts";

const SHORTEST_REFERENCE = 64;
const decoder = new TextDecoder();

/** Paths by what a payload names them with; see `TaskAttempt.blobs`. */
export type ArgumentFiles = Readonly<Record<string, string>>;

export interface TaskArgumentsOptions {
  readonly blobs: ArgumentBlobs;
  readonly requests: (taskId: TaskId, signal: AbortSignal) => AgentBlobRequests;
}

interface Wanted {
  /** What is in use for it, or on its way. */
  readonly held: BlobReference[];
  /** Once they are here. */
  files?: ArgumentFiles;
}

export class TaskArguments {
  readonly #options: TaskArgumentsOptions;
  readonly #wanted = new Map<TaskId, Wanted>();

  constructor(options: TaskArgumentsOptions) {
    this.#options = options;
  }

  /**
   * Tells `done` of each task when its files are here, with null, or why they cannot be had. Nothing
   * is told of one that was released before, or after `close`.
   */
  fetch(
    tasks: readonly SpooledTask[],
    done: (taskId: TaskId, error: TaskError | null) => void,
  ): void {
    for (const task of tasks) void this.#fetch(task, done);
  }

  async #fetch(
    { taskId, payload }: SpooledTask,
    done: (taskId: TaskId, error: TaskError | null) => void,
  ): Promise<void> {
    const { blobs, requests } = this.#options;
    const references = referencesIn(payload);
    const wanted: Wanted = { held: [] };
    this.#wanted.set(taskId, wanted);
    const isWanted = (): boolean => this.#wanted.get(taskId) === wanted;
    let error: TaskError | null = null;
    try {
      const paths = await Promise.all(
        references.map((blob) => this.#use(wanted, blob, (signal) => requests(taskId, signal))),
      );
      if (isWanted()) wanted.files = blobs.link(taskId, references, paths);
    } catch (thrown) {
      error = notFetched(thrown);
    }
    if (isWanted()) done(taskId, error);
  }

  /** What could not be had is not in use any more, so it must not be released either. */
  async #use(
    { held }: Wanted,
    blob: BlobReference,
    requests: (signal: AbortSignal) => AgentBlobRequests,
  ): Promise<string> {
    held.push(blob);
    try {
      return await this.#options.blobs.use(blob, requests);
    } catch (thrown) {
      const index = held.indexOf(blob);
      if (index !== -1) held.splice(index, 1);
      throw thrown;
    }
  }

  /** What an attempt at the task is given; undefined when it needs none. */
  filesOf(taskId: TaskId): ArgumentFiles | undefined {
    return this.#wanted.get(taskId)?.files;
  }

  /** They are not needed any more: the attempt has ended, or there will be none. */
  release(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) {
      const wanted = this.#wanted.get(taskId);
      if (wanted === undefined) continue;
      this.#wanted.delete(taskId);
      this.#options.blobs.unlink(taskId);
      for (const blob of wanted.held.splice(0)) this.#options.blobs.release(blob);
    }
  }

  /** Ends what is on its way; the next agent goes on. */
  close(): void {
    this.#wanted.clear();
    this.#options.blobs.close();
  }
}

/** Whether a payload may refer to files; a hash alone is longer than most payloads. */
export function mayRefer(payload: Uint8Array): boolean {
  if (payload.length < SHORTEST_REFERENCE) return false;
  // One byte a character: searching text is the engine's, a buffer 300 times as slow in Deno.
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("latin1");
  return text.includes(`\n${HEADERS.blob}\n`) || text.includes(`\n${HEADERS.files}\n`);
}

function referencesIn(payload: Uint8Array): readonly BlobReference[] {
  try {
    return payloadReferences(decoder.decode(payload));
  } catch {
    // The worker says what is wrong with it.
    return [];
  }
}

function notFetched(thrown: unknown): TaskError {
  const { code, hint } = causeOf(thrown);
  return {
    code,
    type: code,
    message: `an argument could not be fetched: ${messageOf(thrown)}`,
    traceback: "",
    hint,
  };
}

function causeOf(thrown: unknown): { readonly code: ErrorCode; readonly hint?: string } {
  if (thrown instanceof FuncxError) return thrown;
  if (isDiskFull(thrown)) return { code: "STORAGE_FULL", hint: FULL_DISK_HINT };
  return { code: "CouldNotExecuteUserTaskError", hint: "See the agent's log." };
}
