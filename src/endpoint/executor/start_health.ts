/** Whether a runtime's workers start; keeps one that does not from being started without end. */
import { WORKER_START_ATTEMPTS, WORKER_START_COOLDOWN } from "../../contract/limits.ts";
import type { TaskError } from "../../contract/errors.ts";

/** Before the second start in a row; doubled before each further one. Milliseconds. */
const FIRST_DELAY = 200;

type State =
  | { readonly kind: "healthy" }
  /** Some starts have failed; the next one is at `at`. */
  | { readonly kind: "retrying"; readonly failures: number; readonly at: number }
  /** Tasks fail with `error` until `until`; then one start is tried. */
  | { readonly kind: "broken"; readonly error: TaskError; readonly until: number };

export class StartHealth {
  #state: State = { kind: "healthy" };
  readonly #now: () => number;

  /** @param now a clock in milliseconds; replaced in tests. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** With what tasks of the runtime fail at once; null if they may wait for a worker. */
  get error(): TaskError | null {
    return this.#state.kind === "broken" && this.#now() < this.#state.until
      ? this.#state.error
      : null;
  }

  /** How many workers may be starting at a time, now. */
  get startsAllowed(): number {
    if (this.#state.kind === "healthy") return Infinity;
    if (this.#state.kind === "broken") return this.error === null ? 1 : 0;
    return this.#now() >= this.#state.at ? 1 : 0;
  }

  started(): void {
    this.#state = { kind: "healthy" };
  }

  /** @returns milliseconds until a start may be tried again, or null: its tasks have to fail. */
  failed(error: TaskError): number | null {
    const failures = this.#state.kind === "retrying" ? this.#state.failures + 1 : 1;
    if (this.#state.kind === "broken" || failures >= WORKER_START_ATTEMPTS) {
      this.#state = { kind: "broken", error, until: this.#now() + WORKER_START_COOLDOWN };
      return null;
    }
    const delay = FIRST_DELAY * 2 ** (failures - 1);
    this.#state = { kind: "retrying", failures, at: this.#now() + delay };
    return delay;
  }
}
