/**
 * Deletes finished tasks that were kept long enough, in the background: a small batch, then a pause
 * for everybody else.
 */
import { DEFAULT_RETENTION_DAYS, RETENTION_SWEEP_INTERVAL } from "../contract/limits.ts";
import { logger } from "../lib/log.ts";
import { messageOf } from "../lib/outcome.ts";
import type { TaskStore } from "./store/store.ts";

const log = logger("service", "store");

const DAY = 24 * 3_600_000;
/** Takes some milliseconds. */
const BATCH = 200;
/** Milliseconds: it takes a fifth of the time at most. */
const PAUSE = 50;

export interface RetentionOptions {
  readonly tasks: Pick<TaskStore, "deleteFinished">;
  readonly days?: number;
  readonly now?: () => number;
}

export class Retention {
  readonly #options: RetentionOptions;
  readonly #stopped = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#wait(PAUSE);
  }

  /** Resolves when the batch that is under way is done. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #wait(milliseconds: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => this.#running = this.#sweep(), milliseconds);
  }

  async #sweep(): Promise<void> {
    const { tasks, days = DEFAULT_RETENTION_DAYS, now = Date.now } = this.#options;
    try {
      const deleted = await tasks.deleteFinished({ before: now() - days * DAY, limit: BATCH });
      this.#wait(deleted === BATCH ? PAUSE : RETENTION_SWEEP_INTERVAL);
    } catch (thrown) {
      log.warning("old tasks were not deleted: {reason}", { reason: messageOf(thrown) });
      this.#wait(RETENTION_SWEEP_INTERVAL);
    }
  }
}
