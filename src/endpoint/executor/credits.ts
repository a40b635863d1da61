/**
 * How many tasks a worker may hold at a time, by how long its tasks take: no-op tasks go to it by
 * the hundred, tasks of 100 ms one ahead of the one that runs, and behind a task that takes longer
 * than it was measured to nothing waits, but what the profile's prefetch asks for.
 *
 * What a worker holds and has not begun can be taken back; see `dispatcher.ts`.
 */
import { MAX_WORKER_CREDITS } from "../../contract/limits.ts";

/** How much work a worker may hold ahead, milliseconds. */
const AHEAD = 10;
/** What a task costs besides its own time, milliseconds. */
const OVERHEAD = 0.01;
/** Beside a longer task the way from the agent to the worker is nothing, so none waits, ms. */
const LONGEST_WITH_ONE_AHEAD = 1_000;
/** A task is overdue when it has run for so many times what tasks took, and so many ms besides. */
const OVERDUE_TIMES = 3;
const OVERDUE_TIME = 50;

export class Credits {
  readonly #base: number;
  #limit: number;
  /** Of the tasks observed last, milliseconds; null before the first. */
  #longest: number | null = null;
  #mean = 0;
  /** Since the last `adapt`. */
  #ended = { count: 0, total: 0, longest: 0 };

  /** @param base at least 1: what a worker holds whose tasks are slow or not known yet. */
  constructor(base: number) {
    this.#base = base;
    this.#limit = base;
  }

  /** How many it may hold, the running one included. */
  get limit(): number {
    return this.#limit;
  }

  get base(): number {
    return this.#base;
  }

  /**
   * How many more the manager should have at hand for it: as much work again, so that the next batch
   * is here when the worker asks, but nothing when one task lasts until another one can be fetched.
   */
  get reserve(): number {
    if (this.#longest === null) return 0;
    return Math.min(this.#limit, Math.floor(AHEAD / (this.#mean + OVERHEAD)));
  }

  /** Milliseconds after which a task that runs takes longer than others did. */
  get patience(): number {
    return OVERDUE_TIME + OVERDUE_TIMES * (this.#longest ?? 0);
  }

  /** A task has finished that took so many milliseconds; counts from the next `adapt` on. */
  ended(duration: number): void {
    this.#ended.count += 1;
    this.#ended.total += duration;
    this.#ended.longest = Math.max(this.#ended.longest, duration);
  }

  adapt(): void {
    const { count, total, longest } = this.#ended;
    if (count === 0) return;
    this.#ended = { count: 0, total: 0, longest: 0 };
    this.observe(count, total, longest);
  }

  /**
   * Tasks have finished: how many, the sum of their times and the longest, in milliseconds. The
   * limit at most doubles; one slow task takes it back to one ahead, or to the base.
   */
  observe(count: number, total: number, longest: number): void {
    this.#longest = longest;
    this.#mean = total / count;
    const ahead = longest > LONGEST_WITH_ONE_AHEAD ? this.#base : Math.max(2, this.#base);
    const wanted = longest > AHEAD ? ahead : Math.floor(AHEAD / (this.#mean + OVERHEAD));
    this.#limit = Math.max(ahead, Math.min(wanted, this.#limit * 2, MAX_WORKER_CREDITS));
  }

  /** A task is overdue, so nothing may wait for it. */
  withdraw(): void {
    this.#limit = this.#base;
  }
}
