/**
 * When the next turn of the task flow is taken: at once, or, for what nobody waits for while all
 * workers have enough to do, a moment after the one before. A turn costs a transaction here, a frame,
 * and a transaction and a sync of the service, whatever it holds; what comes within that moment shares
 * them. As soon as a worker has nothing ahead there is no such moment: it gets its next task in time,
 * and whoever runs one task at a time has its result at once.
 */
import { setImmediate } from "node:timers";

/** See `TurnTimerOptions.company`. */
const COMPANY = 10;

export interface TurnTimerOptions {
  readonly take: () => void;
  /** Whether every worker has a task to run, and another one for after it. */
  readonly isBusy: () => boolean;
  /** Milliseconds between two turns of which the second may wait; 10 unless given. */
  readonly company?: number;
}

export class TurnTimer {
  readonly #options: TurnTimerOptions;
  readonly #company: number;
  #isDue = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the last turn began, by `performance.now()`. */
  #last = -Infinity;
  #closed = false;

  constructor(options: TurnTimerOptions) {
    this.#options = options;
    this.#company = options.company ?? COMPANY;
  }

  /** The next turn is taken as soon as all that comes in now is in. */
  now(): void {
    if (this.#isDue || this.#closed) return;
    this.#isDue = true;
    setImmediate(() => {
      if (!this.#closed) this.#take();
    });
  }

  /** The next turn is taken at once or in company. */
  soon(): void {
    if (this.#isDue || this.#timer !== undefined || this.#closed) return;
    const wait = this.#options.isBusy() ? this.#last + this.#company - performance.now() : 0;
    if (wait <= 0) return this.now();
    this.#timer = setTimeout(() => this.#take(), wait);
  }

  #take(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isDue = false;
    this.#last = performance.now();
    this.#options.take();
  }

  /** Takes no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
  }
}
