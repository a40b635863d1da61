/** Attempts that end without a word of a worker, told like any other. */
import type { Assignment } from "./assignment.ts";
import type { AttemptOutcome, FinishedAttempt } from "./executor.ts";
import { endedOutcome } from "./outcomes.ts";

export class EndedHere {
  readonly #tell: (attempts: readonly FinishedAttempt[]) => void;
  #untold: FinishedAttempt[] = [];

  /** @param tell called in the next turn, never within a call from outside. */
  constructor(tell: (attempts: readonly FinishedAttempt[]) => void) {
    this.#tell = tell;
  }

  /** Attempts that have ended and are not told yet. */
  get size(): number {
    return this.#untold.length;
  }

  /** Ends attempts as they were asked to, or else with `outcome`. */
  end(
    assignments: readonly Assignment[],
    outcome: AttemptOutcome,
    details: FinishedAttempt["details"] = {},
  ): void {
    for (const assignment of assignments) {
      if (this.#untold.length === 0) queueMicrotask(() => this.tellNow());
      this.#untold.push(assignment.finish(endedOutcome(assignment) ?? outcome, details));
    }
  }

  tellNow(): void {
    const ended = this.#untold;
    this.#untold = [];
    if (ended.length > 0) this.#tell(ended);
  }
}
