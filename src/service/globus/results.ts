/** Results of agents of Globus Compute as the store takes them. Pure. */
import type { GlobusResult } from "../../contract/globus_messages.ts";
import { MAX_TIMELINE_EVENTS } from "../../contract/limits.ts";
import type { ResultMessage } from "../../contract/protocol/messages.ts";
import type { TaskEvent, TaskState } from "../../contract/task_state.ts";

type Transition = NonNullable<GlobusResult["task_statuses"]>[number];

const utf8 = new TextEncoder();
const MAX_TEXT = 100_000;

/** Their moves that have a name here; the end is told by the result itself. */
const STATES: Readonly<Record<string, TaskState>> = {
  "waiting-for-nodes": "waiting-for-nodes",
  "waiting-for-launch": "waiting-for-launch",
  "execution-start": "running",
  "running": "running",
};

/** @param now milliseconds since 1970, for a result that does not say when it ended */
export function resultOf(result: GlobusResult, attempt: number, now: number): ResultMessage {
  const { task_id, data, error_details: error, details, task_statuses } = result;
  const state = error ? "failed" : "success";
  const moves = (task_statuses ?? []).slice(-MAX_TIMELINE_EVENTS + 1);
  const end = moves.findLast(({ state }) => state === "execution-end");
  const last: TaskEvent = {
    state,
    at: end === undefined ? now : milliseconds(end),
    by: end === undefined ? "agent" : "worker",
    attempt,
  };
  return {
    task_id: task_id.toLowerCase(),
    attempt,
    state,
    ...(error ? { error: errorOf(error, data) } : { result: utf8.encode(data) }),
    timeline: [...moves.flatMap((move) => eventOf(move, attempt)), last],
    ...(details ? { details } : {}),
  };
}

function eventOf(move: Transition, attempt: number): TaskEvent[] {
  const state = STATES[move.state];
  if (state === undefined) return [];
  return [{ state, at: milliseconds(move), by: actorOf(move.actor), attempt }];
}

function actorOf(actor: string): TaskEvent["by"] {
  return actor === "worker" || actor === "manager" ? actor : "agent";
}

function milliseconds({ timestamp }: Transition): number {
  return Math.round(timestamp / 1_000) / 1_000;
}

/** The last line of a Python traceback names the exception. */
function errorOf(
  { code, user_message }: NonNullable<GlobusResult["error_details"]>,
  traceback: string,
): NonNullable<ResultMessage["error"]> {
  const found = traceback.trimEnd().split("\n").findLast((line) => /^[\w.]+(: |$)/.test(line));
  const [type, ...words] = found?.split(": ") ?? [];
  const isPython = traceback.includes("Traceback (most recent call last)") && type !== undefined;
  return {
    code: code.slice(0, 200),
    type: (isPython ? type : code).slice(0, MAX_TEXT),
    message: (isPython ? words.join(": ") : user_message).slice(0, MAX_TEXT),
    traceback: traceback.slice(-MAX_TEXT),
  };
}

/** A task that never ran, or whose end nobody will tell. */
export function endedHere(
  taskId: string,
  end: {
    readonly state: "failed" | "cancelled";
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
  },
  attempt: number,
  now: number,
): ResultMessage {
  const { state, code, message, hint } = end;
  return {
    task_id: taskId,
    attempt,
    state,
    error: {
      code,
      type: code,
      message: message.slice(0, MAX_TEXT),
      traceback: "",
      ...(hint === undefined ? {} : { hint }),
    },
    timeline: [{ state, at: now, by: "agent", attempt }],
  };
}
