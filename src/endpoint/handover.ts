/** From a handover of the table to what an executor takes. */
import type { FinishedAttempt, TaskAttempt } from "./executor/executor.ts";
import type { Handover } from "./table_events.ts";

export function taskAttempt({ task, attempt }: Handover, code: Uint8Array): TaskAttempt {
  const { taskId, moved, functionId, payload, options } = task;
  return { taskId, attempt, moved, functionId, code, payload, options };
}

/** The end of an attempt whose function's code the service never sent. */
export function attemptWithoutCode({ task, attempt }: Handover): FinishedAttempt {
  return {
    taskId: task.taskId,
    attempt,
    outcome: {
      kind: "failed",
      error: {
        code: "FUNCTION_NOT_FOUND",
        type: "FunctionNotFound",
        message: `the service sent no code for function ${task.functionId}`,
        traceback: "",
        hint: "Register the function again.",
      },
    },
    output: { stdout: new Uint8Array(), stderr: new Uint8Array() },
    timeline: [],
    details: {},
  };
}
