/**
 * Ends of attempts as nearly all of them are, as `usual_results.ts` has it for results: those that
 * succeeded or were given back. Whatever is taken here the schema takes too, and gives back as it was.
 */
import * as v from "valibot";
import { MAX_BATCH_ITEMS, MAX_TIMELINE_EVENTS } from "../limits.ts";
import { hasOnly, isPlain } from "../usual_values.ts";
import type { Ended } from "./manager_messages.ts";
import { isAttempt, isOptionalBytes, isUsualEvent, isUsualRecord } from "./usual_results.ts";

export function isUsualEnded(value: unknown): value is Ended {
  return isPlain(value) && value.type === "ended" &&
    hasOnly(value, ["type", "limit", "attempts"]) &&
    Number.isInteger(value.limit) && (value.limit as number) >= 0 &&
    Array.isArray(value.attempts) && value.attempts.length <= MAX_BATCH_ITEMS &&
    value.attempts.every(isUsualAttempt);
}

const KEYS = ["task_id", "attempt", "outcome", "stdout", "stderr", "timeline", "details"];

function isUsualAttempt(value: unknown): boolean {
  if (!isPlain(value) || !hasOnly(value, KEYS)) return false;
  const { task_id, attempt, outcome, stdout, stderr, timeline, details } = value;
  return typeof task_id === "string" && v.UUID_REGEX.test(task_id) && isAttempt(attempt) &&
    (attempt as number) >= 1 && isUsualOutcome(outcome) && isOptionalBytes(stdout) &&
    isOptionalBytes(stderr) && Array.isArray(timeline) &&
    timeline.length <= MAX_TIMELINE_EVENTS && timeline.every(isUsualEvent) &&
    isUsualRecord(details);
}

function isUsualOutcome(value: unknown): boolean {
  if (!isPlain(value)) return false;
  if (value.kind === "returned") return hasOnly(value, ["kind"]);
  return value.kind === "success" && hasOnly(value, ["kind", "result"]) &&
    value.result instanceof Uint8Array;
}
