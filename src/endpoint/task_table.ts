/**
 * What becomes of each task at this endpoint: events go in, effects come out. No I/O and no clock;
 * whoever applies an event carries its effects out, in their order.
 *
 * Invariants, cited below:
 *
 * 1. A task that was received ends in exactly one `finish`.
 * 2. `begin` comes before `run`, for the same tasks; so an attempt is on disk before it begins.
 * 3. Tasks begin for the first time in the order of `seq`. Thus one number, the highest that has
 *    begun, says on disk of all of them whether they have.
 * 4. No attempt is made beyond the task's maximum; what the function itself raised is final.
 * 5. Payloads are held only of tasks that are given to the executor or wait in the window; the rest
 *    is the backlog, a number and the `seq` up to which the window was filled.
 */
import type { TaskError } from "../contract/errors.ts";
import type { FunctionId, TaskId } from "../contract/ids.ts";
import type { TaskMessage } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";
import { Fifo } from "../lib/fifo.ts";
import type { FinishedAttempt, TaskOutput } from "./executor/executor.ts";
import type {
  Handover,
  Recovery,
  TableCounts,
  TableEffect,
  TableEvent,
  TableOptions,
} from "./table_events.ts";
import type { FinishedTask, SpooledTask, TaskRecord } from "./task.ts";
import {
  AGENT_LOST,
  boundedTimeline,
  cancelledResult,
  endedResult,
  lostResult,
  notAllowedResult,
  unknownCancelled,
} from "./task_results.ts";

/** A task in memory; the variant says where its attempt is. */
type Entry =
  | { readonly kind: "waiting"; readonly task: SpooledTask; readonly bytes: number }
  | {
    readonly kind: "given";
    readonly task: SpooledTask;
    readonly attempt: number;
    cancelled: boolean;
  };

export class TaskTable {
  readonly #options: TableOptions;
  readonly #entries = new Map<TaskId, Entry>();
  /** First attempts in the order of `seq`, and further ones, which go first. */
  readonly #ready = new Fifo<TaskId>();
  readonly #again = new Fifo<TaskId>();
  #waiting = 0;
  #waitingBytes = 0;
  #given = 0;
  #completed = 0;
  #lastSeq = 0;
  #backlog = 0;
  /** The window holds every waiting task up to this `seq`. */
  #windowEnd = 0;
  #loading = false;
  #allowed: ReadonlySet<FunctionId> | null = null;
  #stopping: string | null = null;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  get counts(): TableCounts {
    return {
      pending: this.#waiting + this.#backlog,
      outstanding: this.#given,
      completed: this.#completed,
    };
  }

  /** Whether the task is with the executor. */
  isGiven(taskId: TaskId): boolean {
    return this.#entries.get(taskId)?.kind === "given";
  }

  has(taskId: TaskId): boolean {
    return this.#entries.has(taskId);
  }

  apply(event: TableEvent): TableEffect[] {
    switch (event.kind) {
      case "recovered":
        return this.#recover(event.recovery);
      case "received":
        return this.#receive(event.tasks, event.at);
      case "loaded":
        return this.#loaded(event.tasks, event.end);
      case "room":
        return this.#handOver(event.attempts, event.at);
      case "started":
        return this.#started(event.events);
      case "finished":
        return this.#finished(event.attempts, event.at);
      case "cancel":
        return this.#cancel(event);
      case "allowed":
        this.#allowed = event.functionIds === null ? null : new Set(event.functionIds);
        return [];
      case "stopping":
        this.#stopping = event.reason;
        return [];
    }
  }

  #recover(recovery: Recovery): TableEffect[] {
    this.#lastSeq = recovery.lastSeq;
    this.#windowEnd = recovery.begunThrough;
    this.#backlog = recovery.waiting;
    for (const task of recovery.again) this.#wait(task, this.#again);
    const story = new Story();
    for (const task of recovery.begun) {
      const attempt = task.attemptsMade + 1;
      this.#lost(task, { attempt, error: AGENT_LOST, timeline: [] }, recovery.at, story);
    }
    return [...story.effects(), ...this.#fillWindow()];
  }

  #receive(messages: readonly TaskMessage[], at: number): TableEffect[] {
    const stories = new Map<number, TaskEvent[]>();
    const tasks = messages.map((message): SpooledTask => {
      const attempt = message.attempts_made;
      const timeline = stories.get(attempt) ??
        [{ state: "waiting-for-nodes", at, by: "agent", attempt }] satisfies TaskEvent[];
      stories.set(attempt, timeline);
      return {
        seq: ++this.#lastSeq,
        taskId: message.task_id,
        functionId: message.function_id,
        options: message.options,
        attemptsMade: attempt,
        timeline,
        payload: message.payload,
      };
    });
    for (const task of tasks) {
      // Behind a backlog everything waits on disk, so that the window stays in order (5, 3).
      if (this.#backlog > 0 || !this.#hasWindowRoom()) this.#backlog += 1;
      else {
        this.#wait(task, this.#ready);
        this.#windowEnd = task.seq;
      }
    }
    return tasks.length === 0 ? [] : [{ kind: "store", tasks }, ...this.#fillWindow()];
  }

  #hasWindowRoom(): boolean {
    return this.#waiting < this.#options.windowTasks &&
      this.#waitingBytes < this.#options.windowBytes;
  }

  #wait(task: SpooledTask, queue: Fifo<TaskId>): void {
    const bytes = task.payload.length;
    this.#entries.set(task.taskId, { kind: "waiting", task, bytes });
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    queue.push(task.taskId);
  }

  /** Takes a waiting task out; its id stays in its queue and is passed over there. */
  #unwait(entry: Entry & { kind: "waiting" }): void {
    this.#entries.delete(entry.task.taskId);
    this.#waiting -= 1;
    this.#waitingBytes -= entry.bytes;
  }

  #fillWindow(): TableEffect[] {
    const half = this.#options.windowTasks / 2;
    const low = this.#waiting <= half && this.#waitingBytes <= this.#options.windowBytes / 2;
    if (this.#loading || this.#backlog === 0 || !low) return [];
    this.#loading = true;
    return [{
      kind: "load",
      after: this.#windowEnd,
      tasks: this.#options.windowTasks - this.#waiting,
      bytes: this.#options.windowBytes - this.#waitingBytes,
    }];
  }

  #loaded(tasks: readonly SpooledTask[], end: boolean): TableEffect[] {
    this.#loading = false;
    for (const task of tasks) {
      this.#wait(task, this.#ready);
      this.#windowEnd = task.seq;
    }
    this.#backlog = end ? 0 : Math.max(1, this.#backlog - tasks.length);
    return [];
  }

  #handOver(room: number, at: number): TableEffect[] {
    if (this.#stopping !== null) return [];
    const attempts: Handover[] = [];
    const again: number[] = [];
    const refused: FinishedTask[] = [];
    let through: number | null = null;
    for (const queue of [this.#again, this.#ready]) {
      while (attempts.length < room) {
        const entry = this.#nextWaiting(queue);
        if (entry === undefined) break;
        this.#unwait(entry);
        if (this.#allowed !== null && !this.#allowed.has(entry.task.functionId)) {
          this.#completed += 1;
          refused.push(notAllowedResult(entry.task, at));
          continue;
        }
        attempts.push(this.#give(entry.task));
        if (queue === this.#again) again.push(entry.task.seq);
        else through = entry.task.seq;
      }
    }
    const effects: TableEffect[] = [];
    if (refused.length > 0) effects.push({ kind: "finish", tasks: refused });
    if (attempts.length > 0) {
      effects.push({ kind: "begin", through, again }, { kind: "run", attempts });
      effects.push({ kind: "report", events: attempts.map((given) => launchEvent(given, at)) });
    }
    return [...effects, ...this.#fillWindow()];
  }

  #nextWaiting(queue: Fifo<TaskId>): (Entry & { kind: "waiting" }) | undefined {
    for (let taskId = queue.shift(); taskId !== undefined; taskId = queue.shift()) {
      const entry = this.#entries.get(taskId);
      if (entry?.kind === "waiting") return entry;
    }
    return undefined;
  }

  #give(task: SpooledTask): Handover {
    const attempt = task.attemptsMade + 1;
    this.#entries.set(task.taskId, { kind: "given", task, attempt, cancelled: false });
    this.#given += 1;
    return { task, attempt };
  }

  #started(events: readonly { taskId: TaskId; event: TaskEvent }[]): TableEffect[] {
    const known = events.filter(({ taskId }) => this.isGiven(taskId));
    return known.length === 0 ? [] : [{ kind: "report", events: known }];
  }

  #finished(attempts: readonly FinishedAttempt[], at: number): TableEffect[] {
    const story = new Story();
    for (const ended of attempts) {
      const entry = this.#entries.get(ended.taskId);
      // An executor that reports an attempt twice, or one that it was not given, changes nothing (1).
      if (entry?.kind !== "given" || entry.attempt !== ended.attempt) continue;
      this.#entries.delete(ended.taskId);
      this.#given -= 1;
      if (ended.outcome.kind === "returned" && !entry.cancelled) {
        this.#wait(entry.task, this.#again);
        story.requeued.push(entry.task);
      } else if (ended.outcome.kind === "lost" && !entry.cancelled) {
        this.#lost(entry.task, { ...ended, error: ended.outcome.error }, at, story);
      } else {
        this.#completed += 1;
        story.finished.push(endedResult(entry.task, ended, at));
      }
    }
    return story.effects();
  }

  /** An attempt went down with what ran it: another one, or the end (4). */
  #lost(before: SpooledTask, lost: LostAttempt, at: number, story: Story): void {
    const { attempt } = lost;
    const error = this.#stopping === null ? lost.error : { ...lost.error, message: this.#stopping };
    const timeline = boundedTimeline([...before.timeline, ...lost.timeline]);
    const task = { ...before, attemptsMade: attempt, timeline };
    if (attempt >= (task.options.max_attempts ?? this.#options.maxAttempts)) {
      this.#completed += 1;
      story.finished.push(lostResult(task, error, lost.output, at));
      return;
    }
    const detail = error.message;
    const event: TaskEvent = { state: "waiting-for-nodes", at, by: "agent", attempt, detail };
    const waiting = { ...task, timeline: [...timeline, event] };
    this.#wait(waiting, this.#again);
    story.requeued.push(waiting);
    story.events.push({ taskId: task.taskId, event });
  }

  #cancel(event: TableEvent & { kind: "cancel" }): TableEffect[] {
    const running: TaskId[] = [];
    const finished: FinishedTask[] = [];
    const spooled = new Map(event.spooled.map((task) => [task.taskId, task]));
    for (const taskId of event.taskIds) {
      const entry = this.#entries.get(taskId);
      if (entry?.kind === "given") {
        entry.cancelled = true;
        running.push(taskId);
      } else if (entry?.kind === "waiting") {
        this.#unwait(entry);
        finished.push(cancelledResult(entry.task, event.at));
      } else if (spooled.has(taskId)) {
        this.#backlog = Math.max(0, this.#backlog - 1);
        finished.push(cancelledResult(spooled.get(taskId)!, event.at));
      } else if (!event.finished.has(taskId)) {
        finished.push(unknownCancelled(taskId, event.at));
      }
    }
    this.#completed += finished.length;
    const effects: TableEffect[] = [];
    if (finished.length > 0) effects.push({ kind: "finish", tasks: finished });
    if (running.length > 0) effects.push({ kind: "end", taskIds: running });
    return [...effects, ...this.#fillWindow()];
  }
}

/** An attempt whose worker, manager or agent went away. */
interface LostAttempt {
  readonly attempt: number;
  readonly error: TaskError;
  readonly timeline: readonly TaskEvent[];
  readonly output?: TaskOutput;
}

/** What a batch of ends comes to. */
class Story {
  readonly finished: FinishedTask[] = [];
  readonly requeued: TaskRecord[] = [];
  readonly events: { taskId: TaskId; event: TaskEvent }[] = [];

  effects(): TableEffect[] {
    const effects: TableEffect[] = [];
    if (this.requeued.length > 0) effects.push({ kind: "requeue", tasks: this.requeued });
    if (this.finished.length > 0) effects.push({ kind: "finish", tasks: this.finished });
    if (this.events.length > 0) effects.push({ kind: "report", events: this.events });
    return effects;
  }
}

/** For those who watch; the result's timeline has the manager's own. */
function launchEvent(
  { task, attempt }: Handover,
  at: number,
): { taskId: TaskId; event: TaskEvent } {
  const event: TaskEvent = { state: "waiting-for-launch", at, by: "agent", attempt };
  return { taskId: task.taskId, event };
}
