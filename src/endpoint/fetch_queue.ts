/**
 * Tasks whose turn came before their arguments, which are fetched now: by turns among their lanes, as
 * everything here, and only so many ahead of the attempts that need them.
 *
 * Invariants, cited below:
 *
 * 1. A place is taken from the moment when a task's arguments are asked for until its attempt begins,
 *    or the task ends. So no more of them lie on the disk unused than there are places.
 * 2. What is set aside is bounded, as a whole and for each lane; a lane whose next task does not fit
 *    stops there, and the others go on.
 */
import { FairQueue } from "../lib/fair_queue.ts";
import type { Lane, Waiting } from "./lane.ts";
import type { SpooledTask } from "./task.ts";

export interface FetchOptions {
  /** Tasks whose arguments are fetched, or here and unused, at a time. */
  readonly fetchPlaces: number;
  /** Bounds of what is set aside. */
  readonly fetchTasks: number;
  readonly fetchBytes: number;
}

/** A task that waits for its arguments. */
export interface Fetching {
  readonly kind: "fetching";
  readonly task: SpooledTask;
  readonly lane: Lane;
  /** It has had its turn before. */
  readonly isRetry: boolean;
  /** It has a place (1). */
  isAsked: boolean;
  /** It has ended in the queue; it is passed over. */
  isGone: boolean;
}

export class FetchQueue {
  readonly #options: FetchOptions;
  readonly #queue = new FairQueue<string, number, Fetching>();
  #places: number;
  #bytes = 0;
  #size = 0;

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#places = options.fetchPlaces;
  }

  /** How many tasks wait for their arguments. */
  get size(): number {
    return this.#size;
  }

  /** Whether the lane may set one more aside (2). */
  takes(lane: Lane): boolean {
    const { fetchTasks, fetchBytes } = this.#options;
    return this.#size < fetchTasks && this.#bytes < fetchBytes && lane.fetching < fetchTasks / 4;
  }

  add({ task, lane, isRetry }: Pick<Waiting, "task" | "lane" | "isRetry">): Fetching {
    const where = { task, lane, isRetry };
    const fetching: Fetching = { kind: "fetching", ...where, isAsked: false, isGone: false };
    const { owner, priority } = lane;
    this.#queue.push(fetching, { owner, priority, group: lane.lane });
    this.#count(fetching, 1);
    return fetching;
  }

  /** Those whose arguments are to be asked for now. */
  next(): SpooledTask[] {
    const tasks: SpooledTask[] = [];
    while (this.#places > 0) {
      const fetching = this.#queue.shift();
      if (fetching === undefined) break;
      if (fetching.isGone) continue;
      fetching.isAsked = true;
      this.#places -= 1;
      tasks.push(fetching.task);
    }
    return tasks;
  }

  /** Its arguments are here. It keeps its place. */
  fetched(fetching: Fetching): void {
    this.#count(fetching, -1);
  }

  /** It has ended before they were. */
  remove(fetching: Fetching): void {
    fetching.isGone = true;
    this.#count(fetching, -1);
    if (fetching.isAsked) this.leavePlace();
  }

  /** One whose arguments were here begins, or has ended. */
  leavePlace(): void {
    this.#places += 1;
  }

  #count({ task, lane }: Fetching, sign: 1 | -1): void {
    this.#size += sign;
    lane.fetching += sign;
    this.#bytes += sign * task.payload.length;
  }
}
