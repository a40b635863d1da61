/** A task from `submit` to its end, as the client sees it. */
import type { FinishedTask } from "../contract/api.ts";
import { isBlobBuffer } from "../contract/blob_reference.ts";
import { EnvelopeError, HEADERS, readBuffer } from "../contract/envelope.ts";
import { FuncxError } from "../contract/errors.ts";
import type { FunctionId, TaskId } from "../contract/ids.ts";
import { TaskFailed } from "./errors.ts";
import { deferred } from "../lib/async.ts";

/**
 * The result of a task that is on its way. It rejects with {@link TaskFailed} when the task ended
 * without a result, and with a {@link FuncxError} when it could not be submitted or its result could
 * not be fetched or read.
 */
export interface TaskFuture<R> extends Promise<R> {
  /** Resolves when the task is on the service's disk; rejects when it could not be submitted. */
  readonly taskId: Promise<TaskId>;
  /**
   * Asks the task to end; its promise then rejects with a {@link TaskFailed} of code
   * `TASK_CANCELLED`, or is settled by what came first. Resolves when the service knows of the wish.
   */
  cancel(): Promise<void>;
}

/** How it ended for this client. */
export type Ending =
  | { readonly kind: "finished"; readonly task: FinishedTask }
  /** Not submitted, or the way to its result is closed. */
  | { readonly kind: "error"; readonly error: unknown };

export type Progress =
  /** Its function is being registered, or its arguments are being uploaded. */
  | { readonly kind: "preparing" }
  /** Waits for a request; `payload` is its packed arguments. */
  | { readonly kind: "queued"; readonly payload: string; readonly functionId: FunctionId }
  /** In a request that is not answered. */
  | { readonly kind: "sending" }
  | { readonly kind: "submitted"; readonly taskId: TaskId }
  | { readonly kind: "ended" };

export class PendingTask {
  /** Never rejects. */
  readonly ended: Promise<Ending>;
  /** Never rejects; undefined when it was not submitted. */
  readonly submitted: Promise<TaskId | undefined>;
  #progress: Progress = { kind: "preparing" };
  readonly #resolveEnded: (ending: Ending) => void;
  readonly #resolveSubmitted: (taskId: TaskId | undefined) => void;

  constructor() {
    ({ promise: this.ended, resolve: this.#resolveEnded } = deferred<Ending>());
    ({ promise: this.submitted, resolve: this.#resolveSubmitted } = deferred());
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Its function is registered, its arguments are packed. Whether it still wants to be sent. */
  ready(functionId: FunctionId, payload: string): boolean {
    if (this.#progress.kind !== "preparing") return false;
    this.#progress = { kind: "queued", payload, functionId };
    return true;
  }

  /** Into a request; the payload is not kept. */
  sending(): void {
    this.#progress = { kind: "sending" };
  }

  /** The service has it on disk. */
  accepted(taskId: TaskId): void {
    if (this.#progress.kind === "sending") this.#progress = { kind: "submitted", taskId };
    this.#resolveSubmitted(taskId);
  }

  finish(ending: Ending): void {
    this.#progress = { kind: "ended" };
    this.#resolveSubmitted(undefined);
    this.#resolveEnded(ending);
  }
}

/** The value that a finished task gave; throws as {@link TaskFuture} says. */
export function valueOf(ending: Ending): unknown {
  if (ending.kind === "error") throw ending.error;
  return resultOf(ending.task);
}

/**
 * The value of a successful task. Throws {@link TaskFailed} when it was not, and a `FuncxError` when
 * its result is in a form that only another language reads.
 */
export function resultOf(task: FinishedTask): unknown {
  return readResult(task, JSON.parse);
}

/**
 * The same value as the JSON text that the worker wrote: Python's integers of any size and its 2.0
 * stay what they are. Throws as {@link resultOf} does.
 */
export function resultTextOf(task: FinishedTask): string {
  return readResult(task, (body) => body);
}

function readResult<T>(task: FinishedTask, read: (body: string) => T): T {
  if (task.status !== "success") throw new TaskFailed(task);
  try {
    const { header, body } = readBuffer(task.result ?? "");
    if (header === HEADERS.json) return read(body);
    throw new EnvelopeError(`its form is "${header}", which is not JSON`);
  } catch (thrown) {
    if (!(thrown instanceof EnvelopeError || thrown instanceof SyntaxError)) throw thrown;
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `the result of task ${task.task_id} cannot be read here: ${thrown.message}`,
      hint: "fetch it with the Python SDK, or let the function return what JSON can hold",
    });
  }
}

/** What the submitter holds. */
export function futureOf<R>(
  task: PendingTask,
  whole: (ending: Ending) => Promise<Ending>,
  cancel: () => Promise<void>,
): TaskFuture<R> {
  const value = task.ended.then((ending) =>
    isLarge(ending) ? whole(ending).then(valueOf) : valueOf(ending)
  ) as Promise<R>;
  const taskId = task.submitted.then(async (id) => {
    if (id !== undefined) return id;
    const ending = await task.ended;
    if (ending.kind === "error") throw ending.error;
    return ending.task.task_id;
  });
  // Nobody has to look at it: the result says the same.
  taskId.catch(() => {});
  return Object.assign(value, { taskId, cancel });
}

/** Its result is kept as a blob. */
export function isLarge(ending: Ending): boolean {
  return ending.kind === "finished" && isBlobBuffer(ending.task.result ?? "");
}

/** A task that gave a result, as it is among outcomes that are settled. */
export class FulfilledTask<R> implements PromiseFulfilledResult<R> {
  readonly status = "fulfilled";
  readonly value: R;
  /** The value as {@link resultTextOf} gives it. */
  readonly text: string;

  /** Throws as {@link resultOf} does. */
  constructor(task: FinishedTask) {
    this.text = resultTextOf(task);
    this.value = resultOf(task) as R;
  }
}

/** What became of a task, without throwing; a {@link FulfilledTask} where it gave a result. */
export function settledOf<R>(ending: Ending): PromiseSettledResult<R> {
  try {
    if (ending.kind === "error") throw ending.error;
    return new FulfilledTask<R>(ending.task);
  } catch (reason) {
    return { status: "rejected", reason };
  }
}
