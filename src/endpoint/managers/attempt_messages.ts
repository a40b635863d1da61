/** From attempts to the messages of a manager link and back, as the agent does it. */
import { isErrorCode, type TaskError } from "../../contract/errors.ts";
import type { FunctionId, TaskId } from "../../contract/ids.ts";
import { BATCH_BYTES, MAX_BATCH_ITEMS, MAX_FUNCTIONS_PER_WORKER } from "../../contract/limits.ts";
import type {
  AttemptMessage,
  EndedAttempt,
  PlannedEnd,
  Run,
} from "../../contract/protocol/manager_messages.ts";
import type { TaskEvent } from "../../contract/task_state.ts";
import type {
  AttemptOutcome,
  FinishedAttempt,
  LostOutcome,
  TaskAttempt,
} from "../executor/executor.ts";

type WireError = (EndedAttempt["outcome"] & { readonly kind: "lost" })["error"];

export const NOTHING = new Uint8Array(0);

/** What is known of an attempt whose end its manager did not tell. */
export interface UntoldAttempt {
  readonly attempt: number;
  /** Milliseconds since 1970; null when an earlier agent gave it. */
  readonly givenAt: number | null;
  /** When a worker began it, if that was told. */
  readonly running: TaskEvent | null;
}

/**
 * Messages that give the attempts. @param sent functions whose code the manager has, to which those
 * that these messages have are added
 * @param nodes that the attempts have for themselves
 */
export function* runMessages(
  attempts: readonly TaskAttempt[],
  sent: Set<FunctionId>,
  nodes?: readonly string[],
): Iterable<Run> {
  let message = emptyRun();
  let bytes = 0;
  for (const attempt of attempts) {
    const { functionId, code, payload } = attempt;
    const isNew = !sent.has(functionId);
    const size = payload.length + (isNew ? code.length : 0);
    // Then the manager forgets all of them too, before it reads the next message.
    const forgets = isNew && sent.size >= MAX_FUNCTIONS_PER_WORKER;
    const { length } = message.attempts;
    const isFull = length === MAX_BATCH_ITEMS || bytes + size > BATCH_BYTES;
    if (length > 0 && (forgets || isFull)) {
      yield message;
      message = emptyRun();
      bytes = 0;
    }
    if (forgets) sent.clear();
    if (isNew) message.functions.push({ function_id: functionId, code });
    sent.add(functionId);
    message.attempts.push(attemptMessage(attempt, nodes));
    bytes += size;
  }
  if (message.attempts.length > 0) yield message;
}

function emptyRun(): Run {
  return { type: "run", functions: [], attempts: [] };
}

function attemptMessage(attempt: TaskAttempt, nodes?: readonly string[]): AttemptMessage {
  const { taskId, moved = 0, functionId, payload, options, blobs } = attempt;
  const message: AttemptMessage = {
    task_id: taskId,
    attempt: attempt.attempt,
    function_id: functionId,
    payload,
    options,
  };
  if (moved > 0) message.moved = moved;
  if (nodes !== undefined) message.nodes = [...nodes];
  if (blobs === undefined) return message;
  const sizes = Object.entries(blobs).map(([file, path]) => [file, sizeOf(path)]);
  return { ...message, files: Object.fromEntries(sizes) };
}

/** Of a file that is gone, which is noticed when it is fetched, anything but nothing. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 1;
  }
}

/** An end that the manager did not tell. */
export function endOf(
  taskId: TaskId,
  given: UntoldAttempt,
  outcome: AttemptOutcome,
): FinishedAttempt {
  const { attempt, givenAt, running } = given;
  const timeline: TaskEvent[] = givenAt === null
    ? []
    : [{ state: "waiting-for-launch", at: givenAt, by: "agent", attempt }];
  if (running !== null) timeline.push(running);
  const output = { stdout: NOTHING, stderr: NOTHING };
  return { taskId, attempt, outcome, output, timeline, details: {} };
}

export function finishedAttempt(
  ended: EndedAttempt,
  outcome: AttemptOutcome,
  manager: string,
): FinishedAttempt {
  const { task_id, attempt, stdout = NOTHING, stderr = NOTHING, timeline, details } = ended;
  const output = { stdout, stderr };
  return { taskId: task_id, attempt, outcome, output, timeline, details, manager };
}

export function outcomeOf({ outcome }: EndedAttempt): AttemptOutcome {
  switch (outcome.kind) {
    case "success":
      return { kind: "success", result: outcome.result };
    case "failed":
      return { kind: "failed", error: knownError(outcome.error) };
    case "lost":
      return lostOutcome(knownError(outcome.error), outcome.planned ?? null);
    default:
      return outcome;
  }
}

function knownError(error: WireError): TaskError {
  return { ...error, code: isErrorCode(error.code) ? error.code : "UNKNOWN_TASK_FAILURE" };
}

/** @param planned why it was to end, where that was planned */
export function lostOutcome(error: TaskError, planned: PlannedEnd | null): LostOutcome {
  return planned === null ? { kind: "lost", error } : { kind: "lost", error, planned };
}

export function managerLost(name: string, reason: string): TaskError {
  return {
    code: "WORKER_LOST",
    type: "ManagerLost",
    message: `${name} was lost with the task: ${reason}`,
    traceback: "",
    hint: "See the block's output and the scheduler's accounting of its job.",
  };
}

export function resultLost(name: string, reason: string): TaskError {
  return {
    code: "WORKER_LOST",
    type: "ResultLost",
    message: `the result could not be brought from ${name}: ${reason}`,
    traceback: "",
    hint: "Make room on the disk of the endpoint's stateDir.",
  };
}
