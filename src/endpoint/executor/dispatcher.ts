/**
 * Which task goes to which slot. Starts nothing itself: what it decides is done by its owner.
 *
 * What workers and queues hold is on credit. It is some milliseconds of work as measured, and when a
 * task takes longer than that, what waits behind it is taken back: to a worker that is free, else
 * into the queue, and what is too much there to whoever gave it, who may have something more urgent.
 */
import { BATCH_BYTES } from "../../contract/limits.ts";
import type { Assignment } from "./assignment.ts";
import { Credits } from "./credits.ts";
import type { Placement } from "./resources/placement.ts";
import { type EnvironmentId, RUNTIMES, type WorkerRuntime } from "./runtimes/runtime.ts";
import type { ShellTask } from "./shell_task.ts";
import { Slot } from "./slot.ts";
import { StartHealth } from "./start_health.ts";
import { TaskQueue } from "./task_queue.ts";
import type { WarmWorker } from "./warm_worker.ts";
import { WideTasks } from "./wide_tasks.ts";

/** A task that others wait behind in its worker is long after this time, milliseconds. */
const LONG_TASK = 10;
/** Beyond so many, environments that nothing waits for or runs in are forgotten. */
const MAX_ENVIRONMENTS = 100;

export interface DispatcherOptions {
  /** Where the slots have their processes. */
  readonly placements: readonly Placement[];
  /** Tasks that a worker holds besides the one that it runs, however slow they are. */
  readonly prefetch: number;
  /** Last preparations; false when the task has ended instead. */
  prepare(assignment: Assignment): boolean;
  /** Starts a worker that occupies the slot. */
  startWorker(slot: Slot, id: WorkerRuntime["id"]): void;
  /** Starts a command that occupies the slot. */
  runShell(slot: Slot, assignment: Assignment): void;
  /** Starts a task that takes all these slots, which are held for it; it occupies the first. */
  runWide(slots: readonly Slot[], assignment: Assignment): void;
  /** Tasks take longer than what was asked for stands for. */
  slowedDown(): void;
}

export interface RunningTask {
  readonly assignment: Assignment;
  /** By `performance.now()`. */
  readonly since: number;
  /** Leader of its process group. */
  readonly pid: number | undefined;
}

export class Dispatcher {
  readonly slots: readonly Slot[];
  /** Those of the runtimes, and of containers that tasks have asked for. */
  readonly queues: Record<EnvironmentId, TaskQueue> = {
    typescript: new TaskQueue(),
    python: new TaskQueue(),
    shell: new TaskQueue(),
  };
  readonly wide: WideTasks;
  readonly health: Record<WorkerRuntime["id"], StartHealth> = {
    typescript: new StartHealth(),
    python: new StartHealth(),
  };
  #environments: readonly EnvironmentId[] = RUNTIMES;
  readonly #options: DispatcherOptions;
  /** By how long commands take: what should be at hand for the slots that run them. */
  #shellCredits = new Credits(1);
  #rebalanceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.slots = options.placements.map((placement) => new Slot(placement));
    this.wide = new WideTasks(this.slots);
  }

  /** Tasks may come for this container. */
  addEnvironment(id: WorkerRuntime["id"]): void {
    if (Object.hasOwn(this.queues, id)) return;
    if (this.#environments.length >= MAX_ENVIRONMENTS) this.#forgetUnused();
    this.queues[id] = new TaskQueue();
    this.health[id] = new StartHealth();
    this.#environments = [...this.#environments, id];
  }

  #forgetUnused(): void {
    const used = new Set<EnvironmentId>(RUNTIMES);
    for (const { environment } of this.wide.queue.waiting) used.add(environment);
    for (const { serving, workers } of this.slots) {
      if (serving !== null) used.add(serving);
      for (const { runtime } of workers) used.add(runtime.id);
    }
    for (const id of this.#environments) {
      if (id === "shell" || used.has(id) || this.queues[id].size > 0) continue;
      delete this.queues[id];
      delete this.health[id];
    }
    this.#environments = this.#environments.filter((id) => Object.hasOwn(this.queues, id));
  }

  /** How many tasks the slots want to have when tasks are slow. */
  get base(): number {
    return this.slots.length * (1 + this.#options.prefetch);
  }

  /** How many tasks the slots want to have, in workers and queues. */
  get wanted(): number {
    return this.slots.reduce((sum, slot) => sum + this.#wantedBy(slot), 0);
  }

  /** One that has just run dry wants as much as it did before. */
  #wantedBy({ last }: Slot): number {
    if (last === null) return 1 + this.#options.prefetch;
    // Commands have no worker that holds the next ones, so all of them are at hand here.
    if (last === "shell") {
      return 1 + Math.max(this.#options.prefetch, 2 * this.#shellCredits.reserve);
    }
    return last.credits + last.reserve;
  }

  /** A command has ended that took so many milliseconds. */
  shellEnded(duration: number): void {
    this.#shellCredits.observe(1, duration, duration);
  }

  *running(): Iterable<RunningTask> {
    for (const { occupant } of this.slots) {
      if (occupant === null) continue;
      const { running, pid } = occupant.kind === "worker" ? occupant.worker : occupant.task;
      if (running !== null) yield { ...running, pid };
    }
  }

  /** Where it waits, or waited. */
  queueOf({ slots, environment }: Assignment): TaskQueue {
    return slots > 1 ? this.wide.queue : this.queues[environment];
  }

  /** Takes out all that wait for the environment. */
  drain(id: EnvironmentId): Assignment[] {
    const wide = this.wide.queue.drain();
    this.wide.queue.putBack(wide.filter(({ environment }) => environment !== id));
    const others = wide.filter(({ environment }) => environment === id);
    return [...this.queues[id].drain(), ...others];
  }

  /** All queues. */
  get allQueues(): TaskQueue[] {
    return [...this.#environments.map((id) => this.queues[id]), this.wide.queue];
  }

  /** What has the task; null if it waits in a queue. */
  placeOf(assignment: Assignment): WarmWorker | ShellTask | null {
    for (const { occupant, heldFor } of this.slots) {
      if (occupant?.kind === "worker") {
        if (heldFor === assignment || occupant.worker.holds(assignment)) return occupant.worker;
      }
      if (occupant?.kind === "shell" && occupant.task.assignment === assignment) {
        return occupant.task;
      }
    }
    return null;
  }

  /** Hands out what can be handed out now. */
  dispatch(): void {
    this.settle();
    this.#fillFreeSlots();
    this.#topUpWorkers();
    this.#rebalanceSoon();
  }

  /** Lets go of slots that are held for a task whose turn it is not any more. */
  settle(): void {
    if (!this.wide.isGathering) return;
    this.wide.settle(this.#environments.map((id) => this.queues[id].peek()));
  }

  /** Hands out nothing more by itself. */
  stop(): void {
    clearTimeout(this.#rebalanceTimer);
  }

  // -- free slots -----------------------------------------------------------------------------------

  #fillFreeSlots(): void {
    for (;;) {
      const runtime = this.#nextToServe();
      if (this.#isWideNext(runtime === null ? undefined : this.queues[runtime].peek())) {
        if (!this.#startWide()) return;
        continue;
      }
      const slot = runtime === null ? null : this.#freeSlotFor(runtime);
      if (runtime === null || slot === null) return;
      this.#serve(slot, runtime);
    }
  }

  #serve(slot: Slot, runtime: EnvironmentId): void {
    if (runtime === "shell") {
      const assignment = this.queues.shell.shift();
      if (assignment === undefined || !this.#options.prepare(assignment)) return;
      this.#options.runShell(slot, assignment);
      return;
    }
    const worker = slot.warm(runtime);
    if (worker === null) {
      this.#options.startWorker(slot, runtime);
      return;
    }
    slot.occupy(worker);
    this.#give(worker, this.#shareOf(runtime));
    if (worker.isIdle) slot.leave();
  }

  /** Whether a task that takes several slots has its turn before this one. */
  #isWideNext(other: Assignment | undefined): boolean {
    const { next } = this.wide;
    if (next === undefined || (other !== undefined && other.order < next.order)) return false;
    const { environment } = next;
    return environment === "shell" ||
      this.#startingCount(environment) < this.health[environment].startsAllowed;
  }

  /** False when slots are missing; then all that are free are held. */
  #startWide(): boolean {
    const gathered = this.wide.gather();
    if (gathered === null) return false;
    const { assignment, slots } = gathered;
    if (this.#options.prepare(assignment)) this.#options.runWide(slots, assignment);
    else this.wide.release(assignment);
    return true;
  }

  /** The runtime of the oldest task that can use another slot. */
  #nextToServe(): EnvironmentId | null {
    let oldest: Assignment | undefined;
    for (const name of this.#environments) {
      const first = this.queues[name].peek();
      if (first === undefined || !this.#canUseSlot(name)) continue;
      if (oldest === undefined || first.order < oldest.order) oldest = first;
    }
    return oldest?.environment ?? null;
  }

  #canUseSlot(runtime: EnvironmentId): boolean {
    if (runtime === "shell") return true;
    if (this.slots.some((slot) => slot.isFree && slot.warm(runtime) !== null)) return true;
    // Workers that are starting will take a task each.
    const starting = this.#startingCount(runtime);
    return starting < this.queues[runtime].size && starting < this.health[runtime].startsAllowed;
  }

  #startingCount(runtime: EnvironmentId): number {
    return this.slots.filter((slot) => slot.serving === runtime && !slot.worker?.isReady).length;
  }

  /** One with a warm worker of the runtime, else the one with the fewest workers. */
  #freeSlotFor(runtime: EnvironmentId): Slot | null {
    let best: Slot | null = null;
    for (const slot of this.slots) {
      if (!slot.isFree) continue;
      if (slot.warm(runtime) !== null) return slot;
      if (best === null || slot.warmCount < best.warmCount) best = slot;
    }
    return best;
  }

  // -- workers that run already ---------------------------------------------------------------------

  /** What one worker gets of the queue, so that all that serve the runtime get some. */
  #shareOf(runtime: EnvironmentId): number {
    const serving = this.slots.filter((slot) => slot.isFree || slot.serving === runtime).length;
    return Math.max(1, Math.ceil(this.queues[runtime].size / Math.max(1, serving)));
  }

  #topUpWorkers(): void {
    for (const { worker } of this.slots) {
      if (worker === null || !worker.isLow) continue;
      const name = worker.runtime.id;
      if (this.queues[name].size === 0 || this.#mustYield(name)) continue;
      this.#give(worker, this.#shareOf(name));
    }
  }

  /** An older task of a runtime that no slot serves is to get the next slot that is free. */
  #mustYield(runtime: EnvironmentId): boolean {
    const own = this.queues[runtime].peek();
    if (this.#isWideNext(own)) return true;
    return this.#environments.some((other) => {
      const first = other === runtime ? undefined : this.queues[other].peek();
      if (first === undefined || own === undefined || first.order > own.order) return false;
      return !this.slots.some((slot) => slot.serving === other) && this.#canUseSlot(other);
    });
  }

  /** Hands at most `share` tasks to the worker, as far as it has room. */
  #give(worker: WarmWorker, share: number): void {
    const queue = this.queues[worker.runtime.id];
    const room = Math.min(share, worker.room);
    const given: Assignment[] = [];
    let bytes = worker.heldBytes;
    for (let next = queue.peek(); next !== undefined && given.length < room; next = queue.peek()) {
      const exposed = next.alone && !worker.runtime.reportsEachBegin;
      const size = next.attempt.payload.length;
      const isFirst = given.length === 0 && worker.isIdle;
      if (!isFirst && (exposed || bytes + size > BATCH_BYTES)) break;
      queue.shift();
      if (!this.#options.prepare(next)) continue;
      bytes += size;
      given.push(next);
      if (exposed) break;
    }
    if (given.length > 0) worker.assign(given);
  }

  // -- tasks that wait behind a long one ------------------------------------------------------------

  /** Looks at what waits as long as something does. */
  #rebalanceSoon(): void {
    if (this.#rebalanceTimer !== undefined || !this.#hasWaiting()) return;
    this.#rebalanceTimer = setTimeout(() => {
      this.#rebalanceTimer = undefined;
      this.#rebalance();
      this.#rebalanceSoon();
    }, LONG_TASK);
  }

  #hasWaiting(): boolean {
    return this.queues.shell.size > 0 || this.slots.some((slot) => (slot.worker?.waiting ?? 0) > 0);
  }

  #rebalance(): void {
    const isOneFree = this.slots.some((slot) => slot.isFree);
    let slowedDown = this.#shellSlowedDown();
    for (const { worker } of this.slots) {
      if (worker === null || worker.running === null || worker.waiting === 0) continue;
      if (worker.isOverdue) {
        worker.withdraw();
        slowedDown = true;
      }
      if (isOneFree && performance.now() - worker.running.since >= LONG_TASK) worker.recall();
    }
    if (slowedDown) this.#options.slowedDown();
  }

  /** A command takes longer than those before it did, so nothing should wait for its end. */
  #shellSlowedDown(): boolean {
    if (this.queues.shell.size === 0) return false;
    const { patience } = this.#shellCredits;
    const isOverdue = this.slots.some(({ occupant }) =>
      occupant?.kind === "shell" && occupant.task.duration > patience
    );
    if (isOverdue) this.#shellCredits = new Credits(1);
    return isOverdue;
  }
}
