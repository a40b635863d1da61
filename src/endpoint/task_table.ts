/**
 * What becomes of each task at this endpoint: events go in, effects come out. No I/O and no clock;
 * whoever applies an event carries its effects out, in their order.
 *
 * Invariants, cited below:
 *
 * 1. A task that was received ends in exactly one `finish`.
 * 2. `begin` comes before `run`, for the same tasks; so an attempt is on disk before it begins.
 * 3. Within a lane (an owner's group at one priority) tasks have their first turn in the order of
 *    `seq`. Thus one number for each lane, the highest that had its turn, says on disk of all of them
 *    whether they had. A lane stays on disk until all its tasks are finished.
 * 4. No attempt is made beyond the task's maximum; what the function itself raised is final. An end
 *    of what ran it that was planned moves the task, which is no attempt, a few times; never where the
 *    maximum is 1.
 * 5. Payloads are held only of tasks that are with the executor, wait in the window or for their
 *    arguments, or are to be tried again; of the rest only their number in each lane is held. The
 *    number of lanes is bounded.
 * 6. Owners share fairly, and so do the groups of an owner's highest waiting priority
 *    (`waiting_tasks.ts`). A retry waits at the head of its own lane.
 * 7. A task whose arguments are with the service is set aside at its turn until they are here, and
 *    has another one then. That is no attempt: it is on disk as one that waits again, takes no room
 *    of the executor, and the tasks behind it go on. Each `fetch` is followed by one `release`.
 */
import type { TaskError } from "../contract/errors.ts";
import type { FunctionId, TaskId } from "../contract/ids.ts";
import type { TaskMessage } from "../contract/protocol/messages.ts";
import type { PlannedEnd } from "../contract/protocol/manager_messages.ts";
import { MOVED, type TaskEvent } from "../contract/task_state.ts";
import { isLastAttempt, mayMove } from "./attempts.ts";
import type { FinishedAttempt, TaskOutput } from "./executor/executor.ts";
import { type Fetching, FetchQueue } from "./fetch_queue.ts";
import type { Lane, LaneKey, Waiting } from "./lane.ts";
import { Story, Turn } from "./table_stories.ts";
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
  refusedResult,
  unknownCancelled,
} from "./task_results.ts";
import { type Picked, WaitingTasks } from "./waiting_tasks.ts";

/** A task with the executor. */
interface Given {
  readonly kind: "given";
  readonly task: SpooledTask;
  readonly lane: Lane;
  readonly attempt: number;
  /** Its arguments were fetched, and are to be released. */
  readonly isFetched: boolean;
  cancelled: boolean;
}

export class TaskTable {
  readonly #options: TableOptions;
  /** Tasks in memory. */
  readonly #entries = new Map<TaskId, Waiting | Fetching | Given>();
  readonly #waiting: WaitingTasks;
  readonly #fetches: FetchQueue;
  /** Whose arguments are not needed any more, since the event began. */
  #released: TaskId[] = [];
  #given = 0;
  #completed = 0;
  #lastSeq = 0;
  #allowed: ReadonlySet<FunctionId> | null = null;
  #stopping: string | null = null;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#fetches = new FetchQueue(options);
    this.#waiting = new WaitingTasks(options, this.#fetches);
  }

  get counts(): TableCounts {
    return {
      pending: this.#waiting.size + this.#fetches.size,
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
    const tasks = this.#stopping === null ? this.#fetches.next() : [];
    if (tasks.length > 0) effects.push({ kind: "fetch", tasks });
    if (this.#released.length > 0) {
      effects.push({ kind: "release", taskIds: this.#released });
      this.#released = [];
    }
    const lanes = this.#waiting.forgetIdle();
    if (lanes.length > 0) effects.push({ kind: "forget", lanes });
    return effects;
  }

  #effectsOf(event: TableEvent): TableEffect[] {
    switch (event.kind) {
      case "recovered":
        return this.#recover(event.recovery, event.isHeld);
      case "received":
        return this.#receive(event.tasks, event.at);
      case "loaded":
        return this.#loaded(event.lanes, event.at);
      case "room":
        return this.#handOver(event.attempts, event.at);
      case "fetched":
        return this.#fetched(event);
      case "started":
        return this.#started(event.events);
      case "finished":
        return this.#finished(event.attempts, event.at);
      case "cancel":
        return this.#cancel(event);
      case "unfit":
        return this.#unfit(event);
      case "allowed":
        this.#allowed = event.functionIds === null ? null : new Set(event.functionIds);
        return [];
      case "stopping":
        this.#stopping = event.reason;
        return [];
    }
  }

  #recover(recovery: Recovery, isHeld: boolean): TableEffect[] {
    this.#lastSeq = recovery.lastSeq;
    this.#waiting.recover(recovery.lanes, recovery.lastLane);
    for (const task of recovery.again) this.#waitAgain(task);
    if (isHeld) {
      for (const task of recovery.begun) this.#giveAgain(task);
      return [];
    }
    const story = new Story();
    for (const task of recovery.begun) {
      const attempt = task.attemptsMade + 1;
      this.#lost(task, { attempt, error: AGENT_LOST, timeline: [] }, recovery.at, story);
    }
    return story.effects();
  }

  /** It is with the executor, as the agent before had given it. */
  #giveAgain(task: SpooledTask): void {
    const lane = this.#waiting.lane(task.lane);
    this.#waiting.givenBefore(lane);
    const attempt = task.attemptsMade + 1;
    const given = {
      kind: "given",
      task,
      lane,
      attempt,
      isFetched: false,
      cancelled: false,
    } as const;
    this.#entries.set(task.taskId, { ...given });
    this.#given += 1;
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
        moved: 0,
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
    const { tasks, aside, loads } = this.#waiting.pick(room);
    const effects = this.#begin({ tasks, aside }, at);
    if (loads.length > 0) {
      effects.push({ kind: "load", lanes: loads, bytes: this.#options.windowBytes });
    }
    return effects;
  }

  #loaded(lanes: readonly LoadedLane[], at: number): TableEffect[] {
    const planned: Waiting[] = [];
    const set: Fetching[] = [];
    for (const lane of lanes) {
      const { tasks, aside, later } = this.#waiting.loaded(lane);
      for (const waiting of later) this.#entries.set(waiting.task.taskId, waiting);
      planned.push(...tasks);
      set.push(...aside);
    }
    return this.#begin({ tasks: planned, aside: set }, at);
  }

  /** These have their turn (2, 7). */
  #begin({ tasks, aside }: Omit<Picked, "loads">, at: number): TableEffect[] {
    const turn = new Turn();
    for (const waiting of tasks) {
      const { task } = waiting;
      const isFetched = waiting.arguments === "fetched";
      if (isFetched) this.#fetches.leavePlace();
      if (this.#isAllowed(task)) {
        turn.begins(waiting, this.#give(waiting));
        continue;
      }
      if (isFetched) this.#released.push(task.taskId);
      turn.refused.push(this.#refuse(waiting, at));
    }
    for (const fetching of aside) {
      if (this.#isAllowed(fetching.task)) {
        this.#entries.set(fetching.task.taskId, fetching);
        turn.waits(fetching);
        continue;
      }
      this.#notFetching(fetching);
      turn.refused.push(this.#refuse(fetching, at));
    }
    this.#completed += turn.refused.length;
    return turn.effects(at);
  }

  #isAllowed({ functionId }: SpooledTask): boolean {
    return this.#allowed === null || this.#allowed.has(functionId);
  }

  #refuse({ task, lane }: Waiting | Fetching, at: number): FinishedTask {
    this.#entries.delete(task.taskId);
    this.#waiting.back(lane);
    return notAllowedResult(task, at);
  }

  #give({ task, lane, arguments: where }: Waiting): Handover {
    const attempt = task.attemptsMade + 1;
    const isFetched = where === "fetched";
    const given: Given = { kind: "given", task, lane, attempt, isFetched, cancelled: false };
    this.#entries.set(task.taskId, given);
    this.#given += 1;
    return { task, attempt };
  }

  /** It has another turn, or ends (7). */
  #fetched({ taskId, error, at }: TableEvent & { kind: "fetched" }): TableEffect[] {
    const entry = this.#entries.get(taskId);
    if (entry?.kind !== "fetching" || !entry.isAsked) return [];
    const { task, lane } = entry;
    if (error !== null) {
      this.#dropFetching(entry);
      this.#completed += 1;
      return [{ kind: "finish", tasks: [refusedResult(task, error, at)] }];
    }
    this.#fetches.fetched(entry);
    this.#entries.set(taskId, this.#waiting.addFetched(lane, task));
    this.#waiting.back(lane);
    this.#waiting.unblock();
    return [];
  }

  /** A task ends that was set aside. */
  #dropFetching(fetching: Fetching): void {
    const { task, lane, isAsked } = fetching;
    this.#entries.delete(task.taskId);
    if (isAsked) this.#released.push(task.taskId);
    this.#notFetching(fetching);
    this.#waiting.back(lane);
  }

  #notFetching(fetching: Fetching): void {
    this.#fetches.remove(fetching);
    this.#waiting.unblock();
  }

  /** A task ends that waits in memory. */
  #dropWaiting(waiting: Waiting): void {
    const { taskId } = waiting.task;
    this.#entries.delete(taskId);
    this.#waiting.remove(waiting);
    if (waiting.arguments !== "fetched") return;
    this.#fetches.leavePlace();
    this.#released.push(taskId);
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
      if (entry.isFetched) this.#released.push(ended.taskId);
      if (ended.outcome.kind === "returned" && !entry.cancelled) {
        this.#waitAgain(entry.task);
        story.requeued.push(entry.task);
      } else if (ended.outcome.kind === "lost" && !entry.cancelled) {
        const { error, planned } = ended.outcome;
        this.#lost(entry.task, { ...ended, error, planned }, at, story);
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
    const { attempt, planned } = lost;
    const maximum = before.options.max_attempts ?? this.#options.maxAttempts;
    const isMoved = planned !== undefined && mayMove({ attempt, moved: before.moved }, maximum);
    const moved = before.moved + (isMoved ? 1 : 0);
    const error = this.#stopping === null ? lost.error : { ...lost.error, message: this.#stopping };
    const timeline = boundedTimeline([...before.timeline, ...lost.timeline]);
    const task = { ...before, attemptsMade: attempt, moved, timeline };
    // Another block of that walltime would be as short for it.
    const isHopeless = planned?.outlasts === true && !isMoved;
    if (isHopeless || isLastAttempt({ attempt, moved }, maximum)) {
      this.#completed += 1;
      story.finished.push(lostResult(task, error, lost.output, at));
      return;
    }
    const detail = isMoved ? `${MOVED}${planned.reason}` : error.message;
    const event: TaskEvent = { state: "waiting-for-nodes", at, by: "agent", attempt, detail };
    const waiting = { ...task, timeline: [...timeline, event] };
    this.#waitAgain(waiting);
    story.requeued.push(waiting);
    story.events.push({ taskId: task.taskId, event });
  }

  /** One that is with the executor already is the executor's to refuse. */
  #unfit({ tasks, spooled, at }: TableEvent & { kind: "unfit" }): TableEffect[] {
    const stored = new Map(spooled.map((task) => [task.taskId, task]));
    const finished = tasks.flatMap(({ taskId, error }) => {
      const task = this.isGiven(taskId) ? undefined : this.#takeOut(taskId, stored);
      return task === undefined ? [] : [refusedResult(task, error, at)];
    });
    this.#completed += finished.length;
    return finished.length === 0 ? [] : [{ kind: "finish", tasks: finished }];
  }

  /** A task ends that waits, here or in the spool; undefined when it does neither. */
  #takeOut(taskId: TaskId, spooled: ReadonlyMap<TaskId, TaskRecord>): TaskRecord | undefined {
    const entry = this.#entries.get(taskId);
    if (entry?.kind === "waiting") this.#dropWaiting(entry);
    else if (entry?.kind === "fetching") this.#dropFetching(entry);
    else if (spooled.has(taskId)) this.#waiting.removeStored(spooled.get(taskId)!.lane);
    return entry?.task ?? spooled.get(taskId);
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
        continue;
      }
      const task = this.#takeOut(taskId, spooled);
      if (task !== undefined) finished.push(cancelledResult(task, event.at));
      else if (!event.finished.has(taskId)) finished.push(unknownCancelled(taskId, event.at));
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
  readonly planned?: PlannedEnd;
  readonly timeline: readonly TaskEvent[];
  readonly output?: TaskOutput;
}
