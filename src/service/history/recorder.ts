/** The last steps of one endpoint, in memory: only those in which something happened or changed. */
import type { EndedTask, Load } from "../store/store.ts";
import { Durations } from "./durations.ts";
import { isQuiet, type Step } from "./steps.ts";

interface Tally {
  succeeded: number;
  failed: number;
  cancelled: number;
  readonly durations: Durations;
}

const FIELDS = { success: "succeeded", failed: "failed", cancelled: "cancelled" } as const;

export class Recorder {
  #open: Tally = newTally();
  readonly #steps: Step[] = [];
  #level: Load | null = null;

  /** Of the endpoint; costs an increment for each. */
  ended(ends: readonly EndedTask[]): void {
    for (const { state, createdAt, at } of ends) {
      this.#open[FIELDS[state]] += 1;
      this.#open.durations.add(at - createdAt);
    }
  }

  /** What has happened in the step that is not over. */
  running(at: number, load: Load | null): Step {
    return { at, ...this.#open, mean: load, level: load };
  }

  /** The step that began at `at` is over; `load` is how busy the endpoint is now. */
  close(at: number, load: Load | null): void {
    const step = this.running(at, load);
    if (isQuiet(step) && isSame(load, this.#level)) return;
    this.#steps.push(step);
    this.#level = load;
    this.#open = newTally();
  }

  /** In order. */
  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** It has been offline and idle for all that is remembered. */
  get isEmpty(): boolean {
    return this.#level === null && this.#steps.length === 0 && isQuiet(this.running(0, null));
  }

  /** Drops what began before, but for the last of it, which tells the load until the next one. */
  forget(before: number): void {
    const kept = this.#steps.findIndex(({ at }) => at >= before);
    const dropped = kept < 0 ? this.#steps.length : kept;
    const level = this.#steps[dropped - 1]?.level ?? null;
    this.#steps.splice(0, level === null ? dropped : dropped - 1);
  }
}

function newTally(): Tally {
  return { succeeded: 0, failed: 0, cancelled: 0, durations: new Durations() };
}

function isSame(left: Load | null, right: Load | null): boolean {
  if (left === null || right === null) return left === right;
  return left.workers === right.workers && left.busyWorkers === right.busyWorkers &&
    left.queuedTasks === right.queuedTasks;
}
