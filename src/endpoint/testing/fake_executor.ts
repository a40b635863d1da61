/** An executor in memory: attempts wait until the test ends them. Fails on anything unexpected. */
import type { TaskId } from "../../contract/ids.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { Waiters } from "../../lib/waiters.ts";
import type {
  AttemptOutcome,
  Executor,
  ExecutorEvents,
  TaskAttempt,
} from "../executor/executor.ts";
import { finishedAttempt, LOST } from "./tasks.ts";

export class FakeExecutor implements Executor {
  readonly runtimes = ["shell"];
  readonly running = new Map<TaskId, TaskAttempt>();
  /** Every attempt that was ever given, in order. */
  readonly given: TaskAttempt[] = [];
  readonly cancelled: TaskId[] = [];
  readonly followed = new Set<TaskId>();
  /** Ends every attempt at once when set. */
  automatic: AttemptOutcome | undefined;
  readonly #slots: number;
  readonly #events: ExecutorEvents;
  readonly #waiters = new Waiters();
  #closed = false;

  constructor(slots: number, events: ExecutorEvents) {
    this.#slots = slots;
    this.#events = events;
  }

  capacity(): number {
    return this.#closed ? 0 : this.#slots - this.running.size;
  }

  run(attempts: readonly TaskAttempt[]): void {
    assertTrue(!this.#closed, "run after close");
    assertTrue(attempts.length <= this.capacity(), "more attempts than there is room for");
    for (const attempt of attempts) {
      assertTrue(!this.running.has(attempt.taskId), "the task runs already");
      this.running.set(attempt.taskId, attempt);
      this.given.push(attempt);
    }
    if (this.automatic !== undefined) {
      for (const { taskId } of attempts) this.finish(taskId, this.automatic);
    }
    this.#waiters.check();
  }

  cancel(taskIds: readonly TaskId[]): void {
    this.cancelled.push(...taskIds);
    this.#waiters.check();
  }

  follow(taskId: TaskId, on: boolean): void {
    assertEquals(this.followed.has(taskId), !on);
    if (on) this.followed.add(taskId);
    else this.followed.delete(taskId);
    this.#waiters.check();
  }

  load(): {
    managers: number;
    total_workers: number;
    idle_workers: number;
    outstanding_tasks: number;
  } {
    return {
      managers: 1,
      total_workers: this.#slots,
      idle_workers: this.capacity(),
      outstanding_tasks: this.running.size,
    };
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const taskId of [...this.running.keys()]) this.finish(taskId, LOST);
    return Promise.resolve();
  }

  // -- for the test -----------------------------------------------------------------------------

  /** Resolves when so many attempts were given in all. */
  async hasBeenGiven(count: number): Promise<TaskAttempt[]> {
    await this.until(() => this.given.length >= count);
    assertEquals(this.given.length, count);
    return this.given;
  }

  async until(holds: () => boolean): Promise<void> {
    if (!holds()) await this.#waiters.when(holds);
  }

  finish(taskId: TaskId, outcome: AttemptOutcome): void {
    const attempt = this.running.get(taskId);
    assertTrue(attempt !== undefined, "the task does not run");
    this.running.delete(taskId);
    this.#events.finished([finishedAttempt(taskId, attempt.attempt, outcome)]);
  }

  begin(taskId: TaskId): void {
    const { attempt } = this.running.get(taskId)!;
    const event = { state: "running" as const, at: 2, by: "worker" as const, attempt };
    this.#events.started([{ taskId, event }]);
  }

  print(taskId: TaskId, text: string): void {
    const data = new TextEncoder().encode(text);
    this.#events.output({ taskId, stream: "stdout", offset: 0, data });
  }
}
