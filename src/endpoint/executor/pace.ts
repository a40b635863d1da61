/**
 * How many tasks the executor holds at a time, so that one that comes next waits for some
 * milliseconds of work and not for a number of tasks. What tasks take by themselves does not tell:
 * with tasks of no duration the agent is what takes time. So it is measured how long tasks are held,
 * and how many are; the one through the other is the rate (Little's law).
 */

/** How long a fast task is to be held, milliseconds. */
const TARGET = 20;
/** Fewer would make batches so small that all tasks take longer. */
const MINIMUM = 256;
/** The share of a new measurement. */
const WEIGHT = 0.25;

export class Pace {
  #limit = MINIMUM;

  /** The most tasks to hold. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** Tasks have ended: how many were held, these among them, and how long on average these were. */
  observe(held: number, milliseconds: number): void {
    const wanted = held * TARGET / Math.max(milliseconds, 0.1);
    // A step may double it, so that one measurement that is off does little.
    const next = Math.min(wanted, this.#limit * 2);
    this.#limit = Math.max(MINIMUM, this.#limit + (next - this.#limit) * WEIGHT);
  }
}
