/**
 * Attempts that were under way at managers when an earlier agent ended. Each waits for the manager
 * that has it; when all managers of that agent have come back or are given up, what none of them had
 * is lost.
 */
import type { TaskError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import type { ManagerHello } from "../../contract/protocol/manager_messages.ts";
import { after } from "../../lib/async.ts";
import type { AttemptId, FinishedAttempt } from "../executor/executor.ts";
import type { ManagerIdentity } from "./remote_manager.ts";

const NOTHING = new Uint8Array(0);

export interface OrphansOptions {
  /** Those of the earlier agent. */
  readonly managers: readonly ManagerIdentity[];
  /** Milliseconds that they are waited for. */
  readonly timeout: number;
  readonly finished: (attempts: readonly FinishedAttempt[]) => void;
  /** A manager that is not waited for any more. */
  readonly forgotten: (manager: ManagerIdentity) => void;
}

export class Orphans {
  readonly #options: OrphansOptions;
  readonly #attempts = new Map<TaskId, number>();
  readonly #awaited: Map<string, ManagerIdentity>;
  readonly #cancelled = new Set<TaskId>();
  readonly #followed = new Set<TaskId>();
  #missed: ManagerIdentity[] = [];
  readonly #stopWaiting: (() => void) | undefined;

  constructor(options: OrphansOptions) {
    this.#options = options;
    this.#awaited = new Map(options.managers.map((manager) => [manager.managerId, manager]));
    if (!this.isWaiting) return;
    this.#stopWaiting = after(options.timeout, () => this.#giveUp(() => true));
  }

  /** Whether a manager may still come back. */
  get isWaiting(): boolean {
    return this.#awaited.size > 0;
  }

  get size(): number {
    return this.#attempts.size;
  }

  adopt(attempts: readonly AttemptId[]): void {
    for (const { taskId, attempt } of attempts) this.#attempts.set(taskId, attempt);
    this.#settle();
  }

  /** What the manager has of them, which is its own from now on. */
  claim({ manager_id, running, finished }: ManagerHello): AttemptId[] {
    const claimed: AttemptId[] = [];
    for (const { task_id: taskId, attempt } of [...running, ...finished]) {
      if (this.#attempts.get(taskId) !== attempt) continue;
      this.#attempts.delete(taskId);
      claimed.push({ taskId, attempt });
    }
    this.#awaited.delete(manager_id);
    // After the welcome, so that the ends of others do not come between.
    queueMicrotask(() => this.#settle());
    return claimed;
  }

  /** Those of `attempts` that were cancelled while nobody had them. */
  cancelledOf(attempts: readonly AttemptId[]): TaskId[] {
    return attempts.map(({ taskId }) => taskId).filter((taskId) => this.#cancelled.delete(taskId));
  }

  cancel(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) if (this.#attempts.has(taskId)) this.#cancelled.add(taskId);
  }

  has(taskId: TaskId): boolean {
    return this.#attempts.has(taskId);
  }

  follow(taskId: TaskId, on: boolean): void {
    if (on) this.#followed.add(taskId);
    else this.#followed.delete(taskId);
  }

  /** Those of `attempts` whose output is followed. */
  followedOf(attempts: readonly AttemptId[]): TaskId[] {
    return attempts.map(({ taskId }) => taskId).filter((taskId) => this.#followed.delete(taskId));
  }

  blockEnded(blockId: string): void {
    this.#giveUp((manager) => manager.blockId === blockId);
  }

  #giveUp(isMeant: (manager: ManagerIdentity) => boolean): void {
    for (const manager of [...this.#awaited.values()].filter(isMeant)) {
      this.#awaited.delete(manager.managerId);
      this.#missed.push(manager);
      this.#options.forgotten(manager);
    }
    this.#settle();
  }

  #settle(): void {
    if (this.isWaiting) return;
    this.#stopWaiting?.();
    if (this.#attempts.size > 0) this.#end(agentRestarted(this.#missed));
  }

  /** The agent stops: nobody waits any more. */
  close(error: TaskError): void {
    this.#stopWaiting?.();
    for (const manager of this.#awaited.values()) this.#options.forgotten(manager);
    this.#awaited.clear();
    if (this.#attempts.size > 0) this.#end(error);
  }

  #end(error: TaskError): void {
    const ended = [...this.#attempts].map(([taskId, attempt]): FinishedAttempt => ({
      taskId,
      attempt,
      outcome: { kind: "lost", error },
      output: { stdout: NOTHING, stderr: NOTHING },
      timeline: [],
      details: {},
    }));
    this.#attempts.clear();
    this.#cancelled.clear();
    this.#followed.clear();
    this.#options.finished(ended);
  }
}

function agentRestarted(missed: readonly ManagerIdentity[]): TaskError {
  const names = missed.slice(0, 5).map(({ managerId, hostname, blockId }) =>
    `manager ${managerId.slice(0, 8)} on node ${hostname} (block ${blockId})`
  );
  const others = missed.length > names.length ? ` and ${missed.length - names.length} others` : "";
  const notBack = names.length === 0 ? "" : `; not back: ${names.join(", ")}${others}`;
  return {
    code: "WORKER_LOST",
    type: "AgentLost",
    message: "the endpoint's agent ended while the task was under way, and no manager that came " +
      `back has it${notBack}`,
    traceback: "",
    hint: "See the agent's log and the output of the blocks.",
  };
}
