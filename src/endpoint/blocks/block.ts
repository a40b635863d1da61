/** A block: one job of the scheduler, from the decision to have it until it is forgotten. */
import type { JobEnded } from "../providers/provider.ts";

export type BlockState =
  /**
   * Its submit is under way; `isInDoubt` when that was cut off, so that nobody knows whether there
   * is a job until one of its managers comes, or none does.
   */
  | { readonly kind: "submitting"; readonly isInDoubt: boolean }
  /** The scheduler has it; `reason` is why it does not run yet, in the scheduler's words. */
  | { readonly kind: "queued"; readonly jobId: string; readonly reason: string }
  /** Node names as the scheduler has them; a job without an id is known from its managers only. */
  | {
    readonly kind: "running";
    readonly jobId: string | null;
    /** Milliseconds since 1970. */
    readonly since: number;
    readonly nodes: readonly string[];
  }
  /** The agent has had it cancelled, and the scheduler has not said that it is over. */
  | {
    readonly kind: "ending";
    readonly jobId: string;
    readonly reason: string;
    /** When that was last asked for, milliseconds since 1970. */
    readonly since: number;
  }
  | {
    readonly kind: "ended";
    readonly jobId: string | null;
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly reason: string;
  };

export interface Block {
  readonly blockId: string;
  /** Absolute; holds its script, output, logs and connection file. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly submittedAt: number;
  readonly state: BlockState;
  /** Whether a manager of it has come, and is there or may come back. */
  readonly managers: "expected" | "there" | "gone";
}

export type LiveState = Exclude<BlockState, { readonly kind: "ended" }>;

/** Whether it has a job, or may have one. */
export function isLive(block: Block): block is Block & { readonly state: LiveState } {
  return block.state.kind !== "ended";
}

export function jobIdOf({ state }: Block): string | null {
  return state.kind === "submitting" ? null : state.jobId;
}

/** How a job ended, for people. */
export function endingText({ how, exitCode, reason }: JobEnded): string {
  const code = exitCode === null || exitCode === 0 ? "" : ` with exit code ${exitCode}`;
  const words = reason === "" || reason.toLowerCase() === how ? "" : ` (${reason})`;
  return `${ENDINGS[how]}${code}${words}`;
}

const ENDINGS: Readonly<Record<JobEnded["how"], string>> = {
  completed: "its job completed",
  failed: "its job failed",
  cancelled: "its job was cancelled",
  "timed-out": "its job reached its walltime",
  "out-of-memory": "its job used more memory than it may",
  "node-lost": "a node of its job was lost, or its job was preempted",
  gone: "the scheduler does not know its job any more",
};
