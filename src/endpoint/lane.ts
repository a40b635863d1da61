/**
 * Tasks of one owner, one group and one priority that wait at this endpoint: first come, first
 * served. The first ones are in memory with their payloads, the rest is a number and lies in the
 * spool.
 *
 * Invariants:
 *
 * 1. What is in memory comes before what is only stored, so tasks begin for the first time in the
 *    order of `seq`.
 * 2. Retries go before first attempts, and tasks whose arguments were fetched before both: others
 *    may have to wait for the places that they hold.
 * 3. `planned` of the stored tasks have their turn and are about to be read.
 */
import { Fifo } from "../lib/fifo.ts";
import type { SpooledTask } from "./task.ts";

/** Whose lane it is. The group is null where an owner has more groups than are told apart. */
export interface LaneKey {
  readonly owner: string;
  readonly group: string | null;
  readonly priority: number;
}

/** A lane as the spool knows it. */
export interface StoredLane extends LaneKey {
  /** Its number in this spool, from 1. */
  readonly lane: number;
}

/** Where a task's arguments are: in its payload, with the service, or here in files. */
export type Arguments = "inline" | "referred" | "fetched";

/** A task that waits in memory. */
export interface Waiting {
  readonly kind: "waiting";
  readonly task: SpooledTask;
  readonly lane: Lane;
  /** It has had its turn before. */
  readonly isRetry: boolean;
  readonly arguments: Arguments;
  /** Taken out, by a cancel; it is passed over. */
  isGone: boolean;
}

/** A payload costs as much as a task for each of these, bytes. */
const COST_UNIT = 64 * 1024;

/** What a task counts when lanes and owners take turns. */
export function costOf(task: SpooledTask): number {
  return 1 + Math.floor(task.payload.length / COST_UNIT);
}

export class Lane implements StoredLane {
  readonly lane: number;
  readonly owner: string;
  readonly group: string | null;
  readonly priority: number;
  readonly #fetched = new Fifo<Waiting>();
  readonly #again = new Fifo<Waiting>();
  readonly #ready = new Fifo<Waiting>();
  /** Waiting tasks in memory. */
  loaded = 0;
  /** Waiting tasks that are only in the spool, all behind `loadedThrough`. */
  stored: number;
  loadedThrough: number;
  planned = 0;
  /** Tasks that had their turn: with the executor, or set aside until their arguments are here. */
  given = 0;
  /** Those that are set aside. */
  fetching = 0;

  constructor(lane: StoredLane, stored: number, loadedThrough: number) {
    this.lane = lane.lane;
    this.owner = lane.owner;
    this.group = lane.group;
    this.priority = lane.priority;
    this.stored = stored;
    this.loadedThrough = loadedThrough;
  }

  get waiting(): number {
    return this.loaded + this.stored;
  }

  /** Whether there is a task that has not had its turn. */
  get hasNext(): boolean {
    return this.loaded + this.stored > this.planned;
  }

  /** Whether no task of it is unfinished. */
  get isIdle(): boolean {
    return this.waiting + this.given === 0;
  }

  push(task: SpooledTask, argumentsAre: Arguments, isRetry: boolean): Waiting {
    const waiting = this.#waiting(task, argumentsAre, isRetry);
    if (argumentsAre === "fetched") this.#fetched.push(waiting);
    else if (isRetry) this.#again.push(waiting);
    else {
      this.#ready.push(waiting);
      this.loadedThrough = task.seq;
    }
    this.loaded += 1;
    return waiting;
  }

  /** A planned task was read: it goes at once, past those in memory. */
  pass(task: SpooledTask, argumentsAre: Arguments): Waiting {
    this.loadedThrough = task.seq;
    return this.#waiting(task, argumentsAre, false);
  }

  #waiting(task: SpooledTask, argumentsAre: Arguments, isRetry: boolean): Waiting {
    const where = { lane: this, arguments: argumentsAre };
    return { kind: "waiting", task, ...where, isRetry, isGone: false };
  }

  /** The next one in memory, which stays. */
  peek(): Waiting | undefined {
    return this.#queue()?.peek();
  }

  /** The next one in memory. */
  shift(): Waiting | undefined {
    const waiting = this.#queue()?.shift();
    if (waiting !== undefined) this.loaded -= 1;
    return waiting;
  }

  /** The queue with the next one at its head. */
  #queue(): Fifo<Waiting> | undefined {
    for (const queue of [this.#fetched, this.#again, this.#ready]) {
      while (queue.peek()?.isGone) queue.shift();
      if (queue.peek() !== undefined) return queue;
    }
    return undefined;
  }

  /** Takes one out that is in memory. */
  remove(waiting: Waiting): void {
    waiting.isGone = true;
    this.loaded -= 1;
  }
}
