/**
 * Results as nearly all of them are, told at a fraction of the cost of the schema, which walks and
 * copies each value. Whatever is taken here the schema takes too, and gives back as it was; whatever
 * is not, such as a failed task's error or a field of a newer version, is left to the schema.
 */
import * as v from "valibot";
import { MAX_ATTEMPTS, MAX_BATCH_ITEMS, MAX_TIMELINE_EVENTS } from "../limits.ts";
import { hasOnly, isPlain } from "../usual_values.ts";
import { type Results, TaskEventSchema } from "./messages.ts";

const STATES: ReadonlySet<unknown> = new Set(TaskEventSchema.entries.state.options);
const SPEAKERS: ReadonlySet<unknown> = new Set(TaskEventSchema.entries.by.options);
const MAX_DETAIL_LENGTH = 1_000;

/** Keys that the schema of a record leaves out. */
const RESERVED = ["__proto__", "prototype", "constructor"];

export function isUsualResults(value: unknown): value is Results {
  return isPlain(value) && value.type === "results" && hasOnly(value, ["type", "results"]) &&
    Array.isArray(value.results) && value.results.length <= MAX_BATCH_ITEMS &&
    value.results.every(isUsualResult);
}

const RESULT_KEYS = [
  "task_id",
  "attempt",
  "state",
  "result",
  "stdout",
  "stderr",
  "timeline",
  "details",
];

function isUsualResult(value: unknown): boolean {
  if (!isPlain(value) || !hasOnly(value, RESULT_KEYS)) return false;
  const { task_id, attempt, state, result, stdout, stderr, timeline, details } = value;
  return typeof task_id === "string" && v.UUID_REGEX.test(task_id) && isAttempt(attempt) &&
    state === "success" && isOptionalBytes(result) && isOptionalBytes(stdout) &&
    isOptionalBytes(stderr) && Array.isArray(timeline) &&
    timeline.length <= MAX_TIMELINE_EVENTS && timeline.every(isUsualEvent) &&
    (details === undefined || isUsualRecord(details));
}

const EVENT_KEYS = ["state", "at", "by", "attempt", "detail"];

export function isUsualEvent(value: unknown): boolean {
  if (!isPlain(value) || !hasOnly(value, EVENT_KEYS)) return false;
  const { state, at, by, attempt, detail } = value;
  return STATES.has(state) && Number.isFinite(at) && SPEAKERS.has(by) && isAttempt(attempt) &&
    (detail === undefined || (typeof detail === "string" && detail.length <= MAX_DETAIL_LENGTH));
}

export function isUsualRecord(value: unknown): boolean {
  return isPlain(value) && !RESERVED.some((key) => Object.hasOwn(value, key));
}

export function isAttempt(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_ATTEMPTS;
}

export function isOptionalBytes(value: unknown): boolean {
  return value === undefined || value instanceof Uint8Array;
}
