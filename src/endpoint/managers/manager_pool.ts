/**
 * The executor of an agent that has managers on other nodes: spreads attempts over them, and over the
 * one of this machine where there is one.
 *
 * Invariants, cited below:
 *
 * 1. An attempt is in exactly one place: with the local executor, with a manager, in `#unplaced`,
 *    waiting with the placer for whole nodes, or with the orphans. Each place tells its end once.
 * 2. `#totals` is the sum of what each manager was counted with last; `#open` has those with room.
 * 3. A manager is on disk as known before it is welcomed, until it is gone.
 */
import { endWithoutWorker } from "../executor/end_without_worker.ts";
import type { TaskError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import {
  MAX_NODE_SLOTS,
  MAX_PICTURE_NODES,
  type PictureNode,
  pictureOfFacts,
  type PictureSlot,
} from "../../contract/protocol/machine_picture.ts";
import type { ManagerHello } from "../../contract/protocol/manager_messages.ts";
import type {
  AttemptId,
  Executor,
  ExecutorEvents,
  FinishedAttempt,
  TaskAttempt,
} from "../executor/executor.ts";
import { manageError } from "../executor/assignment.ts";
import { chooseImage } from "../executor/containers/containers.ts";
import { FunctionRuntimes } from "../executor/function_runtimes.ts";
import { STOPPED } from "../executor/outcomes.ts";
import { soon, withTimeout } from "../../lib/async.ts";
import { logger } from "../../lib/log.ts";
import { Waiters } from "../../lib/waiters.ts";
import type { ResolvedContainer } from "../../profile/container.ts";
import { Placer } from "../parallel/placer.ts";
import { nodesTaken, unfitReason } from "../parallel/specification.ts";
import type { KnownManagers } from "./known_managers.ts";
import { Orphans } from "./orphans.ts";
import { type ManagerIdentity, RemoteManager, type RemoteState } from "./remote_manager.ts";

const log = logger("managers");

/** Attempts that wait for a manager whose block lasts long enough for them. */
const MAX_UNPLACED = 1_000;
/** A manager that ends nothing for so long may have tasks behind long ones, milliseconds. */
const SLOW = 100;
/** What managers have to end at a shutdown, milliseconds: signals to process groups, and a word. */
const SHUTDOWN_TIME = 5_000;

export interface ManagerPoolOptions {
  readonly events: ExecutorEvents;
  /** The manager of this machine, if it is to run tasks too. */
  readonly local?: Executor;
  readonly known: KnownManagers;
  /** What is offered before the first manager has come. */
  readonly runtimes: readonly string[];
  readonly resultFolder: string;
  /** Milliseconds. */
  readonly reattachTimeout: number;
  /** Milliseconds; see `RemoteManagerOptions`. */
  readonly returnTime: number;
  /** Of tasks that name no walltime, milliseconds; null means no end. */
  readonly walltime: number | null;
  /** How long a block lasts, milliseconds; null where that is not known. */
  readonly blockWalltime: number | null;
  readonly nodesPerBlock: number;
  /** Of the profile. */
  readonly container: ResolvedContainer | null;
  /** Ends what brings managers here, when the last one was told to end. */
  readonly closed?: () => Promise<void>;
}

/** A manager, for `status`. */
export interface ManagerStatus extends ManagerIdentity {
  readonly state: RemoteState["kind"];
  readonly hello: ManagerHello;
  readonly workers: number;
  readonly idleWorkers: number;
  readonly outstanding: number;
  /** Whether tasks of these have whole nodes. */
  readonly hasWholeNodes: boolean;
  /** When its block's walltime ends, milliseconds since 1970; null when it does not know. */
  readonly endsAt: number | null;
  /** Whether it takes tasks: none any more where it is "ending", none of those that wait where "short". */
  readonly outlook: "open" | "short" | "ending";
  /** Of the containers that it has workers in. */
  readonly images: readonly string[];
}

/** What a manager was counted with (2). */
interface Count {
  readonly room: number;
  readonly workers: number;
  readonly idle: number;
  readonly outstanding: number;
  readonly attached: number;
}

const NO_COUNT: Count = { room: 0, workers: 0, idle: 0, outstanding: 0, attached: 0 };

export class ManagerPool implements Executor {
  readonly #options: ManagerPoolOptions;
  readonly #local: Executor | undefined;
  readonly #managers = new Map<string, RemoteManager>();
  readonly #counts = new Map<RemoteManager, Count>();
  readonly #open = new Set<RemoteManager>();
  /** With workers in containers. */
  readonly #warm = new Set<RemoteManager>();
  readonly #needs = new FunctionRuntimes();
  readonly #orphans: Orphans;
  readonly #waiters = new Waiters();
  readonly #placer = new Placer();
  #isSettling = false;
  #totals: Count = NO_COUNT;
  #pythonVersion: string | undefined;
  #unplaced: TaskAttempt[] = [];
  /** Of those, whose live output is asked for. */
  readonly #followed = new Set<TaskId>();
  #rebalanceTimer: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;
  #phase: "starting" | "open" | "draining" | "closed" = "starting";

  constructor(options: ManagerPoolOptions) {
    this.#options = options;
    this.#local = options.local;
    this.#orphans = new Orphans({
      managers: options.known.earlier,
      timeout: options.reattachTimeout,
      finished: (attempts) => options.events.finished(attempts),
      forgotten: (manager) => options.known.went(manager),
    });
  }

  /** Of all managers that are there, and of those of the profile while there are none. */
  get runtimes(): readonly string[] {
    const found = new Set(this.#local?.runtimes ?? []);
    for (const { hello } of this.#managers.values()) {
      for (const name of hello.runtimes) found.add(name);
    }
    return found.size > 0 ? [...found] : this.#options.runtimes;
  }

  /** Of the manager that came last and has one, though it has gone since. */
  get pythonVersion(): string | undefined {
    return this.#local?.pythonVersion ?? this.#pythonVersion;
  }

  /** Whether managers of an earlier agent may come back with what it gave them. */
  get awaitsManagers(): boolean {
    return this.#orphans.isWaiting;
  }

  get managers(): ManagerStatus[] {
    const shortest = this.#shortestWaiting();
    return [...this.#managers.values()].map((manager) => ({
      managerId: manager.managerId,
      blockId: manager.blockId,
      hostname: manager.hostname,
      state: manager.state.kind,
      hello: manager.hello,
      workers: manager.workers,
      idleWorkers: manager.idleWorkers,
      outstanding: manager.outstanding,
      hasWholeNodes: manager.outstanding > manager.load,
      endsAt: manager.endsAt,
      outlook: outlookOf(manager, shortest),
      images: [...manager.images],
    }));
  }

  /** Milliseconds, of the tasks that wait here for a manager; 0 for no end, undefined without tasks. */
  #shortestWaiting(): number | undefined {
    const walltimes = this.#unplaced.map((attempt) => this.#walltimeOf(attempt))
      .concat(this.#placer.walltimes);
    if (walltimes.length === 0) return undefined;
    return walltimes.reduce<number>((least, each) => Math.min(least, each ?? 0), Infinity);
  }

  // -- managers come and go -------------------------------------------------------------------------

  /** Whether managers are welcome: not before the attempts of an earlier agent are known. */
  get takesManagers(): boolean {
    return this.#phase === "open";
  }

  /**
   * A manager says hello: the one that it is, and what it holds that nobody asks for. Only while
   * `takesManagers`. Throws the system's error when it cannot be noted (3).
   */
  attach(
    hello: ManagerHello,
    blockId: string,
  ): { manager: RemoteManager } & ReturnType<RemoteManager["attach"]> {
    const identity = { managerId: hello.manager_id, blockId, hostname: hello.hostname };
    let manager = this.#managers.get(hello.manager_id);
    if (manager !== undefined && manager.blockId !== blockId) {
      manager.leave("it came back from another block");
      manager = undefined;
    }
    if (manager === undefined) {
      this.#options.known.came(identity);
      manager = this.#make(identity, hello);
      this.#managers.set(hello.manager_id, manager);
    }
    this.#pythonVersion = hello.python_version ?? this.#pythonVersion;
    const claimed = this.#orphans.claim(hello);
    const answer = manager.attach(hello, claimed);
    this.#placer.came(manager, onNodesOf(hello, claimed));
    manager.cancel(this.#orphans.cancelledOf(claimed));
    for (const taskId of this.#orphans.followedOf(claimed)) manager.follow(taskId, true);
    return { manager, ...answer };
  }

  #make(identity: ManagerIdentity, hello: ManagerHello): RemoteManager {
    const { events, resultFolder, reattachTimeout, returnTime, blockWalltime } = this.#options;
    const facts = { ...hello, running: [], finished: [], on_nodes: [] };
    return new RemoteManager({
      ...identity,
      hello: facts,
      resultFolder,
      reattachTimeout,
      returnTime,
      blockWalltime,
    }, {
      started: (told) => events.started(told),
      finished: (attempts) => this.#finished(attempts),
      output: (chunk) => events.output(chunk),
      changed: (manager) => this.#changed(manager),
      gone: (manager, reason) => this.#gone(manager, reason),
    });
  }

  /**
   * The block keeper knows that a block has ended, or that it never comes: its managers, there or
   * away, and those of an earlier agent, are gone with what they had.
   * @param planned why it was to end, where that was planned
   */
  blockEnded(blockId: string, reason: string, planned?: string): void {
    const plan = planned === undefined ? null : { reason: planned };
    for (const manager of [...this.#managers.values()]) {
      if (manager.blockId === blockId) manager.leave(reason, plan);
    }
    this.#orphans.blockEnded(blockId);
  }

  /** Gives nothing more to the block's managers, and asks them to end when nothing runs there. */
  retire(blockId: string): void {
    for (const manager of this.#managers.values()) {
      if (manager.blockId === blockId) manager.retire();
    }
  }

  /** What had whole nodes leaves them, and is lost if one of them was. */
  #finished(attempts: readonly FinishedAttempt[]): void {
    const { events } = this.#options;
    if (this.#placer.isIdle) return events.finished(attempts);
    events.finished(attempts.map((ended) => {
      const outcome = this.#placer.ended(ended, ended.outcome);
      return outcome === ended.outcome ? ended : { ...ended, outcome };
    }));
    this.#settleSoon();
  }

  #gone(manager: RemoteManager, reason: string): void {
    this.#managers.delete(manager.managerId);
    this.#placer.went(manager, reason);
    this.#settleSoon();
    this.#options.known.went(manager);
    this.#account(manager, NO_COUNT);
    this.#counts.delete(manager);
    this.#open.delete(manager);
    this.#warm.delete(manager);
    this.#waiters.check();
    this.#options.events.managersChanged?.();
  }

  #changed(manager: RemoteManager): void {
    this.#settleSoon();
    this.#options.events.managersChanged?.();
    const { room, workers, idleWorkers: idle, outstanding } = manager;
    const before = this.#counts.get(manager)?.room ?? 0;
    const attached = manager.state.kind === "attached" ? 1 : 0;
    this.#account(manager, { room, workers, idle, outstanding, attached });
    if (manager.images.size > 0) this.#warm.add(manager);
    else this.#warm.delete(manager);
    if (room > 0) this.#open.add(manager);
    else this.#open.delete(manager);
    if (room <= before) return;
    if (this.#unplaced.length > 0) this.#placeUnplaced();
    if (this.capacity() > 0) this.#options.events.roomForMore();
  }

  /** (2) */
  #account(manager: RemoteManager, count: Count): void {
    const { room, workers, idle, outstanding, attached } = this.#counts.get(manager) ?? NO_COUNT;
    this.#counts.set(manager, count);
    const { room: rooms, workers: all, ...others } = this.#totals;
    this.#totals = {
      room: rooms + count.room - room,
      workers: all + count.workers - workers,
      idle: others.idle + count.idle - idle,
      outstanding: others.outstanding + count.outstanding - outstanding,
      attached: others.attached + count.attached - attached,
    };
  }

  // -- as an executor -------------------------------------------------------------------------------

  adopt(attempts: readonly AttemptId[]): void {
    this.#phase = "open";
    this.#orphans.adopt(attempts);
  }

  capacity(): number {
    if (this.#phase !== "open") return 0;
    if (this.#unplaced.length >= MAX_UNPLACED || this.#placer.waiting >= MAX_UNPLACED) return 0;
    return this.#totals.room + (this.#local?.capacity() ?? 0);
  }

  run(attempts: readonly TaskAttempt[]): void {
    const tooLong = attempts.filter((attempt) => this.#outlastsBlocks(attempt));
    for (const attempt of tooLong) {
      const error = tooLongError(this.#walltimeOf(attempt)!, this.#options.blockWalltime!);
      this.#endUnplaced([attempt], { kind: "failed", error });
    }
    const possible = tooLong.length === 0
      ? attempts
      : attempts.filter((attempt) => !tooLong.includes(attempt));
    const isPlain = possible.every(({ options }) => options.resource_specification === undefined);
    this.#place(isPlain ? possible : this.#forWorkers(possible));
    this.#rebalanceSoon();
  }

  /** No block will ever have the time for it. */
  #outlastsBlocks(attempt: TaskAttempt): boolean {
    const { blockWalltime } = this.#options;
    const walltime = this.#walltimeOf(attempt);
    return blockWalltime !== null && walltime !== null && walltime > blockWalltime;
  }

  /** Those that take no whole nodes; the others go to the placer. */
  #forWorkers(attempts: readonly TaskAttempt[]): TaskAttempt[] {
    const forWorkers: TaskAttempt[] = [];
    for (const attempt of attempts) {
      // Mostly it was found when the task came; the profile may have been another one then.
      const error = unfitReason(attempt.options, this.#options.nodesPerBlock);
      if (error !== null) {
        queueMicrotask(() => this.#endUnplaced([attempt], { kind: "failed", error }));
      } else if (nodesTaken(attempt.options) === null) forWorkers.push(attempt);
      else this.#placer.add(attempt, this.#walltimeOf(attempt));
    }
    this.#settleSoon();
    return forWorkers;
  }

  /** What changes in one turn of the event loop is looked at once. */
  #settleSoon(): void {
    if (this.#isSettling || this.#placer.isIdle) return;
    this.#isSettling = true;
    soon(() => {
      this.#isSettling = false;
      if (this.#phase === "open") this.#placer.settle();
    });
  }

  /** Workers that are idle come first, then whoever has most room. */
  #place(attempts: readonly TaskAttempt[]): void {
    let rest = this.#giveLocal(this.#giveWarm(attempts));
    for (const measure of ["idleWorkers", "room"] as const) {
      if (rest.length === 0) return;
      const total = measure === "room" ? this.#totals.room : this.#totals.idle;
      const share = rest.length / Math.max(1, total);
      // A manager that is full leaves the set, and comes back to it last.
      for (const manager of this.#open) {
        if (rest.length === 0) return;
        const most = Math.min(manager[measure], manager.room, rest.length);
        const part = Math.min(most, Math.ceil(manager[measure] * share));
        if (part > 0) rest = this.#give(manager, rest, part);
      }
    }
    this.#unplaced.push(...rest);
  }

  #placeUnplaced(): void {
    this.#place(this.#unplaced.splice(0));
    if (this.#followed.size === 0) return;
    const left = new Set(this.#unplaced.map(({ taskId }) => taskId));
    for (const taskId of this.#followed.difference(left)) this.follow(taskId, true);
  }

  /**
   * Gives what runs in a container to managers that have workers in its image, as many as are idle
   * there; @returns the others.
   */
  #giveWarm(attempts: readonly TaskAttempt[]): readonly TaskAttempt[] {
    if (this.#warm.size === 0) return attempts;
    const byImage = Map.groupBy(attempts, (attempt) => this.#imageOf(attempt));
    const others: TaskAttempt[] = [...byImage.get(null) ?? []];
    byImage.delete(null);
    for (const [image, inside] of byImage) {
      let rest: readonly TaskAttempt[] = inside;
      for (const manager of this.#warm) {
        if (rest.length === 0) break;
        if (!manager.images.has(image!)) continue;
        const part = Math.min(manager.idleWorkers, manager.room, rest.length);
        if (part > 0) rest = this.#give(manager, rest, part);
      }
      others.push(...rest);
    }
    return others;
  }

  #imageOf(attempt: TaskAttempt): string | null {
    const choice = chooseImage(this.#options.container, this.#needs.of(attempt).image);
    return choice.kind === "image" ? choice.image : null;
  }

  #giveLocal(attempts: readonly TaskAttempt[]): readonly TaskAttempt[] {
    if (this.#local === undefined) return attempts;
    const room = this.#local.capacity();
    const total = Math.max(1, room + this.#totals.room);
    const part = Math.min(room, Math.ceil(attempts.length * room / total));
    if (part > 0) this.#local.run(attempts.slice(0, part));
    return attempts.slice(part);
  }

  /** Gives at most `part` of them to the manager; @returns the others. */
  #give(
    manager: RemoteManager,
    attempts: readonly TaskAttempt[],
    part: number,
  ): readonly TaskAttempt[] {
    if (manager.endsAt === null) {
      manager.run(attempts.slice(0, part));
      return attempts.slice(part);
    }
    const given: TaskAttempt[] = [];
    const others: TaskAttempt[] = [];
    for (const attempt of attempts) {
      const isGiven = given.length < part && manager.fits(this.#walltimeOf(attempt));
      (isGiven ? given : others).push(attempt);
    }
    if (given.length > 0) manager.run(given);
    return others;
  }

  #walltimeOf({ options }: TaskAttempt): number | null {
    const seconds = options.walltime_seconds;
    return seconds === undefined ? this.#options.walltime : seconds * 1_000;
  }

  cancel(taskIds: readonly TaskId[]): void {
    const ids = new Set(taskIds);
    const unplaced = this.#unplaced.filter(({ taskId }) => ids.has(taskId));
    if (unplaced.length > 0) {
      this.#unplaced = this.#unplaced.filter(({ taskId }) => !ids.has(taskId));
      this.#endUnplaced(unplaced, { kind: "cancelled" });
    }
    const waiting = this.#placer.remove(ids);
    if (waiting.length > 0) {
      this.#endUnplaced(waiting, { kind: "cancelled" });
      this.#settleSoon();
    }
    this.#placer.cancelled(taskIds);
    for (const manager of this.#managers.values()) manager.cancel(taskIds);
    this.#orphans.cancel(taskIds);
    this.#local?.cancel(taskIds);
  }

  #endUnplaced(attempts: readonly TaskAttempt[], outcome: FinishedAttempt["outcome"]): void {
    for (const { taskId } of attempts) this.#followed.delete(taskId);
    this.#options.events.finished(attempts.map((one) => endWithoutWorker(one, outcome)));
  }

  follow(taskId: TaskId, on: boolean): void {
    if (this.#orphans.has(taskId)) return this.#orphans.follow(taskId, on);
    this.#placer.follow(taskId, on);
    const isUnplaced = this.#unplaced.some((attempt) => attempt.taskId === taskId);
    if (isUnplaced && on) this.#followed.add(taskId);
    else this.#followed.delete(taskId);
    for (const manager of this.#managers.values()) {
      if (manager.has(taskId)) return manager.follow(taskId, on);
    }
    this.#local?.follow(taskId, on);
  }

  kept(attempts: readonly FinishedAttempt[]): void {
    const byManager = new Map<string, FinishedAttempt[]>();
    for (const attempt of attempts) {
      if (attempt.manager === undefined) continue;
      const own = byManager.get(attempt.manager);
      if (own === undefined) byManager.set(attempt.manager, [attempt]);
      else own.push(attempt);
    }
    for (const [managerId, own] of byManager) this.#managers.get(managerId)?.kept(own);
  }

  load(): ReturnType<Executor["load"]> {
    const { attached, workers, idle, outstanding } = this.#totals;
    const local = this.#local?.load();
    return {
      managers: attached + (local?.managers ?? 0),
      total_workers: workers + (local?.total_workers ?? 0),
      idle_workers: idle + (local?.idle_workers ?? 0),
      outstanding_tasks: outstanding + this.#unplaced.length + this.#placer.waiting +
        this.#orphans.size + (local?.outstanding_tasks ?? 0),
    };
  }

  nodes(): PictureNode[] {
    const nodes = this.#local?.nodes?.() ?? [];
    const taken = this.#placer.taken();
    for (const manager of this.#managers.values()) {
      if (nodes.length >= MAX_PICTURE_NODES) break;
      const task = taken.get(manager.managerId);
      const whole = task && this.#managers.get(task.host.managerId)?.pictureOfSlot(task.taskId);
      nodes.push(pictureOf(manager, whole));
    }
    return nodes;
  }

  // -- work that waits in the wrong place -----------------------------------------------------------

  #rebalanceSoon(): void {
    if (this.#rebalanceTimer !== undefined || this.#totals.outstanding === 0) return;
    this.#rebalanceTimer = setTimeout(() => {
      this.#rebalanceTimer = undefined;
      if (this.#phase !== "open") return;
      if (this.#totals.idle > 0) this.#takeBack(this.#totals.idle);
      this.#rebalanceSoon();
    }, SLOW);
  }

  /** From managers with more attempts than workers, which end none, for workers that are idle. */
  #takeBack(idle: number): void {
    let wanted = idle;
    for (const manager of this.#managers.values()) {
      if (wanted <= 0) return;
      const waiting = manager.load - manager.workers;
      if (manager.state.kind !== "attached" || waiting <= 0 || manager.quietFor < SLOW) continue;
      manager.recall(Math.min(waiting, wanted));
      wanted -= waiting;
    }
  }

  // -- its end --------------------------------------------------------------------------------------

  recall(): void {
    if (this.#phase === "closed") return;
    this.#phase = "draining";
    this.#local?.recall?.();
    const unplaced = [...this.#unplaced.splice(0), ...this.#placer.drain()];
    if (unplaced.length > 0) this.#endUnplaced(unplaced, { kind: "returned" });
    for (const manager of this.#managers.values()) {
      if (manager.outstanding > 0) manager.recall(manager.outstanding);
    }
  }

  /** Asks all managers to end, and waits for a while until they have. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.recall();
    this.#phase = "closed";
    clearTimeout(this.#rebalanceTimer);
    for (const manager of this.#managers.values()) manager.shutDown();
    const attached = (): boolean =>
      [...this.#managers.values()].some(({ state }) => state.kind === "attached");
    const ended = this.#waiters.when(() => !attached());
    this.#waiters.check();
    const [outcome] = await Promise.all([withTimeout(ended, SHUTDOWN_TIME), this.#local?.close()]);
    if (outcome === "timeout") log.warning("not all managers ended in time");
    for (const manager of [...this.#managers.values()]) manager.leave(STOPPED.message);
    this.#orphans.close(STOPPED);
    this.#options.known[Symbol.dispose]();
    await this.#options.closed?.();
  }
}

/** @param shortest walltime of the tasks that wait */
function outlookOf(manager: RemoteManager, shortest: number | undefined): ManagerStatus["outlook"] {
  if (manager.planned !== null) return "ending";
  return shortest === undefined || manager.fits(shortest) ? "open" : "short";
}

function tooLongError(walltime: number, blockWalltime: number): TaskError {
  return manageError(
    "CouldNotExecuteUserTaskError",
    `the task may take ${walltime / 1_000} s, and a block lasts ${blockWalltime / 1_000} s`,
    "Give the task a shorter walltime, or blocks a longer one: executor.provider.walltime.",
  );
}

/** @param whole the task that has its node, if one has */
function pictureOf(manager: RemoteManager, whole: PictureSlot | undefined): PictureNode {
  const { managerId, hostname, blockId, hello, state, idleWorkers } = manager;
  const slots = manager.pictureOfSlots();
  return {
    manager_id: managerId,
    hostname,
    block_id: blockId,
    state: state.kind,
    workers: hello.workers,
    idle_workers: idleWorkers,
    ...pictureOfFacts(hello.node),
    slots: (whole === undefined ? slots : slots.map(() => whole)).slice(0, MAX_NODE_SLOTS),
  };
}

/** Of the attempts that an earlier agent gave to it, those that have whole nodes. */
function onNodesOf(
  { on_nodes = [] }: ManagerHello,
  claimed: readonly AttemptId[],
): (AttemptId & { readonly nodes: readonly string[] })[] {
  if (on_nodes.length === 0) return [];
  const numbers = new Map(claimed.map(({ taskId, attempt }) => [taskId, attempt]));
  return on_nodes
    .filter(({ task_id, attempt }) => numbers.get(task_id) === attempt)
    .map(({ task_id, attempt, nodes }) => ({ taskId: task_id, attempt, nodes }));
}
