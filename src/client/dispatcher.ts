/** The tasks of one executor: out in batches, back over one stream. */
import type { FinishedTask, Submit, SubmitAnswer } from "../contract/api.ts";
import type { EndpointId, FunctionId, TaskGroupId, TaskId } from "../contract/ids.ts";
import { type ErrorCode, FuncxError } from "../contract/errors.ts";
import { BATCH_BYTES } from "../contract/limits.ts";
import { Batcher, deferred, Signal } from "../lib/async.ts";
import type { Client } from "./client.ts";
import { TaskFailed } from "./errors.ts";
import { type Ending, PendingTask } from "./pending_task.ts";
import { ResultFeed } from "./result_feed.ts";
import { SubmitQueue } from "./submit_queue.ts";

export interface DispatcherOptions {
  readonly client: Client;
  readonly endpointId: EndpointId;
  readonly taskGroupId: TaskGroupId;
  /** What every submit of it says besides its tasks. */
  readonly taskOptions: Pick<
    Submit,
    "max_attempts" | "walltime_seconds" | "priority" | "resource_specification"
  >;
  readonly batchSize: number;
  /** Milliseconds. */
  readonly linger: number;
}

interface CancelWish {
  readonly taskId: TaskId;
  readonly told: PromiseWithResolvers<void>;
}

const CONCURRENT_SUBMITS = 4;
const MAX_CANCELS_PER_REQUEST = 1_000;
/** Refusals for the sake of one function. */
const OF_A_FUNCTION: ReadonlySet<ErrorCode> = new Set([
  "FUNCTION_NOT_FOUND",
  "FUNCTION_ACCESS_FORBIDDEN",
  "FUNCTION_NOT_PERMITTED",
]);
/** Refusals for the sake of one task's arguments, or of all of them together. */
const OF_ARGUMENTS: ReadonlySet<ErrorCode> = new Set([
  "BLOB_NOT_FOUND",
  "TASK_PAYLOAD_TOO_LARGE",
  "BATCH_RUN_TOO_LARGE",
  "REQUEST_TOO_LARGE",
]);

/** In a request. */
interface SentTask {
  readonly task: PendingTask;
  readonly functionId: FunctionId;
  readonly payload: string;
}

/**
 * Every task that `start` gave ends once: with its result, or with the error that closed the way to
 * it.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #queue: SubmitQueue<PendingTask>;
  readonly #feed: ResultFeed;
  readonly #cancels: Batcher<CancelWish>;
  /** Every task that has not ended. */
  readonly #pending = new Set<PendingTask>();
  readonly #submitted = new Map<TaskId, PendingTask>();
  /** Results that overtook the answer to their submit; kept only while one is on its way. */
  readonly #early = new Map<TaskId, FinishedTask>();
  #submitsInFlight = 0;
  readonly #taskEnded = new Signal();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#queue = new SubmitQueue({
      send: (batch) => this.#send(batch),
      size: payloadLength,
      maximumItems: options.batchSize,
      maximumBytes: BATCH_BYTES,
      concurrency: CONCURRENT_SUBMITS,
      linger: options.linger,
    });
    this.#feed = new ResultFeed({
      client: options.client,
      taskGroupId: options.taskGroupId,
      deliver: (task) => this.#deliver(task),
      failed: (error) => this.#failSubmitted(error),
    });
    this.#cancels = new Batcher({
      flush: (wishes) => void this.#sendCancels(wishes),
      maximum: MAX_CANCELS_PER_REQUEST,
    });
  }

  start(
    functionId: FunctionId | Promise<FunctionId>,
    payload: string | Promise<string>,
  ): PendingTask {
    const task = new PendingTask();
    this.#pending.add(task);
    const enqueue = (id: FunctionId, packed: string): void => {
      if (task.ready(id, packed)) this.#queue.add(task);
    };
    if (typeof functionId === "string" && typeof payload === "string") enqueue(functionId, payload);
    else {
      Promise.all([functionId, payload]).then(
        ([id, packed]) => enqueue(id, packed),
        (error) => this.#end(task, { kind: "error", error }),
      );
    }
    return task;
  }

  /** Resolves when the service knows of the wish, or needs not to. */
  async cancel(task: PendingTask): Promise<void> {
    switch (task.progress.kind) {
      case "preparing":
      case "queued":
        return this.#end(task, { kind: "error", error: cancelled(undefined) });
      case "sending":
      case "submitted": {
        const taskId = await task.submitted;
        if (taskId !== undefined && this.#pending.has(task)) await this.#tell(taskId);
        return;
      }
      case "ended":
    }
  }

  /** Asks all tasks to end, and waits for none of them once the service knows. */
  async abandon(): Promise<void> {
    const tasks = [...this.#pending];
    await Promise.allSettled(tasks.map((task) => this.cancel(task)));
    for (const task of tasks) {
      if (!this.#pending.has(task)) continue;
      const taskId = task.progress.kind === "submitted" ? task.progress.taskId : undefined;
      this.#end(task, { kind: "error", error: cancelled(taskId) });
    }
    this.#submitted.clear();
  }

  /** Resolves when fewer than `count` tasks have not ended. */
  async fewerThan(count: number): Promise<void> {
    while (this.#pending.size >= count) await this.#taskEnded.next();
  }

  /** Ends the result stream. */
  stop(): void {
    this.#feed.stop();
  }

  async #send(batch: readonly PendingTask[]): Promise<void> {
    const tasks = sending(batch);
    if (tasks.length === 0) return;
    this.#submitsInFlight++;
    await this.#submit(tasks);
    this.#submitsInFlight--;
    if (this.#submitsInFlight === 0) this.#early.clear();
  }

  /** The service takes all of a request or none; what is refused for the sake of some goes apart. */
  async #submit(tasks: readonly SentTask[]): Promise<void> {
    const { client, endpointId, taskGroupId, taskOptions } = this.#options;
    const byFunction = groupByFunction(tasks);
    try {
      const answer = await client.submit(endpointId, {
        tasks: Object.fromEntries(
          [...byFunction].map(([id, sent]) => [id, sent.map(({ payload }) => payload)]),
        ),
        task_group_id: taskGroupId,
        ...taskOptions,
      });
      this.#accepted(answer, byFunction);
    } catch (error) {
      const parts = partsOf(tasks, error);
      if (parts.length > 1) { for (const part of parts) await this.#submit(part); }
      else for (const { task } of tasks) this.#end(task, { kind: "error", error });
    }
  }

  #accepted(
    answer: SubmitAnswer,
    byFunction: ReadonlyMap<FunctionId, readonly SentTask[]>,
  ): void {
    for (const [functionId, sent] of byFunction) {
      const ids = answer.tasks[functionId] ?? [];
      if (ids.length !== sent.length) throw wrongCount(sent.length, ids.length);
      for (const [index, { task }] of sent.entries()) this.#acceptedOne(task, ids[index]!);
    }
    if (this.#submitted.size > 0) this.#feed.wake();
  }

  #acceptedOne(task: PendingTask, taskId: TaskId): void {
    task.accepted(taskId);
    this.#submitted.set(taskId, task);
    const early = this.#early.get(taskId);
    if (early !== undefined) this.#deliver(early);
  }

  #deliver(finished: FinishedTask): void {
    const task = this.#submitted.get(finished.task_id);
    if (task !== undefined) {
      this.#submitted.delete(finished.task_id);
      this.#end(task, { kind: "finished", task: finished });
    } else if (this.#submitsInFlight > 0) this.#early.set(finished.task_id, finished);
  }

  #failSubmitted(error: unknown): void {
    const tasks = [...this.#submitted.values()];
    this.#submitted.clear();
    for (const task of tasks) this.#end(task, { kind: "error", error });
  }

  #end(task: PendingTask, ending: Ending): void {
    task.finish(ending);
    this.#pending.delete(task);
    if (this.#pending.size === 0) this.#feed.rest();
    this.#taskEnded.notify();
  }

  #tell(taskId: TaskId): Promise<void> {
    const told = deferred<void>();
    this.#cancels.add({ taskId, told });
    return told.promise;
  }

  async #sendCancels(wishes: readonly CancelWish[]): Promise<void> {
    try {
      await this.#options.client.cancel(wishes.map(({ taskId }) => taskId));
      for (const { told } of wishes) told.resolve();
    } catch (thrown) {
      for (const { told } of wishes) told.reject(thrown);
    }
  }
}

/** Moves the tasks into a request; those that ended while they waited are left out. */
function sending(batch: readonly PendingTask[]): SentTask[] {
  const tasks: SentTask[] = [];
  for (const task of batch) {
    if (task.progress.kind !== "queued") continue;
    const { functionId, payload } = task.progress;
    task.sending();
    tasks.push({ task, functionId, payload });
  }
  return tasks;
}

function groupByFunction(tasks: readonly SentTask[]): Map<FunctionId, SentTask[]> {
  const groups = new Map<FunctionId, SentTask[]>();
  for (const sent of tasks) {
    const group = groups.get(sent.functionId);
    if (group === undefined) groups.set(sent.functionId, [sent]);
    else group.push(sent);
  }
  return groups;
}

/** What is to be submitted apart, since the refusal is not about all of it; one part when it is. */
function partsOf(tasks: readonly SentTask[], refusal: unknown): readonly (readonly SentTask[])[] {
  if (!(refusal instanceof FuncxError) || tasks.length === 1) return [tasks];
  if (OF_A_FUNCTION.has(refusal.code)) return [...groupByFunction(tasks).values()];
  if (!OF_ARGUMENTS.has(refusal.code)) return [tasks];
  const half = tasks.length >> 1;
  return [tasks.slice(0, half), tasks.slice(half)];
}

function payloadLength(task: PendingTask): number {
  return task.progress.kind === "queued" ? task.progress.payload.length : 0;
}

function cancelled(taskId: TaskId | undefined): TaskFailed {
  return new TaskFailed({ task_id: taskId, status: "cancelled" });
}

function wrongCount(sent: number, answered: number): FuncxError {
  return new FuncxError({
    code: "PROTOCOL_VIOLATION",
    message: `the service answered with ${answered} task ids for ${sent} tasks`,
    hint: "check that service and client are of like versions",
  });
}
