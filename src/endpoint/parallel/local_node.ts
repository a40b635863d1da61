/**
 * The executor of an agent whose only node is its own machine: a task that asks for whole nodes has
 * the machine for itself, once what runs on its workers has ended.
 */
import { endWithoutWorker } from "../executor/end_without_worker.ts";
import { hostname } from "node:os";
import type { TaskError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import {
  MAX_NODE_SLOTS,
  type PictureNode,
  pictureOfFacts,
} from "../../contract/protocol/machine_picture.ts";
import type { NodeFacts } from "../../contract/protocol/manager_messages.ts";
import type {
  AttemptOutcome,
  Executor,
  ExecutorEvents,
  FinishedAttempt,
  TaskAttempt,
} from "../executor/executor.ts";
import { NodeExecutor, type NodeExecutorOptions } from "../executor/node_executor.ts";
import { nodeFacts } from "../executor/resources/node_facts.ts";
import { nodesTaken, unfitReason } from "./specification.ts";

export class LocalNode implements Executor {
  readonly #events: ExecutorEvents;
  readonly #node: NodeExecutor;
  readonly #managerId: string;
  readonly #facts: NodeFacts = nodeFacts();
  /** They wait for the machine, the oldest first; its workers are given nothing meanwhile. */
  #waiting: TaskAttempt[] = [];
  #onNode: TaskId | null = null;
  /** Of those that wait, whose live output is asked for. */
  readonly #followed = new Set<TaskId>();

  constructor(options: NodeExecutorOptions) {
    this.#events = options.events;
    this.#managerId = options.managerId;
    this.#node = new NodeExecutor({
      ...options,
      events: {
        started: (told) => this.#events.started(told),
        output: (chunk) => this.#events.output(chunk),
        finished: (attempts) => this.#finished(attempts),
        roomForMore: () => {
          if (this.#isIdle) this.#events.roomForMore();
        },
      },
    });
  }

  get runtimes(): readonly string[] {
    return this.#node.runtimes;
  }

  get pythonVersion(): string | undefined {
    return this.#node.pythonVersion;
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#onNode === null;
  }

  capacity(): number {
    return this.#isIdle ? this.#node.capacity() : 0;
  }

  run(attempts: readonly TaskAttempt[]): void {
    if (attempts.every(({ options }) => options.resource_specification === undefined)) {
      return this.#node.run(attempts);
    }
    const forWorkers: TaskAttempt[] = [];
    for (const attempt of attempts) {
      const error = unfitReason(attempt.options, "local");
      if (error !== null) this.#endSoon(attempt, error);
      else if (nodesTaken(attempt.options) === null) forWorkers.push(attempt);
      else this.#waiting.push(attempt);
    }
    if (forWorkers.length > 0) this.#node.run(forWorkers);
    this.#beginNext();
  }

  /** Whoever gave it is not told within the call. */
  #endSoon(attempt: TaskAttempt, error: TaskError): void {
    queueMicrotask(() => this.#end([attempt], { kind: "failed", error }));
  }

  #end(attempts: readonly TaskAttempt[], outcome: AttemptOutcome): void {
    this.#events.finished(attempts.map((attempt) => endWithoutWorker(attempt, outcome)));
  }

  #beginNext(): void {
    if (this.#onNode !== null || this.#waiting.length === 0) return;
    const { outstanding_tasks: busy } = this.#node.load();
    if (busy > 0) return this.#node.giveBack(busy);
    const next = this.#waiting.shift()!;
    this.#onNode = next.taskId;
    this.#node.runOnNodes(next, [hostname()]);
    if (this.#followed.delete(next.taskId)) this.#node.follow(next.taskId, true);
  }

  #finished(attempts: readonly FinishedAttempt[]): void {
    this.#events.finished(attempts);
    if (this.#isIdle) return;
    if (attempts.some(({ taskId }) => taskId === this.#onNode)) this.#onNode = null;
    this.#beginNext();
    if (this.capacity() > 0) this.#events.roomForMore();
  }

  cancel(taskIds: readonly TaskId[]): void {
    const isAsked = ({ taskId }: TaskAttempt): boolean => taskIds.includes(taskId);
    const waiting = this.#waiting.filter(isAsked);
    if (waiting.length > 0) {
      this.#waiting = this.#waiting.filter((attempt) => !isAsked(attempt));
      for (const { taskId } of waiting) this.#followed.delete(taskId);
      this.#end(waiting, { kind: "cancelled" });
      if (this.capacity() > 0) this.#events.roomForMore();
    }
    this.#node.cancel(taskIds);
  }

  follow(taskId: TaskId, on: boolean): void {
    const isWaiting = this.#waiting.some((attempt) => attempt.taskId === taskId);
    if (isWaiting && on) this.#followed.add(taskId);
    else this.#followed.delete(taskId);
    this.#node.follow(taskId, on);
  }

  recall(): void {
    this.#giveBackWaiting();
    this.#node.recall();
  }

  #giveBackWaiting(): void {
    const waiting = this.#waiting.splice(0);
    this.#followed.clear();
    if (waiting.length > 0) this.#end(waiting, { kind: "returned" });
  }

  load(): ReturnType<Executor["load"]> {
    const load = this.#node.load();
    return { ...load, outstanding_tasks: load.outstanding_tasks + this.#waiting.length };
  }

  nodes(): PictureNode[] {
    const slots = this.#node.pictureOfSlots();
    return [{
      manager_id: this.#managerId,
      hostname: hostname(),
      block_id: null,
      state: "attached",
      workers: slots.length,
      idle_workers: slots.filter(({ task_id }) => task_id === null).length,
      ...pictureOfFacts(this.#facts),
      slots: slots.slice(0, MAX_NODE_SLOTS),
    }];
  }

  async close(): Promise<void> {
    this.recall();
    await this.#node.close();
  }
}
