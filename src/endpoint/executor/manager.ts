/**
 * The manager of a machine: takes attempts, sees to the life of workers, and tells the ends.
 *
 * Invariants, cited below:
 *
 * 1. Every attempt that was given to `run` is in `#tasks` until its one `finished`.
 * 2. A task is in exactly one place: a queue, a warm worker, a shell task, or the worker of its own
 *    that starts for it.
 * 3. A worker or shell task in `#live` has not ended; `close` waits for each.
 */
import type { TaskError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { MAX_WARM_IMAGES } from "../../contract/limits.ts";
import { IDLE_SLOT, type PictureSlot } from "../../contract/protocol/machine_picture.ts";
import { wallClock } from "../../lib/clock.ts";
import { logger } from "../../lib/log.ts";
import { messageOf, ok } from "../../lib/outcome.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { isLastAttempt } from "../attempts.ts";
import { Assignment, type EndReason } from "./assignment.ts";
import { Deadlines } from "./deadlines.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EndedHere } from "./ended_here.ts";
import type { Executor, ExecutorEvents, FinishedAttempt, TaskAttempt } from "./executor.ts";
import { chooseImage } from "./containers/containers.ts";
import { containerNotStarted } from "./containers/start_failure.ts";
import { exitText, isJobEndSignal } from "./exit_reason.ts";
import { type FunctionNeeds, FunctionRuntimes } from "./function_runtimes.ts";
import type { Abandoned } from "./held_tasks.ts";
import { IdleWorkers } from "./idle_workers.ts";
import { killLeftovers } from "./leftovers.ts";
import {
  bytecodeHint,
  endedOutcome,
  noFolder,
  NOT_IN_CONTAINERS,
  notStarted,
  runtimeMissing,
  STOPPED,
  workerLost,
} from "./outcomes.ts";
import { Pace } from "./pace.ts";
import { availableRuntimes, type RuntimeSet } from "./runtime_set.ts";
import { MemoryWatch } from "./resources/memory_watch.ts";
import { Placement } from "./resources/placement.ts";
import type { SlotPlacements } from "./resources/slot_placements.ts";
import type { SlotResources } from "./resources/slot_plan.ts";
import { needsOf, type TaskNeeds } from "./resources/task_needs.ts";
import type { EnvironmentId, RuntimeName, WorkerRuntime } from "./runtimes/runtime.ts";
import { SandboxFolders } from "./sandbox_folders.ts";
import { ShellTask } from "./shell_task.ts";
import type { Slot } from "./slot.ts";
import { WarmWorker, type WarmWorkerOptions } from "./warm_worker.ts";
import type { WorkerEnd } from "./worker_process.ts";

const log = logger("executor");

/** A task whose worker died so often before it was known to begin counts as what killed them. */
const MAX_RETURNS = 3;
/** How long a worker has to give tasks back before it is ended with them, milliseconds. */
const RECALL_TIME = 1_000;

const NO_IMAGES: readonly string[] = [];

/** Where a task runs. */
interface Place {
  readonly environment: EnvironmentId;
  readonly image: string | null;
  /** Why it cannot run. */
  readonly error: TaskError | null;
}

export interface ManagerOptions {
  readonly executor: ResolvedExecutor;
  readonly events: ExecutorEvents;
  readonly runtimes: RuntimeSet;
  readonly placements: SlotPlacements;
  /** In the environment of all that it starts. */
  readonly managerId: string;
  /** Where workers write large results; absolute. */
  readonly resultFolder: string;
}

export class Manager implements Executor {
  readonly runtimes: readonly string[];
  readonly pythonVersion?: string;
  readonly #profile: ResolvedExecutor;
  readonly #events: ExecutorEvents;
  readonly #set: RuntimeSet;
  readonly #managerId: string;
  readonly #resultFolder: string;
  readonly #dispatcher: Dispatcher;
  readonly #placements: SlotPlacements;
  /** Of the slots, and what a task needs that asks for nothing. */
  readonly #resources: readonly SlotResources[];
  readonly #usualNeeds: TaskNeeds;
  readonly #deadlines: Deadlines;
  readonly #memory: MemoryWatch;
  readonly #pace = new Pace();
  readonly #tasks = new Map<TaskId, Assignment>();
  readonly #runtimes = new FunctionRuntimes();
  readonly #live = new Set<WarmWorker | ShellTask>();
  readonly #sandboxes: SandboxFolders;
  readonly #idleWorkers: IdleWorkers;
  readonly #endedHere = new EndedHere((attempts) => this.#finish(attempts));
  #order = 0;
  /** How many of what workers give back goes on to whoever asked for it. */
  #owed = 0;
  /** Open takes tasks; draining begins none; closed ends those that run. */
  #phase: "open" | "draining" | "closed" = "open";

  constructor(options: ManagerOptions) {
    this.#profile = options.executor;
    this.#events = options.events;
    this.#set = options.runtimes;
    this.#managerId = options.managerId;
    this.#resultFolder = options.resultFolder;
    this.runtimes = availableRuntimes(options.runtimes);
    const { python } = options.runtimes;
    if (python.kind === "available") this.pythonVersion = python.runtime.version;
    this.#placements = options.placements;
    this.#resources = options.placements.slots.map(({ resources }) => resources);
    this.#usualNeeds = { slots: 1, memory: options.executor.slot.memory };
    this.#dispatcher = new Dispatcher({
      placements: options.placements.slots,
      prefetch: options.executor.prefetch,
      prepare: (assignment) => this.#prepare(assignment),
      startWorker: (slot, id) => this.#startWorker(slot, id),
      runShell: (slot, assignment) => this.#runShell(slot, assignment, slot.placement),
      runWide: (slots, assignment) => this.#runWide(slots, assignment),
      slowedDown: () => this.#giveBackExcess(),
    });
    this.#sandboxes = new SandboxFolders(options.executor.workingFolder);
    this.#idleWorkers = new IdleWorkers(this.#dispatcher.slots, options.executor.idleSeconds);
    this.#deadlines = new Deadlines({
      running: () => this.#dispatcher.running(),
      expired: (assignment) => this.#endTask(assignment, "walltime"),
    });
    this.#memory = new MemoryWatch({
      running: () => this.#dispatcher.running(),
      exceeded: (assignment, bytes) => {
        assignment.memoryUsed = bytes;
        this.#endTask(assignment, "memory");
      },
    });
  }

  capacity(): number {
    return Math.max(0, this.wanted - this.#tasks.size);
  }

  /** How many attempts it wants to have in all. */
  get wanted(): number {
    if (this.#phase !== "open") return 0;
    const { wanted, base } = this.#dispatcher;
    return Math.min(wanted, Math.max(base, this.#pace.limit));
  }

  run(attempts: readonly TaskAttempt[]): void {
    const givenAt = wallClock();
    this.#owed = 0;
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
    const { slots } = this.#dispatcher;
    return {
      managers: 1,
      total_workers: slots.length,
      idle_workers: slots.filter((slot) => slot.isFree).length,
      outstanding_tasks: this.#tasks.size,
    };
  }

  /** What each of its slots does at the moment. */
  pictureOfSlots(): PictureSlot[] {
    return this.#dispatcher.slots.map(({ assignment }) => {
      if (assignment === null) return IDLE_SLOT;
      const { attempt: { taskId, functionId }, begunAt } = assignment;
      return { task_id: taskId, function_id: functionId, since: begunAt };
    });
  }

  recall(): void {
    if (this.#phase !== "open") return;
    this.#phase = "draining";
    this.#dispatcher.stop();
    for (const queue of this.#dispatcher.allQueues) {
      this.#endedHere.end(queue.drain(), { kind: "returned" });
    }
    for (const { worker } of this.#dispatcher.slots) if (worker?.waiting) worker.recall();
  }

  /** Gives back so many attempts that have certainly not begun, the newest first. */
  giveBack(count: number): void {
    if (this.#phase !== "open") return;
    const missing = count - this.#giveBackQueued(count);
    if (missing <= 0) return;
    let asked = 0;
    for (const { worker } of this.#dispatcher.slots) {
      if (asked >= missing) break;
      if (worker === null || worker.waiting === 0) continue;
      asked += worker.waiting;
      worker.recall();
    }
    this.#owed = Math.min(missing, asked);
  }

  /** @returns how many. */
  #giveBackQueued(count: number): number {
    let given = 0;
    for (const queue of this.#dispatcher.allQueues) {
      const newest = queue.takeLast(count - given);
      this.#endedHere.end(newest, { kind: "returned" });
      given += newest.length;
    }
    this.#dispatcher.settle();
    return given;
  }

  async close(): Promise<void> {
    this.recall();
    this.#phase = "closed";
    this.#deadlines.stop();
    this.#memory.stop();
    this.#idleWorkers.stop();
    // A worker that ends may leave others behind, such as the next one of its slot (3).
    while (this.#live.size > 0) {
      const live = [...this.#live];
      for (const each of live) each.end();
      await Promise.all(live.map((each) => each.ended));
    }
    this.#endedHere.tellNow();
    killLeftovers(this.#managerId);
    this.#set.containers?.close();
    if (this.#set.shell.kind === "available") this.#set.shell.runtime.spawner.close();
    this.#placements.close();
    await this.#sandboxes.removed();
  }

  // -- coming in ------------------------------------------------------------------------------------

  #accept(attempt: TaskAttempt, givenAt: number): void {
    const place = this.#placeOf(this.#runtimes.of(attempt));
    const seconds = attempt.options.walltime_seconds ?? this.#profile.walltimeSeconds;
    const maxAttempts = attempt.options.max_attempts ?? this.#profile.maxAttempts;
    const { resource_specification: asked } = attempt.options;
    const needs = asked === undefined
      ? ok(this.#usualNeeds)
      : needsOf(asked, this.#resources, this.#profile.slot.memory);
    const assignment = new Assignment({
      attempt,
      environment: place.environment,
      image: place.image,
      order: this.#order++,
      givenAt,
      walltime: seconds === null ? null : seconds * 1_000,
      alone: isLastAttempt({ attempt: attempt.attempt, moved: attempt.moved ?? 0 }, maxAttempts),
      needs: needs.kind === "ok" ? needs.value : this.#usualNeeds,
    });
    this.#tasks.set(attempt.taskId, assignment);
    const error = needs.kind === "ok" ? place.error : needs.failure;
    if (this.#phase !== "open") this.#endedHere.end([assignment], { kind: "returned" });
    else if (error !== null) this.#endedHere.end([assignment], { kind: "failed", error });
    else this.#dispatcher.queueOf(assignment).push(assignment);
  }

  /** Where a task of the function runs, or why it cannot run now. */
  #placeOf({ runtime, image }: FunctionNeeds): Place {
    const choice = chooseImage(this.#profile.container, image);
    switch (choice.kind) {
      case "refused":
        return { environment: runtime, image: null, error: choice.error };
      case "none":
        return { environment: runtime, image: null, error: this.#obstacle(runtime) };
      case "image":
        return this.#placeInside(runtime, choice.image);
    }
  }

  #placeInside(runtime: RuntimeName, image: string): Place {
    const isOffered = runtime !== "typescript" && this.#profile.runtimes[runtime] !== null;
    // A command is started by the shell outside.
    const error = runtime === "typescript"
      ? NOT_IN_CONTAINERS
      : !isOffered || (runtime === "shell" && this.#set.shell.kind === "missing")
      ? this.#obstacle(runtime)
      : null;
    if (error !== null || runtime !== "python") return { environment: runtime, image, error };
    const environment = `python@${image}` as const;
    this.#dispatcher.addEnvironment(environment);
    return { environment, image, error: this.#dispatcher.health[environment].error };
  }

  /** Why no task of the runtime can run now, outside of containers. */
  #obstacle(runtime: RuntimeName): TaskError | null {
    const detected = this.#set[runtime];
    if (detected.kind === "missing") {
      return runtimeMissing(runtime, detected.reason, detected.hint);
    }
    return runtime === "shell" ? null : this.#dispatcher.health[runtime].error;
  }

  #dispatch(): void {
    if (this.#phase === "open") this.#dispatcher.dispatch();
  }

  /** Makes the sandbox, if the profile wants one. */
  #prepare(assignment: Assignment): boolean {
    if (!this.#profile.sandbox || assignment.folder !== null) return true;
    try {
      assignment.folder = this.#sandboxes.make(assignment.attempt);
      return true;
    } catch (thrown) {
      const error = noFolder(messageOf(thrown), this.#profile.workingFolder);
      this.#endedHere.end([assignment], { kind: "failed", error });
      return false;
    }
  }

  // -- workers --------------------------------------------------------------------------------------

  #startWorker(slot: Slot, id: WorkerRuntime["id"]): void {
    const runtime = this.#runtimeOf(id);
    if (runtime === null) return;
    slot.makeRoom();
    const worker: WarmWorker = new WarmWorker({
      ...this.#workerOptions(runtime, slot.placement),
      oneAtATime: this.#profile.sandbox && id === "typescript",
    }, {
      ready: () => {
        this.#dispatcher.health[id].started();
        this.#leaveIfIdle(slot, worker);
        this.#dispatch();
      },
      started: (assignment) => this.#started(assignment),
      finished: (attempts) => {
        this.#leaveIfIdle(slot, worker);
        // The next batch is on its way before anybody hears of this one.
        this.#dispatch();
        this.#finish(attempts);
      },
      returned: (assignments) => this.#returned(slot, worker, assignments),
      ended: (end, abandoned) => this.#workerEnded(slot, worker, end, abandoned),
    });
    this.#live.add(worker);
    slot.occupy(worker);
  }

  #workerOptions(
    runtime: WorkerRuntime,
    placement: Placement,
  ): Omit<WarmWorkerOptions, "oneAtATime"> {
    return {
      runtime,
      placement,
      workingFolder: this.#profile.workingFolder,
      resultFolder: this.#resultFolder,
      maxResultBytes: this.#profile.maxResultBytes,
      baseCredits: 1 + this.#profile.prefetch,
      output: this.#events,
    };
  }

  /** Runs a task with what all these slots have: in a worker of its own, which ends with it. */
  #runWide(slots: readonly Slot[], assignment: Assignment): void {
    const [first] = slots as [Slot];
    const placement = Placement.of(slots.map((slot) => slot.placement));
    const id = assignment.environment;
    if (id === "shell") return this.#runShell(first, assignment, placement);
    const runtime = this.#runtimeOf(id);
    if (runtime === null) return;
    let isGiven = false;
    const worker: WarmWorker = new WarmWorker({
      ...this.#workerOptions(runtime, placement),
      oneAtATime: true,
    }, {
      ready: () => {
        this.#dispatcher.health[id].started();
        if (this.#phase !== "open") return worker.end();
        isGiven = true;
        worker.assign([assignment]);
        this.#dispatch();
      },
      started: () => this.#started(assignment),
      finished: (attempts) => {
        worker.end();
        this.#finish(attempts);
      },
      returned: (assignments) => this.#returned(first, worker, assignments),
      ended: (end, { begun, notBegun }) => {
        this.#dispatcher.wide.release(assignment);
        const neverGiven = isGiven ? [] : [assignment];
        const abandoned = { begun, notBegun: [...notBegun, ...neverGiven] };
        this.#workerEnded(first, worker, end, abandoned);
      },
    });
    this.#live.add(worker);
    first.occupyOnce(worker);
  }

  #runtimeOf(id: WorkerRuntime["id"]): WorkerRuntime | null {
    if (id === "typescript" || id === "python") {
      const detected = this.#set[id];
      return detected.kind === "missing" ? null : detected.runtime;
    }
    return this.#set.containers?.python(id.slice("python@".length)) ?? null;
  }

  /** Images that it has workers in, the last ones used. */
  get warmImages(): readonly string[] {
    if (this.#set.containers === null) return NO_IMAGES;
    const images = new Set<string>();
    for (const slot of this.#dispatcher.slots) {
      for (const { runtime: { image }, isReady } of slot.workers) {
        if (image !== undefined && isReady) images.add(image);
      }
    }
    return [...images].slice(-MAX_WARM_IMAGES);
  }

  /** An idle worker leaves its slot free for any runtime, and stays warm. */
  #leaveIfIdle(slot: Slot, worker: WarmWorker): void {
    if (slot.worker !== worker || !worker.isIdle) return;
    slot.leave();
    worker.idleSince = performance.now();
    this.#idleWorkers.watch();
    if (!worker.isWornOut) return;
    slot.remove(worker);
    worker.end();
  }

  #workerEnded(
    slot: Slot,
    worker: WarmWorker,
    end: WorkerEnd,
    { begun, notBegun }: Pick<Abandoned, "begun" | "notBegun">,
  ): void {
    this.#live.delete(worker);
    slot.remove(worker);
    const isClosed = this.#phase === "closed";
    const error = isClosed ? STOPPED : workerLost(
      worker.runtime.name,
      worker.pid,
      end,
      bytecodeHint(begun[0], end, worker.details.version),
    );
    for (const assignment of begun) assignment.isSignalled = isJobEndSignal(end.signal);
    const unlucky = notBegun.filter((assignment) => ++assignment.returns >= MAX_RETURNS);
    this.#endedHere.end([...begun, ...unlucky], { kind: "lost", error }, worker.details);
    this.#requeue(notBegun.filter((assignment) => !unlucky.includes(assignment)));
    const isGivenUp = notBegun.some(({ endReason }) => endReason !== null);
    if (!worker.wasReady && !isClosed && !isGivenUp) this.#startFailed(worker, end);
    else if (begun.length > 0) log.warn("{message}", { message: error.message });
    this.#dispatch();
  }

  #startFailed(worker: WarmWorker, end: WorkerEnd): void {
    const { id, name, command, image } = worker.runtime;
    const error = image === undefined ? notStarted(name, command[0]!, end) : containerNotStarted({
      program: this.#set.containers!.program,
      image,
      inside: command[0]!,
      how: end.startFailure ?? exitText(end),
      lastWords: end.lastWords,
    });
    log.error("{message}", { message: error.message });
    const delay = this.#dispatcher.health[id].failed(error);
    if (delay !== null) setTimeout(() => this.#dispatch(), delay);
    else this.#endedHere.end(this.#dispatcher.drain(id), { kind: "failed", error });
  }

  #runShell(slot: Slot, assignment: Assignment, placement: Placement): void {
    const detected = this.#set.shell;
    if (detected.kind === "missing") return;
    const task: ShellTask = new ShellTask({
      assignment,
      runtime: detected.runtime,
      containers: this.#set.containers,
      folder: assignment.folder ?? this.#profile.workingFolder,
      placement,
      output: this.#events,
    }, {
      started: () => this.#started(assignment),
      ended: (outcome, details) => {
        this.#live.delete(task);
        slot.leave();
        if (assignment.slots > 1) this.#dispatcher.wide.release(assignment);
        this.#dispatcher.shellEnded(task.duration);
        const isClosed = this.#phase === "closed";
        const ended = isClosed ? { kind: "lost", error: STOPPED } as const : outcome;
        this.#dispatch();
        this.#finish([assignment.finish(endedOutcome(assignment) ?? ended, details)]);
      },
    });
    this.#live.add(task);
    slot.occupyByShell(task);
  }

  // -- moves of tasks -------------------------------------------------------------------------------

  #started(assignment: Assignment): void {
    const event = assignment.runningEvent;
    if (event !== null) this.#events.started([{ taskId: assignment.attempt.taskId, event }]);
    if (assignment.walltime !== null) this.#deadlines.watch(assignment.walltime);
    if (assignment.memory !== null) this.#memory.watch();
  }

  /** Puts back what a worker had not begun, but for what has been ended meanwhile. */
  #requeue(assignments: readonly Assignment[]): void {
    const isOpen = this.#phase === "open";
    const ended = assignments.filter(({ endReason }) => !isOpen || endReason !== null);
    this.#endedHere.end(ended, { kind: "returned" });
    const rest = assignments.filter((assignment) => !ended.includes(assignment));
    const again = rest.slice(0, Math.max(0, rest.length - this.#owed));
    this.#endedHere.end(rest.slice(again.length), { kind: "returned" });
    this.#owed = Math.max(0, this.#owed - rest.length);
    if (again.length > 0) this.#dispatcher.queueOf(again[0]!).putBack(again);
  }

  #returned(slot: Slot, worker: WarmWorker, assignments: readonly Assignment[]): void {
    this.#requeue(assignments);
    // The task that is to be ended is alone now.
    if (worker.running !== null && worker.running.assignment.endReason !== null) worker.end();
    this.#leaveIfIdle(slot, worker);
    this.#dispatch();
    this.#giveBackExcess();
  }

  /** Gives tasks back that were asked for while tasks were quick; twice what is wanted may stay. */
  #giveBackExcess(): void {
    const excess = this.#tasks.size - this.#endedHere.size - 2 * this.#dispatcher.wanted;
    if (excess > 0) this.#giveBackQueued(excess);
  }

  /** Ends a task wherever it is; its neighbours in the worker are taken back first. */
  #endTask(assignment: Assignment, reason: EndReason): void {
    assignment.endReason ??= reason;
    const place = this.#dispatcher.placeOf(assignment);
    if (place === null) {
      // Then it waits in its queue (2).
      this.#dispatcher.queueOf(assignment).forgetOne();
      this.#endedHere.end([assignment], { kind: "cancelled" });
      // Slots may be held for it.
      if (assignment.slots > 1) this.#dispatch();
    } else if (place instanceof WarmWorker && place.waiting > 0) {
      place.recall();
      // One that only waits there ends when the worker answers; it is not worth the one that runs.
      setTimeout(() => {
        const { running } = place;
        const sparesOther = running !== null && running.assignment !== assignment;
        if (place.holds(assignment) && !sparesOther) place.end();
      }, RECALL_TIME);
    } else place.end();
  }

  #finish(attempts: readonly FinishedAttempt[]): void {
    const held = this.#tasks.size;
    const now = wallClock();
    let heldFor = 0;
    for (const { taskId } of attempts) {
      const { folder, givenAt } = this.#tasks.get(taskId)!;
      heldFor += now - givenAt;
      if (folder !== null) this.#sandboxes.remove(folder);
      this.#tasks.delete(taskId);
    }
    this.#pace.observe(held, heldFor / attempts.length);
    this.#events.finished(attempts);
    if (this.capacity() > 0) this.#events.roomForMore();
  }
}
