/**
 * The manager of this machine: slots, each with its warm workers, and the tasks that wait for them.
 *
 * Invariants, cited below:
 *
 * 1. Every attempt that was given to `run` is in `#tasks` until its one `finished`.
 * 2. A task is in exactly one place: a queue, a warm worker, or a shell task.
 * 3. A worker in `#live` has not ended; `close` waits for each.
 */
import { BATCH_BYTES } from "../../contract/limits.ts";
import type { TaskError } from "../../contract/errors.ts";
import { runtimeOf } from "../../contract/envelope.ts";
import type { FunctionId, TaskId } from "../../contract/ids.ts";
import { wallClock } from "../../lib/clock.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { Assignment, type EndReason, manageError } from "./assignment.ts";
import { Deadlines } from "./deadlines.ts";
import type {
  AttemptOutcome,
  Executor,
  ExecutorEvents,
  FinishedAttempt,
  TaskAttempt,
} from "./executor.ts";
import { killLeftovers } from "./leftovers.ts";
import { endedOutcome, notStarted, runtimeMissing, STOPPED, workerLost } from "./outcomes.ts";
import { availableRuntimes, detectRuntimes, managerIdOf, type RuntimeSet } from "./runtime_set.ts";
import { type RuntimeName, RUNTIMES, type WorkerRuntime } from "./runtimes/runtime.ts";
import { makeSandbox, removeSandbox } from "./sandbox_folders.ts";
import { ShellTask } from "./shell_task.ts";
import { Slot } from "./slot.ts";
import { StartHealth } from "./start_health.ts";
import { TaskQueue } from "./task_queue.ts";
import { type Abandoned, WarmWorker } from "./warm_worker.ts";
import type { WorkerEnd } from "./worker_process.ts";

const log = logger("executor");

/** A task whose worker died so often before it was known to begin counts as what killed them. */
const MAX_RETURNS = 3;
/** A task that others wait behind in its worker is long after this time, milliseconds. */
const LONG_TASK = 10;
/** How long a worker has to give tasks back before it is ended with them, milliseconds. */
const RECALL_TIME = 1_000;

export interface LocalExecutorOptions {
  readonly executor: ResolvedExecutor;
  readonly events: ExecutorEvents;
  /** Absolute; its path tells this manager's processes from those of others. */
  readonly stateDir: string;
  /** Starts a TypeScript worker; this program's hidden command `worker` unless replaced. */
  readonly workerCommand?: readonly string[];
}

/**
 * Finds the runtimes that work here, ends what an agent that was killed has left behind, and takes
 * tasks. Rejects with the system's error when the working folder cannot be made.
 */
export async function startLocalExecutor(options: LocalExecutorOptions): Promise<Executor> {
  const { executor, stateDir, workerCommand } = options;
  Deno.mkdirSync(executor.workingFolder, { recursive: true, mode: 0o700 });
  const managerId = managerIdOf(stateDir);
  const killed = killLeftovers(managerId);
  if (killed.length > 0) {
    log.warn("killed processes left by an earlier agent: {killed}", { killed });
  }
  const runtimes = await detectRuntimes({ executor, managerId, workerCommand });
  for (const name of RUNTIMES) {
    const detected = runtimes[name];
    if (detected.kind === "missing") log.info("no {name}: {reason}", { name, ...detected });
  }
  return new LocalExecutor({ executor, events: options.events, runtimes, managerId });
}

class LocalExecutor implements Executor {
  readonly runtimes: readonly string[];
  readonly #profile: ResolvedExecutor;
  readonly #events: ExecutorEvents;
  readonly #set: RuntimeSet;
  readonly #managerId: string;
  readonly #slots: readonly Slot[];
  readonly #tasks = new Map<TaskId, Assignment>();
  readonly #queues = {
    typescript: new TaskQueue(),
    python: new TaskQueue(),
    shell: new TaskQueue(),
  };
  readonly #health = { typescript: new StartHealth(), python: new StartHealth() };
  readonly #functions = new Map<FunctionId, RuntimeName>();
  readonly #live = new Set<WarmWorker | ShellTask>();
  readonly #deadlines: Deadlines;
  /** Attempts that ended without a worker; told in the next turn, never within a call from outside. */
  #endedHere: FinishedAttempt[] = [];
  #order = 0;
  #rebalanceTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: {
    readonly executor: ResolvedExecutor;
    readonly events: ExecutorEvents;
    readonly runtimes: RuntimeSet;
    readonly managerId: string;
  }) {
    this.#profile = options.executor;
    this.#events = options.events;
    this.#set = options.runtimes;
    this.#managerId = options.managerId;
    this.runtimes = availableRuntimes(options.runtimes);
    this.#slots = Array.from({ length: options.executor.workersPerNode }, () => new Slot());
    this.#deadlines = new Deadlines({
      running: () => this.#running(),
      expired: (assignment) => this.#endTask(assignment, "walltime"),
    });
  }

  // -- Executor -------------------------------------------------------------------------------------

  capacity(): number {
    if (this.#closed) return 0;
    const base = 1 + this.#profile.prefetch;
    let wanted = 0;
    for (const { worker } of this.#slots) {
      const credits = worker?.credits ?? base;
      // As much again as fast workers hold, so that the next batch is here when they ask.
      wanted += credits > base ? 2 * credits : base;
    }
    return Math.max(0, wanted - this.#tasks.size);
  }

  run(attempts: readonly TaskAttempt[]): void {
    const givenAt = wallClock();
    for (const attempt of attempts) this.#accept(attempt, givenAt);
    this.#dispatch();
  }

  cancel(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) {
      const assignment = this.#tasks.get(taskId);
      if (assignment !== undefined && !assignment.isFinished) this.#endTask(assignment, "cancel");
    }
  }

  follow(taskId: TaskId, on: boolean): void {
    this.#tasks.get(taskId)?.follow(on, this.#events);
  }

  load(): ReturnType<Executor["load"]> {
    return {
      managers: 1,
      total_workers: this.#slots.length,
      idle_workers: this.#slots.filter((slot) => slot.isFree).length,
      outstanding_tasks: this.#tasks.size,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#rebalanceTimer);
    this.#deadlines.stop();
    for (const name of RUNTIMES) {
      for (const assignment of this.#queues[name].drain()) {
        this.#endHere(assignment, { kind: "lost", error: STOPPED });
      }
    }
    while (this.#live.size > 0) {
      const live = [...this.#live];
      for (const each of live) each.end();
      await Promise.all(live.map((each) => each.ended));
    }
    this.#tellEnded();
    killLeftovers(this.#managerId);
  }

  // -- coming in --------------------------------------------------------------------------------------

  #accept(attempt: TaskAttempt, givenAt: number): void {
    const runtime = this.#runtimeOf(attempt);
    const seconds = attempt.options.walltime_seconds ?? this.#profile.walltimeSeconds;
    const maxAttempts = attempt.options.max_attempts ?? this.#profile.maxAttempts;
    const assignment = new Assignment({
      attempt,
      runtime,
      order: this.#order++,
      givenAt,
      walltime: seconds === null ? null : seconds * 1_000,
      alone: attempt.attempt >= maxAttempts,
    });
    this.#tasks.set(attempt.taskId, assignment);
    const error = this.#closed ? null : this.#obstacle(runtime);
    if (this.#closed) this.#endHere(assignment, { kind: "lost", error: STOPPED });
    else if (error !== null) this.#endHere(assignment, { kind: "failed", error });
    else this.#queues[runtime].push(assignment);
  }

  #runtimeOf({ functionId, code }: TaskAttempt): RuntimeName {
    const known = this.#functions.get(functionId);
    if (known !== undefined) return known;
    // The header follows the length of the one packed buffer.
    const header = code.indexOf(0x0a) + 1;
    const runtime = runtimeOf(String.fromCharCode(...code.subarray(header, header + 2)));
    if (this.#functions.size >= 10_000) this.#functions.clear();
    this.#functions.set(functionId, runtime);
    return runtime;
  }

  /** Why no task of the runtime can run now. */
  #obstacle(runtime: RuntimeName): TaskError | null {
    const detected = this.#set[runtime];
    if (detected.kind === "missing") {
      return runtimeMissing(runtime, detected.reason, detected.hint);
    }
    return runtime === "shell" ? null : this.#health[runtime].error;
  }

  // -- handing out ------------------------------------------------------------------------------------

  #dispatch(): void {
    if (this.#closed) return;
    this.#fillFreeSlots();
    this.#topUpWorkers();
    this.#rebalanceSoon();
  }

  #fillFreeSlots(): void {
    for (;;) {
      const runtime = this.#nextToServe();
      if (runtime === null) return;
      const slot = this.#freeSlotFor(runtime);
      if (slot === null) return;
      const worker = slot.warm(runtime);
      if (runtime === "shell") this.#runShell(slot);
      else if (worker === null) this.#startWorker(slot, runtime);
      else {
        slot.occupy(worker);
        this.#give(worker, this.#shareOf(runtime));
      }
    }
  }

  /** The runtime of the oldest task that can use another slot. */
  #nextToServe(): RuntimeName | null {
    let oldest: Assignment | undefined;
    for (const name of RUNTIMES) {
      const first = this.#queues[name].peek();
      if (first === undefined || !this.#canUseSlot(name)) continue;
      if (oldest === undefined || first.order < oldest.order) oldest = first;
    }
    return oldest?.runtime ?? null;
  }

  /** Workers that are starting will take one task each. */
  #canUseSlot(runtime: RuntimeName): boolean {
    if (runtime === "shell") return true;
    const free = this.#slots.some((slot) => slot.isFree && slot.warm(runtime) !== null);
    if (free) return true;
    const starting = this.#startingCount(runtime);
    return starting < this.#queues[runtime].size && starting < this.#health[runtime].startsAllowed;
  }

  #startingCount(runtime: RuntimeName): number {
    return this.#slots.filter((slot) => slot.serving === runtime && !slot.worker?.isReady).length;
  }

  /** One with a warm worker of the runtime, else the one with the fewest workers. */
  #freeSlotFor(runtime: RuntimeName): Slot | null {
    let best: Slot | null = null;
    for (const slot of this.#slots) {
      if (!slot.isFree) continue;
      if (slot.warm(runtime) !== null) return slot;
      if (best === null || slot.warmCount < best.warmCount) best = slot;
    }
    return best;
  }

  /** What one worker gets of the queue, so that all that serve the runtime get some. */
  #shareOf(runtime: RuntimeName): number {
    const serving = this.#slots.filter((slot) => slot.isFree || slot.serving === runtime).length;
    return Math.max(1, Math.ceil(this.#queues[runtime].size / Math.max(1, serving)));
  }

  #topUpWorkers(): void {
    for (const slot of this.#slots) {
      const worker = slot.worker;
      if (worker === null || !worker.isLow) continue;
      const name = worker.runtime.name;
      if (this.#queues[name].size === 0 || this.#mustYield(name)) continue;
      this.#give(worker, this.#shareOf(name));
    }
  }

  /** An older task of a runtime that no slot serves is to get the next slot that is free. */
  #mustYield(runtime: RuntimeName): boolean {
    const own = this.#queues[runtime].peek();
    return RUNTIMES.some((other) => {
      const first = other === runtime ? undefined : this.#queues[other].peek();
      if (first === undefined || own === undefined || first.order > own.order) return false;
      return !this.#slots.some((slot) => slot.serving === other) && this.#canUseSlot(other);
    });
  }

  /** Hands at most `share` tasks to the worker, as far as it has room. */
  #give(worker: WarmWorker, share: number): void {
    const queue = this.#queues[worker.runtime.name];
    const room = Math.min(share, worker.room);
    const given: Assignment[] = [];
    let bytes = worker.heldBytes;
    for (let next = queue.peek(); next !== undefined && given.length < room; next = queue.peek()) {
      const exposed = next.alone && !worker.runtime.reportsEachBegin;
      if (given.length > 0 || !worker.isIdle) {
        if (exposed || bytes + next.attempt.payload.length > BATCH_BYTES) break;
      }
      queue.shift();
      if (!this.#prepare(next)) continue;
      bytes += next.attempt.payload.length;
      given.push(next);
      if (exposed) break;
    }
    if (given.length > 0) worker.assign(given);
  }

  /** Makes the sandbox, if the profile wants one; false when the task has ended for want of it. */
  #prepare(assignment: Assignment): boolean {
    if (!this.#profile.sandbox || assignment.folder !== null) return true;
    try {
      assignment.folder = makeSandbox(this.#profile.workingFolder, assignment.attempt);
      return true;
    } catch (thrown) {
      const error = manageError(
        "CouldNotExecuteUserTaskError",
        `the task's folder cannot be made: ${messageOf(thrown)}`,
        `Check ${this.#profile.workingFolder} on the endpoint.`,
      );
      this.#endHere(assignment, { kind: "failed", error });
      return false;
    }
  }

  // -- workers ----------------------------------------------------------------------------------------

  #startWorker(slot: Slot, name: WorkerRuntime["name"]): void {
    const detected = this.#set[name];
    if (detected.kind === "missing") return;
    slot.makeRoom();
    const worker: WarmWorker = new WarmWorker({
      runtime: detected.runtime,
      workingFolder: this.#profile.workingFolder,
      baseCredits: 1 + this.#profile.prefetch,
      oneAtATime: this.#profile.sandbox && name === "typescript",
      output: this.#events,
    }, {
      ready: () => this.#workerReady(slot, worker),
      started: (assignment) => this.#started(assignment),
      finished: (attempts) => this.#workerFinished(slot, worker, attempts),
      returned: (assignments) => this.#returned(slot, worker, assignments),
      ended: (end, wasReady, abandoned) => {
        this.#workerEnded(slot, worker, end, wasReady, abandoned);
      },
    });
    this.#live.add(worker);
    slot.occupy(worker);
  }

  #workerReady(slot: Slot, worker: WarmWorker): void {
    this.#health[worker.runtime.name].started();
    this.#leaveIfIdle(slot, worker);
    this.#dispatch();
  }

  /** An idle worker leaves its slot free for any runtime, and stays warm. */
  #leaveIfIdle(slot: Slot, worker: WarmWorker): void {
    if (slot.worker !== worker || !worker.isIdle) return;
    slot.occupant = null;
    if (!worker.isWornOut) return;
    slot.remove(worker);
    worker.end();
  }

  #workerFinished(slot: Slot, worker: WarmWorker, attempts: readonly FinishedAttempt[]): void {
    // With more to do it keeps the slot, and the batch goes out before the agent hears of this one.
    if (worker.isIdle) this.#leaveIfIdle(slot, worker);
    this.#dispatch();
    this.#finish(attempts);
  }

  #workerEnded(
    slot: Slot,
    worker: WarmWorker,
    end: WorkerEnd,
    wasReady: boolean,
    { begun, notBegun }: Abandoned,
  ): void {
    const name = worker.runtime.name;
    this.#live.delete(worker);
    slot.remove(worker);
    const error = this.#closed ? STOPPED : workerLost(name, worker.pid, end);
    const unlucky = notBegun.filter((assignment) => ++assignment.returns >= MAX_RETURNS);
    for (const assignment of [...begun, ...unlucky]) {
      this.#endHere(assignment, endedOutcome(assignment) ?? { kind: "lost", error });
    }
    this.#requeue(notBegun.filter((assignment) => !unlucky.includes(assignment)));
    if (!wasReady && !this.#closed) this.#startFailed(worker, end);
    else if (begun.length > 0) log.warn("{message}", { message: error.message });
    this.#dispatch();
  }

  #startFailed(worker: WarmWorker, end: WorkerEnd): void {
    const name = worker.runtime.name;
    const error = notStarted(name, worker.runtime.command[0]!, end);
    log.error("{message}", { message: error.message });
    const delay = this.#health[name].failed(error);
    if (delay !== null) setTimeout(() => this.#dispatch(), delay);
    else {
      for (const assignment of this.#queues[name].drain()) {
        this.#endHere(assignment, { kind: "failed", error });
      }
    }
  }

  #runShell(slot: Slot): void {
    const detected = this.#set.shell;
    const assignment = this.#queues.shell.shift();
    if (assignment === undefined || detected.kind === "missing") return;
    if (!this.#prepare(assignment)) return;
    const task: ShellTask = new ShellTask({
      assignment,
      runtime: detected.runtime,
      folder: assignment.folder ?? this.#profile.workingFolder,
      output: this.#events,
    }, {
      started: () => this.#started(assignment),
      ended: (outcome, details) => {
        this.#live.delete(task);
        slot.occupant = null;
        const stopped: AttemptOutcome | null = this.#closed
          ? { kind: "lost", error: STOPPED }
          : null;
        const ended = endedOutcome(assignment) ?? stopped ?? outcome;
        this.#dispatch();
        this.#finish([assignment.finish(ended, details)]);
      },
    });
    this.#live.add(task);
    slot.occupant = { kind: "shell", task };
  }

  // -- moves of tasks -----------------------------------------------------------------------------------

  #started(assignment: Assignment): void {
    const event = assignment.runningEvent;
    if (event !== null) this.#events.started([{ taskId: assignment.attempt.taskId, event }]);
    if (assignment.walltime !== null) this.#deadlines.watch(assignment.walltime);
    // It may have been cancelled between two looks.
    if (assignment.endReason !== null) this.#endTask(assignment, assignment.endReason);
  }

  /** Takes back what a worker had not begun; older than all that wait. */
  #requeue(assignments: readonly Assignment[]): void {
    const again: Assignment[] = [];
    for (const assignment of assignments) {
      const ended = this.#closed
        ? { kind: "lost", error: STOPPED } as const
        : endedOutcome(assignment);
      if (ended === null) again.push(assignment);
      else this.#endHere(assignment, ended);
    }
    if (again.length > 0) this.#queues[again[0]!.runtime].putBack(again);
  }

  #returned(slot: Slot, worker: WarmWorker, assignments: readonly Assignment[]): void {
    this.#requeue(assignments);
    const running = worker.running?.assignment;
    if (running !== undefined && running.endReason !== null) worker.end();
    this.#leaveIfIdle(slot, worker);
    this.#dispatch();
  }

  /** Ends a task wherever it is; its neighbours in the worker are taken back first. */
  #endTask(assignment: Assignment, reason: EndReason): void {
    assignment.endReason ??= reason;
    const place = this.#placeOf(assignment);
    if (place === null) {
      this.#queues[assignment.runtime].forgetOne();
      this.#endHere(assignment, endedOutcome(assignment)!);
    } else if (place instanceof WarmWorker && place.waiting > 0) {
      place.recall();
      setTimeout(() => {
        if (place.holds(assignment)) place.end();
      }, RECALL_TIME);
    } else place.end();
  }

  #placeOf(assignment: Assignment): WarmWorker | ShellTask | null {
    for (const { occupant } of this.#slots) {
      if (occupant?.kind === "worker" && occupant.worker.holds(assignment)) return occupant.worker;
      if (occupant?.kind === "shell" && occupant.task.assignment === assignment) {
        return occupant.task;
      }
    }
    return null;
  }

  *#running(): Iterable<{ readonly assignment: Assignment; readonly since: number }> {
    for (const { occupant } of this.#slots) {
      if (occupant === null) continue;
      const { running } = occupant.kind === "worker" ? occupant.worker : occupant.task;
      if (running !== null) yield running;
    }
  }

  /** An attempt ends without a word of a worker. */
  #endHere(assignment: Assignment, outcome: AttemptOutcome): void {
    if (this.#endedHere.length === 0) queueMicrotask(() => this.#tellEnded());
    this.#endedHere.push(assignment.finish(outcome, {}));
  }

  #tellEnded(): void {
    const ended = this.#endedHere;
    this.#endedHere = [];
    if (ended.length > 0) this.#finish(ended);
  }

  #finish(attempts: readonly FinishedAttempt[]): void {
    for (const { taskId } of attempts) {
      if (this.#profile.sandbox) {
        const folder = this.#tasks.get(taskId)?.folder ?? null;
        if (folder !== null) void removeSandbox(folder);
      }
      this.#tasks.delete(taskId);
    }
    this.#events.finished(attempts);
    if (this.capacity() > 0) this.#events.roomForMore();
  }

  // -- tasks that wait behind a long one ------------------------------------------------------------------

  #rebalanceSoon(): void {
    if (this.#rebalanceTimer !== undefined || !this.#couldRebalance()) return;
    this.#rebalanceTimer = setTimeout(() => {
      this.#rebalanceTimer = undefined;
      if (this.#couldRebalance()) this.#rebalance();
      this.#rebalanceSoon();
    }, LONG_TASK);
  }

  #couldRebalance(): boolean {
    return this.#slots.some((slot) => slot.isFree) &&
      this.#slots.some((slot) => (slot.worker?.waiting ?? 0) > 0);
  }

  #rebalance(): void {
    const now = performance.now();
    for (const { worker } of this.#slots) {
      if (worker === null || worker.running === null || worker.waiting === 0) continue;
      if (now - worker.running.since >= LONG_TASK) worker.recall();
    }
  }
}
