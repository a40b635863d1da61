/**
 * What the agent and a manager say to each other. The local manager is called directly; those on
 * compute nodes are reached through `managers/`, which puts the same interface before them all.
 */
import type { TaskError } from "../../contract/errors.ts";
import type { FunctionId, TaskId } from "../../contract/ids.ts";
import type { PlannedEnd } from "../../contract/protocol/manager_messages.ts";
import type { PictureNode } from "../../contract/protocol/machine_picture.ts";
import type { EndpointStatus, TaskOptions } from "../../contract/protocol/messages.ts";
import type { TaskEvent } from "../../contract/task_state.ts";

/** One attempt at a task. */
export interface TaskAttempt {
  readonly taskId: TaskId;
  /** Counted from 1. */
  readonly attempt: number;
  /** Of those before, how many do not count, since what ran them ended as planned; 0 if left out. */
  readonly moved?: number;
  readonly functionId: FunctionId;
  /** Packed function buffer, UTF-8. The same object for every task of the function. */
  readonly code: Uint8Array;
  /** Packed arguments, UTF-8. */
  readonly payload: Uint8Array;
  readonly options: TaskOptions;
  /** Files with what its arguments refer to, by SHA-256; absolute paths, there until it ends. */
  readonly blobs?: Readonly<Record<string, string>>;
}

/** How one attempt ended. */
export type AttemptOutcome =
  /** `file`, when there is one, has the result, absolute; whoever is told takes it over. */
  | { readonly kind: "success"; readonly result: Uint8Array; readonly file?: string }
  /** The function raised, or could not be run at all: never retried. */
  | { readonly kind: "failed"; readonly error: TaskError }
  | { readonly kind: "cancelled" }
  /**
   * Its worker or manager went away under it: retried while attempts are left. What was `planned`
   * costs no attempt.
   */
  | LostOutcome
  /** Certainly not begun, and given back: counts as no attempt. */
  | { readonly kind: "returned" };

export interface LostOutcome {
  readonly kind: "lost";
  readonly error: TaskError;
  readonly planned?: PlannedEnd;
}

/** The last bytes of each stream, UTF-8 as the task wrote it. */
export interface TaskOutput {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

export interface FinishedAttempt {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly output: TaskOutput;
  /** Moves since the attempt was given to the manager, without the terminal one. */
  readonly timeline: readonly TaskEvent[];
  /** Runtime and version, host, pid, seconds of CPU, peak memory: shown, never interpreted. */
  readonly details: Readonly<Record<string, unknown>>;
  /** A signal ended it that nobody here had sent: the scheduler may be ending all of the node. */
  readonly signalled?: true;
  /** Id of the manager on another node that keeps it until `kept`. */
  readonly manager?: string;
}

/** An attempt by its numbers. */
export type AttemptId = Pick<TaskAttempt, "taskId" | "attempt">;

/** Called by an executor; none of them may throw. */
export interface ExecutorEvents {
  /** Attempts that a worker has begun, but for those whose end is told in the same moment. */
  started(events: readonly { readonly taskId: TaskId; readonly event: TaskEvent }[]): void;
  finished(attempts: readonly FinishedAttempt[]): void;
  /** Live output of followed tasks. */
  output(chunk: {
    readonly taskId: TaskId;
    readonly stream: "stdout" | "stderr";
    /** Bytes of the stream before this chunk. */
    readonly offset: number;
    readonly data: Uint8Array;
  }): void;
  /** Room for more; ask `capacity`. */
  roomForMore(): void;
  /** Managers have come or gone, or do something else; for whoever shows that. */
  managersChanged?(): void;
}

/** Runs attempts. Each one that was given to `run` ends in exactly one `finished`. */
export interface Executor {
  /** Runtimes that work on this machine, for instance `["typescript", "python", "shell"]`. */
  readonly runtimes: readonly string[];
  /** Of the Python outside of containers, where that is known before any worker starts. */
  readonly pythonVersion?: string;
  /** How many more attempts it takes now. */
  capacity(): number;
  /** At most `capacity()` attempts. */
  run(attempts: readonly TaskAttempt[]): void;
  /** Ends a task's process group; it finishes as cancelled. Unknown ids are ignored. */
  cancel(taskIds: readonly TaskId[]): void;
  /** Begins or ends `output` events for a task; what was captured so far comes first. */
  follow(taskId: TaskId, on: boolean): void;
  /** Whether managers of an earlier agent may come back with attempts that it had given them. */
  readonly awaitsManagers?: boolean;
  /**
   * Attempts that had begun when an earlier agent ended: each ends in one `finished`, as if it had
   * been given to `run`. Called once, before anything else; without it they are lost.
   */
  adopt?(attempts: readonly AttemptId[]): void;
  /** The ends of these are on disk, so whoever keeps them for that may forget them. */
  kept?(attempts: readonly FinishedAttempt[]): void;
  /** Begins nothing more, and gives back what has certainly not begun as `returned`. */
  recall?(): void;
  load(): Pick<EndpointStatus, "managers" | "total_workers" | "idle_workers" | "outstanding_tasks">;
  /** Its nodes for a picture of them, at most `MAX_PICTURE_NODES`; it takes a while for many. */
  nodes?(): PictureNode[];
  /** Ends all workers and their process groups; what still runs finishes as lost. */
  close(): Promise<void>;
}
