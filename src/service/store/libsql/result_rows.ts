/** Results as they are read. Text is decoded here: the driver cuts text at a zero byte. */
import type { TaskError } from "../../../contract/errors.ts";
import type { TerminalState } from "../../../contract/task_state.ts";
import type { JsonObject, StoredResult } from "../store.ts";
import { fromJson } from "./query.ts";

/** All null for a task that is not finished. */
export type ResultRow = [
  result: Uint8Array | null,
  error: string | null,
  stdout: Uint8Array | null,
  stderr: Uint8Array | null,
  details: string | null,
];

/** Of a row `r` of `results`, in the order of {@link ResultRow}. */
export const RESULT_COLUMNS = "r.result, r.error, r.stdout, r.stderr, r.details";

const decoder = new TextDecoder();

export function resultOf(
  taskId: string,
  state: TerminalState,
  completedAt: number,
  row: ResultRow,
): StoredResult {
  const [result, error, stdout, stderr, details] = row;
  return {
    taskId,
    state,
    completedAt,
    result: result === null ? null : decoder.decode(result),
    error: fromJson<TaskError>(error),
    stdout: stdout === null ? "" : decoder.decode(stdout),
    stderr: stderr === null ? "" : decoder.decode(stderr),
    details: fromJson<JsonObject>(details),
  };
}
