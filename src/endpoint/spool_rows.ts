/** Rows of the spool's tasks, and how they are read. */
import type { TaskOptions } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";
import type { SpooledTask, TaskRecord } from "./task.ts";

export interface TaskRow {
  readonly seq: number;
  readonly lane: number;
  readonly task_id: string;
  readonly function_id: string;
  readonly options: string;
  readonly attempts_made: number;
  readonly moved: number;
  readonly timeline: string;
  readonly payload: ArrayBuffer;
}

/** The columns of a task but for its payload. */
export const RECORD =
  "tasks.seq, tasks.lane, task_id, function_id, options, attempts_made, moved, timeline";
/** The condition that a task has no result. */
export const UNFINISHED = "NOT EXISTS (SELECT 1 FROM finished WHERE finished.seq = tasks.seq)";

export function taskRecord(row: Omit<TaskRow, "payload">): TaskRecord {
  return {
    seq: row.seq,
    lane: row.lane,
    taskId: row.task_id,
    functionId: row.function_id,
    options: JSON.parse(row.options) as TaskOptions,
    attemptsMade: row.attempts_made,
    moved: row.moved,
    timeline: JSON.parse(row.timeline) as TaskEvent[],
  };
}

export function spooledTask(row: TaskRow): SpooledTask {
  // libSQL gives bytes as ArrayBuffer from `all`, and as Buffer from `get`.
  return { ...taskRecord(row), payload: new Uint8Array(row.payload) };
}
