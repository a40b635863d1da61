/** Whether the spool's disk takes what is written, who is told when that changes, and when to retry. */
import { logger } from "../lib/log.ts";
import type { Failure } from "../lib/outcome.ts";

/** Room on the spool's disk that new tasks leave for results and for the site's other users. */
export const DISK_RESERVE = 16 * 1024 * 1024;

const log = logger("agent", "spool");

/** Between two tries to write to a disk that is full, milliseconds. */
const RETRY_INTERVAL = 1_000;

/**
 * - `short`: nearly full; results may still be written, but no new tasks are taken.
 * - `failing`: it takes nothing; everything waits.
 */
export type StorageState = "works" | "short" | "failing";

export class StorageHealth {
  readonly #tell: (problem: Failure | null) => void;
  readonly #retry: () => void;
  #state: StorageState = "works";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param options.tell gets each new problem, and null when it is over.
   * @param options.retry is called when it is time to try again.
   */
  constructor(options: { tell: (problem: Failure | null) => void; retry: () => void }) {
    this.#tell = options.tell;
    this.#retry = options.retry;
  }

  get state(): StorageState {
    return this.#state;
  }

  troubled(state: "short" | "failing", problem: Failure): void {
    if (this.#state !== state) {
      log.error("{message}; nothing is lost, it is tried again", { ...problem });
      this.#state = state;
      this.#tell(problem);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#retry, RETRY_INTERVAL);
  }

  /** The trouble of this kind is over, if it was there. */
  works(trouble: "short" | "failing"): void {
    if (this.#state !== trouble) return;
    this.stop();
    this.#state = "works";
    log.info("the spool can be written again");
    this.#tell(null);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Told while the disk has no room for more tasks. */
export function spoolShort(path: string): Failure {
  return {
    code: "STORAGE_FULL",
    message: `the disk of ${path} has less than ${DISK_RESERVE / 1024 / 1024} MB free, ` +
      "so no more tasks are taken",
    hint: "Make room on that disk, or move stateDir of the profile to another one.",
  };
}
