/** A task at the endpoint, as table and spool know it. */
import type { FunctionId, TaskId } from "../contract/ids.ts";
import type { ResultMessage, TaskOptions } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";

/** A task without its payload. */
export interface TaskRecord {
  /** Order of arrival at this spool, from 1. */
  readonly seq: number;
  /** Number of the lane that it waits in. */
  readonly lane: number;
  readonly taskId: TaskId;
  readonly functionId: FunctionId;
  readonly options: TaskOptions;
  /** Attempts that have ended, here and before the endpoint got the task. */
  readonly attemptsMade: number;
  /** Of these, how many do not count, since what ran them ended as planned. */
  readonly moved: number;
  /** Moves at this endpoint so far. */
  readonly timeline: readonly TaskEvent[];
}

export interface SpooledTask extends TaskRecord {
  /** Packed arguments, never decoded here. */
  readonly payload: Uint8Array;
}

/** A result, and the task in the spool that it ends, with its lane; null when there is none. */
export interface FinishedTask {
  readonly seq: number | null;
  readonly lane: number | null;
  readonly result: ResultMessage;
}
