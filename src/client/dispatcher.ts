/** The tasks of one executor: out in batches, back over one stream. */
import type { FinishedTask, Submit, SubmitAnswer } from "../contract/api.ts";
import type { EndpointId, FunctionId, TaskGroupId, TaskId } from "../contract/ids.ts";
import { FuncxError } from "../contract/errors.ts";
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
    const { client, endpointId, taskGroupId, taskOptions } = this.#options;
    const byFunction = groupByFunction(batch);
    if (byFunction.size === 0) return;
    this.#submitsInFlight++;
    try {
      const tasks = Object.fromEntries(
        [...byFunction].map(([id, { payloads }]) => [id, payloads]),
      );
      const answer = await client.submit(endpointId, {
        tasks,
        task_group_id: taskGroupId,
        ...taskOptions,
      });
      this.#accepted(answer, byFunction);
    } catch (error) {
      for (const { tasks } of byFunction.values()) {
        for (const task of tasks) this.#end(task, { kind: "error", error });
      }
    } finally {
      this.#submitsInFlight--;
      if (this.#submitsInFlight === 0) this.#early.clear();
    }
  }

  #accepted(answer: SubmitAnswer, byFunction: ReadonlyMap<FunctionId, FunctionTasks>): void {
    for (const [functionId, { tasks }] of byFunction) {
      const ids = answer.tasks[functionId] ?? [];
      if (ids.length !== tasks.length) throw wrongCount(tasks.length, ids.length);
      for (const [index, task] of tasks.entries()) this.#acceptedOne(task, ids[index]!);
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

/** Tasks of one function in a request, and their payloads in the same order. */
interface FunctionTasks {
  readonly tasks: PendingTask[];
  readonly payloads: string[];
}

/** Moves the tasks into a request; those that ended while they waited are left out. */
function groupByFunction(batch: readonly PendingTask[]): Map<FunctionId, FunctionTasks> {
  const groups = new Map<FunctionId, FunctionTasks>();
  for (const task of batch) {
    if (task.progress.kind !== "queued") continue;
    const { functionId, payload } = task.progress;
    task.sending();
    let group = groups.get(functionId);
    if (group === undefined) groups.set(functionId, group = { tasks: [], payloads: [] });
    group.tasks.push(task);
    group.payloads.push(payload);
  }
  return groups;
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
