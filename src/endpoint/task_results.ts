/** The results that end tasks: bounded as the protocol asks, each with the whole story. */
import type { TaskError } from "../contract/errors.ts";
import type { TaskId } from "../contract/ids.ts";
import { MAX_TIMELINE_EVENTS, MAX_TRACEBACK_BYTES } from "../contract/limits.ts";
import type { ResultMessage } from "../contract/protocol/messages.ts";
import { movesText, type TaskEvent } from "../contract/task_state.ts";
import type { FinishedAttempt, TaskOutput } from "./executor/executor.ts";
import type { FinishedTask, TaskRecord } from "./task.ts";

/** Of an attempt that was running when an agent ended without a word. */
export const AGENT_LOST: TaskError = {
  code: "WORKER_LOST",
  type: "AgentLost",
  message: "the endpoint's agent ended while the task ran",
  traceback: "",
  hint: "See the agent's log; the machine may have been restarted or be out of memory.",
};

const CANCELLED: TaskError = {
  code: "TASK_CANCELLED",
  type: "TaskCancelled",
  message: "the task was cancelled",
  traceback: "",
};

const MAX_MESSAGE_LENGTH = 10_000;
const MAX_TYPE_LENGTH = 200;

/** How the attempt ended, for one that is final; what was lost or given back was cancelled then. */
export function endedResult(
  task: TaskRecord,
  ended: FinishedAttempt,
  at: number,
): FinishedTask {
  const { outcome } = ended;
  const isOver = outcome.kind === "success" || outcome.kind === "failed";
  const last = terminal(isOver ? outcome.kind : "cancelled", at, ended.attempt);
  const result: ResultMessage = {
    task_id: task.taskId,
    attempt: ended.attempt,
    state: last.state,
    timeline: boundedTimeline([...task.timeline, ...ended.timeline, last]),
    details: { ...ended.details },
    ...outputOf(ended.output),
  };
  if (outcome.kind === "success") result.result = outcome.result;
  else result.error = outcome.kind === "failed" ? boundedError(outcome.error) : CANCELLED;
  return { seq: task.seq, lane: task.lane, result };
}

/** The last attempt was lost. */
export function lostResult(
  task: TaskRecord,
  error: TaskError,
  output: TaskOutput | undefined,
  at: number,
): FinishedTask {
  const message = `${error.message}${countOf(task)}`;
  const result = agentResult(task, "failed", { ...error, message }, at);
  return { seq: task.seq, lane: task.lane, result: { ...result, ...outputOf(output) } };
}

/** Nothing where there was one attempt. */
function countOf({ attemptsMade, moved }: TaskRecord): string {
  if (attemptsMade === 1) return "";
  return ` (attempt ${attemptsMade - moved}${movesText(moved)})`;
}

export function cancelledResult(task: TaskRecord, at: number): FinishedTask {
  return { seq: task.seq, lane: task.lane, result: agentResult(task, "cancelled", CANCELLED, at) };
}

/** The answer to a cancel of a task that this endpoint does not know. */
export function unknownCancelled(taskId: TaskId, at: number): FinishedTask {
  const task = { taskId, attemptsMade: 0, timeline: [] };
  return { seq: null, lane: null, result: agentResult(task, "cancelled", CANCELLED, at) };
}

/** It cannot run here: its arguments cannot be had, or it asks for what there is not. */
export function refusedResult(task: TaskRecord, error: TaskError, at: number): FinishedTask {
  return { seq: task.seq, lane: task.lane, result: agentResult(task, "failed", error, at) };
}

export function notAllowedResult(task: TaskRecord, at: number): FinishedTask {
  const error: TaskError = {
    code: "FUNCTION_NOT_ALLOWED",
    type: "FunctionNotAllowed",
    message: `this endpoint does not run function ${task.functionId}`,
    traceback: "",
    hint: "Ask the endpoint's owner to add it to the allowed functions.",
  };
  return { seq: task.seq, lane: task.lane, result: agentResult(task, "failed", error, at) };
}

/** Keeps the first moves and the last ones when there are too many. */
export function boundedTimeline(events: readonly TaskEvent[]): TaskEvent[] {
  if (events.length <= MAX_TIMELINE_EVENTS) return [...events];
  const half = MAX_TIMELINE_EVENTS / 2;
  return [...events.slice(0, half), ...events.slice(events.length - half)];
}

type Terminal = TaskEvent & { readonly state: ResultMessage["state"] };

function terminal(state: ResultMessage["state"], at: number, attempt: number): Terminal {
  return { state, at, by: "agent", attempt };
}

function agentResult(
  task: Pick<TaskRecord, "taskId" | "attemptsMade" | "timeline">,
  state: "failed" | "cancelled",
  error: TaskError,
  at: number,
): ResultMessage {
  return {
    task_id: task.taskId,
    attempt: task.attemptsMade,
    state,
    error: boundedError(error),
    timeline: boundedTimeline([...task.timeline, terminal(state, at, task.attemptsMade)]),
  };
}

function outputOf(output: TaskOutput | undefined): Pick<ResultMessage, "stdout" | "stderr"> {
  return {
    ...(output !== undefined && output.stdout.length > 0 ? { stdout: output.stdout } : {}),
    ...(output !== undefined && output.stderr.length > 0 ? { stderr: output.stderr } : {}),
  };
}

function boundedError(error: TaskError): TaskError {
  return {
    ...error,
    type: clip(error.type, MAX_TYPE_LENGTH),
    message: clip(error.message, MAX_MESSAGE_LENGTH),
    traceback: clip(error.traceback, MAX_TRACEBACK_BYTES),
  };
}

/** The end of a traceback says most, so that is kept. */
function clip(text: string, maximum: number): string {
  return text.length <= maximum ? text : `…${text.slice(text.length - maximum + 1)}`;
}
