/** Ends tasks at their walltime with one timer for all: most tasks end long before. */
import type { Assignment } from "./assignment.ts";

export interface DeadlineOptions {
  /** Tasks that run, and since when by `performance.now()`. */
  running(): Iterable<{ readonly assignment: Assignment; readonly since: number }>;
  expired(assignment: Assignment): void;
}

export class Deadlines {
  readonly #options: DeadlineOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires, by `performance.now()`. */
  #at = Infinity;

  constructor(options: DeadlineOptions) {
    this.#options = options;
  }

  /** A task with this walltime, in milliseconds, has begun. */
  watch(walltime: number): void {
    this.#armFor(performance.now() + walltime);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }

  #armFor(at: number): void {
    if (at >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    // A longer delay than a timer can hold is looked at again on the way.
    const delay = Math.min(Math.max(0, at - performance.now()), 2 ** 31 - 1);
    this.#timer = setTimeout(() => this.#check(), delay);
  }

  #check(): void {
    this.#at = Infinity;
    const now = performance.now();
    const expired: Assignment[] = [];
    let next = Infinity;
    for (const { assignment, since } of this.#options.running()) {
      if (assignment.walltime === null || assignment.endReason !== null) continue;
      const deadline = since + assignment.walltime;
      if (deadline <= now) expired.push(assignment);
      else next = Math.min(next, deadline);
    }
    if (next < Infinity) this.#armFor(next);
    for (const assignment of expired) this.#options.expired(assignment);
  }
}
