/** Whether blocks come when they are asked for, and what keeps them from it, for people. */
import type { FuncxFailure } from "../../contract/errors.ts";
import { MAX_FAILED_BLOCKS } from "../../contract/limits.ts";
import { logger } from "../../lib/log.ts";
import { type FailureRun, NO_FAILURES, withFailure } from "../providers/scaler.ts";
import type { Block } from "./block.ts";

const log = logger("blocks");

export class BlockHealth {
  /** Of the endpoint, for hints. */
  readonly #name: string;
  readonly #tell: (problem: FuncxFailure | null) => void;
  #failures: FailureRun = NO_FAILURES;
  #problem: FuncxFailure | null = null;
  /** Of the scheduler, while it does not answer. */
  #silence: FuncxFailure | null = null;

  /** @param tell hears of each change of what is wrong; null means nothing is */
  constructor(name: string, tell: (problem: FuncxFailure | null) => void) {
    this.#name = name;
    this.#tell = tell;
  }

  get failures(): FailureRun {
    return this.#failures;
  }

  /** A manager has come. */
  works(): void {
    if (this.#failures === NO_FAILURES) return;
    this.#failures = NO_FAILURES;
    this.#problem = null;
    this.#tellNow();
  }

  /** A block was refused, or is over before a manager was there. @param failure if it has a code */
  failed(block: Block, cause: string, failure?: FuncxFailure): void {
    this.#failures = withFailure(this.#failures, cause);
    const { count } = this.#failures;
    const { blockId } = block;
    log.error("block {blockId} has failed, {count} in a row: {cause}", { blockId, count, cause });
    const {
      code = "BLOCK_FAILED",
      hint = `See \`funcx-endpoint logs ${this.#name} --block ${blockId}\`.`,
    } = failure ?? {};
    this.#problem = count < MAX_FAILED_BLOCKS ? { code, message: cause, hint } : {
      code,
      message: `no more blocks are asked for, since ${count} in a row have failed: ${cause}`,
      hint: `${hint} Then: funcx-endpoint restart ${this.#name}`,
    };
    this.#tellNow();
  }

  /** The scheduler has not answered. */
  silent(failure: FuncxFailure): void {
    this.#silence = failure;
    this.#tellNow();
  }

  answers(): void {
    if (this.#silence === null) return;
    this.#silence = null;
    this.#tellNow();
  }

  #tellNow(): void {
    this.#tell(this.#problem ?? this.#silence);
  }
}
