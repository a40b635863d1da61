/**
 * What becomes of each task at this endpoint: events go in, effects come out. No I/O and no clock;
 * whoever applies an event carries its effects out, in their order.
 *
 * Invariants, cited below:
 *
 * 1. A task that was received ends in exactly one `finish`.
 * 2. `begin` comes before `run`, for the same tasks; so an attempt is on disk before it begins.
 * 3. Within a lane (an owner's group at one priority) tasks begin for the first time in the order of
 *    `seq`. Thus one number for each lane, the highest that has begun, says on disk of all of them
 *    whether they have. A lane stays on disk until all its tasks are finished.
 * 4. No attempt is made beyond the task's maximum; what the function itself raised is final.
 * 5. Payloads are held only of tasks that are with the executor, wait in the window or are to be
 *    tried again; of the rest only their number in each lane is held. The number of lanes is bounded.
 * 6. Owners share fairly, and so do the groups of an owner's highest waiting priority
 *    (`waiting_tasks.ts`). A retry waits at the head of its own lane.
 */
import type { TaskError } from "../contract/errors.ts";
import type { FunctionId, TaskId } from "../contract/ids.ts";
import type { TaskMessage } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";
import type { FinishedAttempt, TaskOutput } from "./executor/executor.ts";
import type { Lane, LaneKey, Waiting } from "./lane.ts";
import type {
  Handover,
  LoadedLane,
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
import { WaitingTasks } from "./waiting_tasks.ts";

/** A task with the executor. */
interface Given {
  readonly kind: "given";
  readonly task: SpooledTask;
  readonly lane: Lane;
  readonly attempt: number;
  cancelled: boolean;
}

export class TaskTable {
  readonly #options: TableOptions;
  /** Tasks in memory. */
  readonly #entries = new Map<TaskId, Waiting | Given>();
  readonly #waiting: WaitingTasks;
  #given = 0;
  #completed = 0;
  #lastSeq = 0;
  #allowed: ReadonlySet<FunctionId> | null = null;
  #stopping: string | null = null;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#waiting = new WaitingTasks(options);
  }

  get counts(): TableCounts {
    return {
      pending: this.#waiting.size,
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
    const effects = this.#effectsOf(event);
    const lanes = this.#waiting.forgetIdle();
    if (lanes.length > 0) effects.push({ kind: "forget", lanes });
    return effects;
  }

  #effectsOf(event: TableEvent): TableEffect[] {
    switch (event.kind) {
      case "recovered":
        return this.#recover(event.recovery);
      case "received":
        return this.#receive(event.tasks, event.at);
      case "loaded":
        return this.#loaded(event.lanes, event.at);
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
    this.#waiting.recover(recovery.lanes, recovery.lastLane);
    for (const task of recovery.again) this.#waitAgain(task);
    const story = new Story();
    for (const task of recovery.begun) {
      const attempt = task.attemptsMade + 1;
      this.#lost(task, { attempt, error: AGENT_LOST, timeline: [] }, recovery.at, story);
    }
    return story.effects();
  }

  #receive(messages: readonly TaskMessage[], at: number): TableEffect[] {
    const stories = new Map<number, TaskEvent[]>();
    const tasks = messages.map((message): SpooledTask => {
      const attempt = message.attempts_made;
      const timeline = stories.get(attempt) ??
        [{ state: "waiting-for-nodes", at, by: "agent", attempt }] satisfies TaskEvent[];
      stories.set(attempt, timeline);
      const lane = this.#waiting.laneFor(laneKey(message));
      const task: SpooledTask = {
        seq: ++this.#lastSeq,
        lane: lane.lane,
        taskId: message.task_id,
        functionId: message.function_id,
        options: message.options,
        attemptsMade: attempt,
        timeline,
        payload: message.payload,
      };
      const waiting = this.#waiting.add(lane, task);
      if (waiting !== undefined) this.#entries.set(task.taskId, waiting);
      return task;
    });
    if (tasks.length === 0) return [];
    return [{ kind: "store", tasks, lanes: this.#waiting.takeNewLanes() }];
  }

  #waitAgain(task: SpooledTask): void {
    const waiting = this.#waiting.addAgain(this.#waiting.lane(task.lane), task);
    this.#entries.set(task.taskId, waiting);
  }

  #handOver(room: number, at: number): TableEffect[] {
    if (this.#stopping !== null) return [];
    const { tasks, loads } = this.#waiting.pick(room);
    const effects = this.#begin(tasks, at);
    if (loads.length > 0) {
      effects.push({ kind: "load", lanes: loads, bytes: this.#options.windowBytes });
    }
    return effects;
  }

  #loaded(lanes: readonly LoadedLane[], at: number): TableEffect[] {
    const planned: Waiting[] = [];
    for (const lane of lanes) {
      const { now, later } = this.#waiting.loaded(lane);
      for (const waiting of later) this.#entries.set(waiting.task.taskId, waiting);
      planned.push(...now);
    }
    return this.#begin(planned, at);
  }

  /** These have their turn (2). */
  #begin(tasks: readonly Waiting[], at: number): TableEffect[] {
    const attempts: Handover[] = [];
    const again: number[] = [];
    const refused: FinishedTask[] = [];
    const marks = new Map<number, number>();
    for (const { task, lane, isRetry } of tasks) {
      if (this.#allowed !== null && !this.#allowed.has(task.functionId)) {
        refused.push(notAllowedResult(task, at));
        this.#entries.delete(task.taskId);
        this.#waiting.back(lane);
        continue;
      }
      attempts.push(this.#give(task, lane));
      if (isRetry) again.push(task.seq);
      else marks.set(lane.lane, task.seq);
    }
    this.#completed += refused.length;
    const effects: TableEffect[] = [];
    if (refused.length > 0) effects.push({ kind: "finish", tasks: refused });
    if (attempts.length > 0) {
      const through = [...marks].map(([lane, seq]) => ({ lane, seq }));
      effects.push({ kind: "begin", through, again }, { kind: "run", attempts });
      effects.push({ kind: "report", events: attempts.map((given) => launchEvent(given, at)) });
    }
    return effects;
  }

  #give(task: SpooledTask, lane: Lane): Handover {
    const attempt = task.attemptsMade + 1;
    this.#entries.set(task.taskId, { kind: "given", task, lane, attempt, cancelled: false });
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
        this.#waitAgain(entry.task);
        story.requeued.push(entry.task);
      } else if (ended.outcome.kind === "lost" && !entry.cancelled) {
        this.#lost(entry.task, { ...ended, error: ended.outcome.error }, at, story);
      } else {
        this.#completed += 1;
        story.finished.push(endedResult(entry.task, ended, at));
      }
      this.#waiting.back(entry.lane);
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
    this.#waitAgain(waiting);
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
        this.#entries.delete(taskId);
        this.#waiting.remove(entry);
        finished.push(cancelledResult(entry.task, event.at));
      } else if (spooled.has(taskId)) {
        const task = spooled.get(taskId)!;
        this.#waiting.removeStored(task.lane);
        finished.push(cancelledResult(task, event.at));
      } else if (!event.finished.has(taskId)) {
        finished.push(unknownCancelled(taskId, event.at));
      }
    }
    this.#completed += finished.length;
    const effects: TableEffect[] = [];
    if (finished.length > 0) effects.push({ kind: "finish", tasks: finished });
    if (running.length > 0) effects.push({ kind: "end", taskIds: running });
    return effects;
  }
}

function laneKey({ owner_id, task_group_id, options }: TaskMessage): LaneKey {
  // An older service does not tell owners; all of them are one then.
  return { owner: owner_id ?? "", group: task_group_id, priority: options.priority ?? 0 };
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
