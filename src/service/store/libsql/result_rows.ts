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

/** Of a row `r` of `results`: what it takes to answer with it. */
export const RESULT_BYTES = `coalesce(length(r.result), 0) + coalesce(length(r.error), 0)
  + coalesce(length(r.stdout), 0) + coalesce(length(r.stderr), 0)`;

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

/**
 * The key of the last row whose bytes still fit; the first one fits always. Undefined when there is
 * no row.
 */
export function lastThatFits(
  sizes: readonly (readonly [key: number, bytes: number, ...rest: unknown[]])[],
  maximumBytes: number,
): number | undefined {
  let last: number | undefined;
  let sum = 0;
  for (const [key, bytes] of sizes) {
    sum += bytes;
    if (last !== undefined && sum > maximumBytes) break;
    last = key;
  }
  return last;
}
