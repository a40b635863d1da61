/** Tasks and ends of attempts for tests. */
import { newId, type TaskId } from "../../contract/ids.ts";
import type { TaskMessage, TaskOptions } from "../../contract/protocol/messages.ts";
import type { AttemptOutcome, FinishedAttempt, LostOutcome } from "../executor/executor.ts";

export const FUNCTION_ID = "8c01d13c-cfc1-42d9-96d2-52c51784ea16";
export const GROUP_ID = "1e999502-b434-49a2-a2e0-d925383d2dd4";

const encoder = new TextEncoder();

export function taskMessage(
  options: TaskOptions = {},
  changes: Partial<TaskMessage> = {},
): TaskMessage {
  return {
    task_id: newId(),
    function_id: FUNCTION_ID,
    task_group_id: GROUP_ID,
    attempts_made: 0,
    payload: encoder.encode("5\n11\n[]5\n11\n{}"),
    options,
    ...changes,
  };
}

export const SUCCESS: AttemptOutcome = { kind: "success", result: encoder.encode("11\n1") };

export const LOST: LostOutcome = {
  kind: "lost",
  error: { code: "WORKER_LOST", type: "WorkerLost", message: "killed by SIGKILL", traceback: "" },
};

export const RETURNED: AttemptOutcome = { kind: "returned" };

export const RAISED: AttemptOutcome = {
  kind: "failed",
  error: { code: "RemoteExecutionError", type: "ValueError", message: "no", traceback: "at f" },
};

export function finishedAttempt(
  taskId: TaskId,
  attempt: number,
  outcome: AttemptOutcome,
): FinishedAttempt {
  return {
    taskId,
    attempt,
    outcome,
    output: { stdout: encoder.encode("out"), stderr: new Uint8Array() },
    timeline: [{ state: "running", at: 2, by: "worker", attempt }],
    details: { pid: 1 },
  };
}
