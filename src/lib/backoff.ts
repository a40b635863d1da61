/** Limits of a {@link Backoff}; all in milliseconds. */
export interface BackoffOptions {
  readonly initial: number;
  readonly maximum: number;
  /** How long a connection must have held before the delays start again from `initial`. */
  readonly minimumUptime: number;
  /** Uniform in [0, 1); replaced in tests. */
  readonly random?: () => number;
}

/**
 * Exponential delays with full jitter. They reset only after a minimum uptime, so that a peer which
 * accepts and then drops every connection is not hammered.
 */
export class Backoff {
  #attempts = 0;
  readonly #options: BackoffOptions;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Milliseconds to wait before the next attempt: at least half of the ceiling, at most all of it. */
  next(): number {
    const { initial, maximum, random = Math.random } = this.#options;
    const ceiling = Math.min(maximum, initial * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return Math.round(ceiling / 2 + (ceiling / 2) * random());
  }

  /** Tells how long the last connection held. */
  connectionEnded(uptime: number): void {
    if (uptime >= this.#options.minimumUptime) this.#attempts = 0;
  }
}
