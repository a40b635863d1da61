/**
 * All tasks that wait at this endpoint, in lanes, and which of them goes next: fairly among owners,
 * then among an owner's groups of the highest priority (`lib/fair_queue.ts`).
 *
 * Invariants, cited below:
 *
 * 1. A lane takes part in the turns exactly while it has a task that has not had its turn.
 * 2. In memory are the tasks of the window and what has just been read; the window is bounded, and
 *    what is read at once is too.
 * 3. The number of lanes is bounded: an owner's further groups share one for each priority.
 * 4. A lane is known as long as a task of it is unfinished. Idle ones are kept for a while, since
 *    most groups send more.
 * 5. A task whose arguments are with the service is set aside at its turn, which takes no room. A
 *    lane that may not set it aside takes no part in the turns until something has changed there.
 */
import { FairLanes } from "../lib/fair_queue.ts";
import type { Fetching, FetchQueue } from "./fetch_queue.ts";
import {
  type Arguments,
  costOf,
  Lane,
  type LaneKey,
  type StoredLane,
  type Waiting,
} from "./lane.ts";
import type { LaneLoad, LoadedLane, RecoveredLane } from "./table_events.ts";
import type { SpooledTask } from "./task.ts";

export interface WindowOptions {
  /** Bounds of what waits in memory. */
  readonly windowTasks: number;
  readonly windowBytes: number;
  /** How many lanes are told apart. */
  readonly maxLanes: number;
  /** Whether arguments of the packed payload are to be fetched. */
  readonly refers: (payload: Uint8Array) => boolean;
}

/** What has its turn. */
export interface Picked {
  readonly tasks: readonly Waiting[];
  /** These have to wait for their arguments first (5). */
  readonly aside: readonly Fetching[];
  /** These have to be read first. */
  readonly loads: readonly LaneLoad[];
}

/** What was read. */
export interface Loaded extends Omit<Picked, "loads"> {
  /** These wait in memory from now on. */
  readonly later: readonly Waiting[];
}

/** Lanes without tasks that stay known. */
const IDLE_LANES = 100;
export class WaitingTasks {
  readonly #options: WindowOptions;
  readonly #fetches: FetchQueue;
  /** Lanes that wait until they may set a task aside (5). */
  readonly #blocked = new Set<Lane>();
  readonly #fair = new FairLanes<string, Lane>();
  readonly #byKey = new Map<string, Lane>();
  readonly #byNumber = new Map<number, Lane>();
  /** Longest idle first. */
  readonly #idle = new Set<Lane>();
  #newLanes: StoredLane[] = [];
  #lastLane = 0;
  /** The lane of the last task that came; its neighbours mostly belong there too. */
  #latest: { readonly key: LaneKey; readonly lane: Lane } | undefined;
  #size = 0;
  #loaded = 0;
  #loadedBytes = 0;

  constructor(options: WindowOptions, fetches: FetchQueue) {
    this.#options = options;
    this.#fetches = fetches;
  }

  /** How many tasks wait for their turn. */
  get size(): number {
    return this.#size;
  }

  // -- lanes --------------------------------------------------------------------------------------

  /** `lastLane`: the highest number that a lane in the spool ever had. */
  recover(lanes: readonly RecoveredLane[], lastLane: number): void {
    this.#lastLane = lastLane;
    for (const recovered of lanes) {
      const lane = new Lane(recovered, recovered.waiting, recovered.begunThrough);
      this.#byKey.set(textOf(lane), lane);
      this.#byNumber.set(lane.lane, lane);
      this.#size += lane.waiting;
      if (lane.hasNext) this.#fair.add(lane);
      else this.#idle.add(lane);
    }
  }

  /** The lane that the tasks of the key wait in. */
  laneFor(key: LaneKey): Lane {
    if (this.#latest === undefined || !isSame(this.#latest.key, key)) {
      this.#latest = { key, lane: this.#find(key) };
    }
    return this.#latest.lane;
  }

  #find(key: LaneKey): Lane {
    const known = this.#byKey.get(textOf(key));
    if (known !== undefined) return known;
    if (key.group !== null && this.#byKey.size >= this.#options.maxLanes) {
      return this.#find({ ...key, group: null });
    }
    const { owner, group, priority } = key;
    const lane = new Lane({ lane: ++this.#lastLane, owner, group, priority }, 0, 0);
    this.#byKey.set(textOf(lane), lane);
    this.#byNumber.set(lane.lane, lane);
    this.#newLanes.push({ lane: lane.lane, owner, group, priority });
    this.#idle.add(lane);
    return lane;
  }

  lane(number: number): Lane {
    return this.#byNumber.get(number)!;
  }

  /** Lanes that are not in the spool yet. */
  takeNewLanes(): StoredLane[] {
    return this.#newLanes.splice(0);
  }

  /** Forgets lanes that have been idle for longest; returns their numbers (4). */
  forgetIdle(): number[] {
    const forgotten: number[] = [];
    for (const lane of this.#idle) {
      if (this.#idle.size <= IDLE_LANES) break;
      this.#idle.delete(lane);
      this.#byKey.delete(textOf(lane));
      this.#byNumber.delete(lane.lane);
      if (this.#latest?.lane === lane) this.#latest = undefined;
      forgotten.push(lane.lane);
    }
    return forgotten;
  }

  // -- coming and going -----------------------------------------------------------------------------

  /** A new task; what waits in memory is returned, the rest is only stored. */
  add(lane: Lane, task: SpooledTask): Waiting | undefined {
    // Behind stored tasks everything is stored, so that the lane stays in order.
    if (lane.stored === 0 && this.#hasRoomFor(lane)) {
      return this.#keep(lane, task, this.#argumentsOf(task), false);
    }
    if (lane.waiting === 0) lane.loadedThrough = task.seq - 1;
    lane.stored += 1;
    this.#size += 1;
    this.#settle(lane);
    return undefined;
  }

  /** A task that was given to the executor, or to an earlier agent's, waits again. */
  addAgain(lane: Lane, task: SpooledTask): Waiting {
    return this.#keep(lane, task, this.#argumentsOf(task), true);
  }

  /** A task that was set aside, and whose arguments are here now. */
  addFetched(lane: Lane, task: SpooledTask): Waiting {
    return this.#keep(lane, task, "fetched", true);
  }

  #argumentsOf({ payload }: SpooledTask): Arguments {
    return this.#options.refers(payload) ? "referred" : "inline";
  }

  #keep(lane: Lane, task: SpooledTask, argumentsAre: Arguments, isRetry: boolean): Waiting {
    this.#size += 1;
    const waiting = this.#load(lane, task, argumentsAre, isRetry);
    // It may be the next one now.
    if (isRetry) this.#blocked.delete(lane);
    this.#settle(lane);
    return waiting;
  }

  #load(lane: Lane, task: SpooledTask, argumentsAre: Arguments, isRetry: boolean): Waiting {
    this.#loaded += 1;
    this.#loadedBytes += task.payload.length;
    return lane.push(task, argumentsAre, isRetry);
  }

  #unload(task: SpooledTask): void {
    this.#size -= 1;
    this.#loaded -= 1;
    this.#loadedBytes -= task.payload.length;
  }

  /** No lane takes the whole window, so that what is new in another one need not be read. */
  #hasRoomFor(lane: Lane): boolean {
    const { windowTasks, windowBytes } = this.#options;
    return this.#loaded < windowTasks && this.#loadedBytes < windowBytes &&
      lane.loaded < windowTasks / 4;
  }

  /** Cancelled while it waited in memory. */
  remove(waiting: Waiting): void {
    waiting.lane.remove(waiting);
    this.#unload(waiting.task);
    this.#blocked.delete(waiting.lane);
    this.#settle(waiting.lane);
  }

  /** Cancelled while it was only stored. */
  removeStored(number: number): void {
    const lane = this.lane(number);
    lane.stored -= 1;
    lane.planned = Math.min(lane.planned, lane.stored);
    this.#size -= 1;
    this.#settle(lane);
  }

  /** One that was set aside is not any more (5). */
  unblock(): void {
    const lanes = [...this.#blocked];
    this.#blocked.clear();
    for (const lane of lanes) this.#settle(lane);
  }

  /** A task of it had its turn with an earlier agent, and is under way still. */
  givenBefore(lane: Lane): void {
    lane.given += 1;
    this.#settle(lane);
  }

  /** A task that had its turn has ended, or waits again. */
  back(lane: Lane): void {
    lane.given -= 1;
    this.#settle(lane);
  }

  /** Puts the lane where it belongs (1, 4, 5). */
  #settle(lane: Lane): void {
    if (lane.hasNext && !this.#blocked.has(lane)) this.#fair.add(lane);
    else this.#fair.delete(lane);
    if (lane.isIdle) this.#idle.add(lane);
    else this.#idle.delete(lane);
  }

  // -- turns ----------------------------------------------------------------------------------------

  /** Tasks for so much room. What is only stored is planned, and comes with `loaded`. */
  pick(room: number): Picked {
    const tasks: Waiting[] = [];
    const aside: Fetching[] = [];
    const planned = new Set<Lane>();
    for (let left = room; left > 0;) {
      const lane = this.#fair.next();
      if (lane === undefined) break;
      const waiting = lane.peek();
      if (waiting?.arguments === "referred") {
        const fetching = this.#setAside(waiting);
        if (fetching !== undefined) aside.push(fetching);
        continue;
      }
      left -= 1;
      if (waiting === undefined) {
        this.#plan(lane);
        planned.add(lane);
      } else {
        this.#take(waiting);
        tasks.push(waiting);
      }
    }
    return { tasks, aside, loads: this.#loadsOf(planned) };
  }

  /** The lane's next task, which is in memory, has its turn. */
  #take({ lane, task }: Waiting): void {
    lane.shift();
    lane.given += 1;
    this.#unload(task);
    this.#fair.charge(lane, costOf(task));
    if (!lane.hasNext) this.#fair.delete(lane);
  }

  #plan(lane: Lane): void {
    lane.planned += 1;
    this.#fair.charge(lane, 1);
    if (!lane.hasNext) this.#fair.delete(lane);
  }

  /** Undefined when the lane has to wait with it (5). */
  #setAside(waiting: Waiting): Fetching | undefined {
    const { lane } = waiting;
    if (this.#fetches.takes(lane)) {
      this.#take(waiting);
      return this.#fetches.add(waiting);
    }
    this.#blocked.add(lane);
    this.#fair.delete(lane);
    return undefined;
  }

  /** While half of the window is free, a lane is read further than it has to be (2). */
  #loadsOf(planned: Iterable<Lane>): LaneLoad[] {
    const { windowTasks, windowBytes } = this.#options;
    let free = this.#loadedBytes < windowBytes / 2 ? windowTasks / 2 - this.#loaded : 0;
    const loads: LaneLoad[] = [];
    for (const lane of planned) {
      const ahead = Math.min(lane.stored - lane.planned, windowTasks / 4, Math.floor(free));
      const tasks = lane.planned + Math.max(0, ahead);
      free -= tasks - lane.planned;
      loads.push({ lane: lane.lane, after: lane.loadedThrough, tasks });
    }
    return loads;
  }

  /**
   * What was read: the planned ones, which go now or are set aside, and further ones, which wait in
   * the window. From the first planned one on that may not be set aside all wait (5).
   */
  loaded({ lane: number, tasks, end }: LoadedLane): Loaded {
    const lane = this.lane(number);
    const before = lane.waiting;
    const planned = Math.min(lane.planned, tasks.length);
    lane.planned = 0;
    lane.stored = end ? 0 : lane.stored - tasks.length;
    const now: Waiting[] = [];
    const aside: Fetching[] = [];
    let next = 0;
    for (; next < planned; next++) {
      const waiting = lane.pass(tasks[next]!, this.#argumentsOf(tasks[next]!));
      const isReferred = waiting.arguments === "referred";
      if (isReferred && !this.#fetches.takes(lane)) break;
      lane.given += 1;
      // One was charged when it was planned.
      if (costOf(waiting.task) > 1) this.#fair.charge(lane, costOf(waiting.task) - 1);
      if (isReferred) aside.push(this.#fetches.add(waiting));
      else now.push(waiting);
    }
    const later = tasks.slice(next)
      .map((task) => this.#load(lane, task, this.#argumentsOf(task), false));
    this.#size += lane.waiting - before;
    this.#settle(lane);
    return { tasks: now, aside, later };
  }
}

function textOf({ owner, group, priority }: LaneKey): string {
  return `${priority} ${group ?? ""} ${owner}`;
}

function isSame(one: LaneKey, other: LaneKey): boolean {
  return one.group === other.group && one.owner === other.owner &&
    one.priority === other.priority;
}
