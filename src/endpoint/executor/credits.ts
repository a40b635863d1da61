/**
 * How many tasks a worker may hold at a time. A worker with slow tasks holds the one that it runs
 * and what the profile's prefetch adds; with fast ones it holds some milliseconds of work, so that
 * it never waits for the next batch.
 */
import { MAX_WORKER_CREDITS } from "../../contract/limits.ts";

/** How much work a worker may hold ahead, milliseconds. */
const AHEAD = 10;
/** What a task costs besides its own time, milliseconds. */
const OVERHEAD = 0.01;

export class Credits {
  readonly #base: number;
  #limit: number;

  /** @param base at least 1: what a worker holds whose tasks are slow or not known yet. */
  constructor(base: number) {
    this.#base = base;
    this.#limit = base;
  }

  get limit(): number {
    return this.#limit;
  }

  get base(): number {
    return this.#base;
  }

  /**
   * Tasks have finished: how many, the sum of their times and the longest, in milliseconds. The
   * limit at most doubles; one slow task takes it back to the base.
   */
  observe(count: number, total: number, longest: number): void {
    if (longest > AHEAD) {
      this.#limit = this.#base;
      return;
    }
    const wanted = Math.floor(AHEAD / (total / count + OVERHEAD));
    const reachable = Math.min(wanted, this.#limit * 2, MAX_WORKER_CREDITS);
    this.#limit = Math.max(this.#base, reachable);
  }
}
