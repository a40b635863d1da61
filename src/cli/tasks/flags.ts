/** Flags and arguments that the commands around tasks share. */
import { FuncxError } from "../../contract/errors.ts";
import { isUuid, type TaskId } from "../../contract/ids.ts";
import { MAX_PRIORITY, MIN_PRIORITY } from "../../contract/limits.ts";
import { parseSeconds } from "../parameters.ts";

export const ENDPOINT_FLAG = {
  kind: "parsed",
  brief: "Name or id of the endpoint (default: default, or the only one)",
  placeholder: "endpoint",
  parse: String,
  optional: true,
} as const;

export const TIMEOUT_FLAG = {
  kind: "parsed",
  placeholder: "seconds",
  parse: parseSeconds,
  optional: true,
} as const;

export const PRIORITY_FLAG = {
  kind: "parsed",
  brief: `${MIN_PRIORITY} to ${MAX_PRIORITY}: higher first among your own tasks (default: 0)`,
  placeholder: "number",
  parse: parsePriority,
  optional: true,
} as const;

export const FUNCTION_ARGUMENT = {
  placeholder: "FUNCTION",
  brief: "Id or name of a function, or a file: f.ts, f.js, f.py, f.sh, or f.py:name",
  parse: String,
} as const;

export const REGISTERED_FUNCTION = {
  placeholder: "FUNCTION",
  brief: "Id or name of a registered function",
  parse: String,
} as const;

export const TASK_ID = { placeholder: "TASK", brief: "Id of a task", parse: parseTaskId } as const;

function parseTaskId(text: string): TaskId {
  const id = text.toLowerCase();
  if (isUuid(id)) return id;
  throw new FuncxError({ code: "USAGE", message: "expected the id of a task" });
}

function parsePriority(text: string): number {
  const priority = Number(text);
  const isInRange = priority >= MIN_PRIORITY && priority <= MAX_PRIORITY;
  if (/^[+-]?\d+$/.test(text) && isInRange) return priority;
  throw new FuncxError({
    code: "USAGE",
    message: `expected a whole number from ${MIN_PRIORITY} to ${MAX_PRIORITY}`,
  });
}
