/**
 * What gets blocks from a scheduler. A provider keeps no state: it turns requests into the
 * scheduler's commands and their answers into values; when to ask, how many blocks there should be
 * and what is remembered of them is up to its caller.
 */
import type { FuncxFailure } from "../../contract/errors.ts";
import type { Outcome } from "../../lib/outcome.ts";
import type { BlockProvider } from "../../profile/resolved_provider.ts";

export interface BlockRequest {
  readonly blockId: string;
  /** Names the job for people; see `jobName` for what a scheduler makes of it. */
  readonly name: string;
  /** Absolute; exists with mode 0700. The script and the output of the block are kept there. */
  readonly folder: string;
  readonly nodes: number;
  /** The command line that starts one manager on one node; there is no secret in it. */
  readonly manager: readonly string[];
  /**
   * Absolute paths of small files that the manager reads and a node may not have, such as its token:
   * words of `manager` behind the first one, the program. Only providers that cannot count on shared
   * files carry them.
   */
  readonly files: readonly string[];
}

export interface Provider {
  readonly type: BlockProvider["type"];
  /**
   * The submit script or manifest, as it will be handed over. Pure, and without any secret. Throws a
   * `FuncxError` for a path that the scheduler has no way to write, which `submit` gives as a failure.
   */
  script(request: BlockRequest): string;
  /** Keeps the script in the block's folder and submits it; the job's id. */
  submit(request: BlockRequest): Promise<SchedulerOutcome<string>>;
  /** Asks about all jobs in one command; each id that was asked for has a state. */
  status(jobIds: readonly string[]): Promise<SchedulerOutcome<JobStates>>;
  /** Ends all of them in one command. Those that have ended already are no failure. */
  cancel(jobIds: readonly string[]): Promise<SchedulerOutcome<null>>;
}

/** `retryable` when the scheduler could not be asked, `fatal` when it said no or is not there. */
export type SchedulerOutcome<T> = Outcome<T, SchedulerFailure>;

export interface SchedulerFailure extends FuncxFailure {
  readonly code: "SCHEDULER_MISSING" | "SCHEDULER_REFUSED" | "SCHEDULER_UNAVAILABLE";
  /** The scheduler's own words, trimmed and cut off; may have several lines. */
  readonly words: string;
  /**
   * The command was ended or lost, and may have been carried out all the same: after a submit there
   * may be a job, which the caller has to count until a manager or the scheduler tells.
   */
  readonly mayBeDone: boolean;
}

export type JobStates = ReadonlyMap<string, JobState>;

export type JobState =
  /** Waits for its turn; `reason` is the scheduler's, and may be empty. */
  | { readonly kind: "queued"; readonly reason: string }
  /** In the queue, and does not get any further without somebody's help: cancel it. */
  | { readonly kind: "stuck"; readonly reason: string }
  /** Node names as the scheduler has them; empty where it does not tell. */
  | { readonly kind: "running"; readonly nodes: readonly string[] }
  | JobEnded
  /** The scheduler answered, and its answer says nothing of the job's fate: ask again. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface JobEnded {
  readonly kind: "ended";
  readonly how: JobEnding;
  /** Of the script; null where a signal ended it, or nobody tells. */
  readonly exitCode: number | null;
  /** The scheduler's; may be empty. */
  readonly reason: string;
}

/**
 * `gone`: the scheduler knows the job no longer, and does not tell how it ended. It is an absence and
 * no statement, so a caller who still hears from a manager of the block has the better word.
 */
export type JobEnding =
  | "completed"
  | "failed"
  | "cancelled"
  | "timed-out"
  | "out-of-memory"
  | "node-lost"
  | "gone";

export const GONE: JobEnded = { kind: "ended", how: "gone", exitCode: null, reason: "" };

export function ended(how: JobEnding, exitCode: number | null, reason = ""): JobEnded {
  return { kind: "ended", how, exitCode, reason };
}
