/**
 * Pages of tasks, the one answer of many rows, told at a fraction of the cost of the schema, which
 * walks and copies each value. Whatever is taken here the schema takes too, and gives back as it was;
 * whatever is not, such as a field of a newer version, is left to the schema.
 */
import * as v from "valibot";
import type { Answer, TaskSummary } from "./api.ts";
import { TASK_STATES } from "./task_state.ts";
import { hasOnly, isPlain } from "./usual_values.ts";

const STATES: ReadonlySet<unknown> = new Set(TASK_STATES);

export function isUsualTaskPage(value: unknown): value is Answer<"listTasks"> {
  if (!isPlain(value) || !hasOnly(value, ["items", "next_cursor"])) return false;
  const { items, next_cursor } = value;
  return (next_cursor === null || typeof next_cursor === "string") && Array.isArray(items) &&
    items.every(isUsualTask);
}

const TASK_KEYS: readonly (keyof TaskSummary)[] = [
  "task_id",
  "task_group_id",
  "function_id",
  "function_name",
  "endpoint_id",
  "endpoint_name",
  "status",
  "attempt",
  "created_at",
  "completed_at",
];

function isUsualTask(value: unknown): boolean {
  if (!isPlain(value) || !hasOnly(value, TASK_KEYS)) return false;
  const { task_id, task_group_id, function_id, endpoint_id, completed_at } = value;
  return isId(task_id) && isId(task_group_id) && isId(function_id) && isId(endpoint_id) &&
    typeof value.function_name === "string" && typeof value.endpoint_name === "string" &&
    STATES.has(value.status) && Number.isFinite(value.attempt) &&
    Number.isFinite(value.created_at) && (completed_at === null || Number.isFinite(completed_at));
}

function isId(value: unknown): boolean {
  return typeof value === "string" && v.UUID_REGEX.test(value);
}
