/** Ends warm workers that have had nothing to do for long: each is a process with its memory. */
import type { Slot } from "./slot.ts";

/** A timer cannot wait longer than 2^31 milliseconds, and need not. */
const LONGEST_WAIT = 3_600_000;

export class IdleWorkers {
  readonly #slots: readonly Slot[];
  /** Milliseconds. */
  readonly #limit: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(slots: readonly Slot[], seconds: number) {
    this.#slots = slots;
    this.#limit = seconds * 1_000;
  }

  /** A worker has nothing to do any more. */
  watch(): void {
    if (!this.#stopped) this.#lookAfter(this.#limit);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #lookAfter(time: number): void {
    this.#timer ??= setTimeout(() => this.#look(), Math.min(time, LONGEST_WAIT));
  }

  #look(): void {
    this.#timer = undefined;
    let longest = -1;
    for (const slot of this.#slots) {
      for (const worker of [...slot.workers]) {
        if (slot.worker === worker || !worker.isIdle || !worker.isReady) continue;
        const idle = performance.now() - worker.idleSince;
        if (idle < this.#limit) longest = Math.max(longest, idle);
        else {
          slot.remove(worker);
          worker.end();
        }
      }
    }
    // One that is busy now says so itself when it is not.
    if (longest >= 0) this.#lookAfter(this.#limit - longest);
  }
}
