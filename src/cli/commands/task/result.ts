import type { FinishedTask, TaskDetail } from "../../../contract/api.ts";
import { FuncxError } from "../../../contract/errors.ts";
import { isTerminal } from "../../../contract/task_state.ts";
import type { TaskId } from "../../../contract/ids.ts";
import type { Client } from "../../../client/client.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { TASK_ID } from "../../tasks/flags.ts";
import { exitOf, showOutcome, taskDocument } from "../../tasks/outcome.ts";

export const command = defineCommand<Record<never, never>, [taskId: TaskId]>({
  description:
    "As `run` gives it: the result on standard output, a failure with its traceback on " +
    "standard error. Exits with 75 while the task has not ended.",
  parameters: { positional: { kind: "tuple", parameters: [TASK_ID] } },
  run: async (context, _flags, taskId) => {
    const client = await connect(context);
    const detail = await client.taskDetail(taskId);
    const task = finishedOf(detail);
    const runtime = await runtimeOf(client, detail);
    if (!context.output.json) return showOutcome(context, task, runtime);
    await context.output.show(taskDocument(task), () => "");
    return exitOf(task, runtime);
  },
});

function finishedOf(detail: TaskDetail): FinishedTask {
  const { task_id, status, result, error, stdout, stderr } = detail;
  if (isTerminal(status)) return { task_id, status, result, error, stdout, stderr };
  throw new FuncxError({
    code: "TASK_NOT_FINISHED",
    message: `task ${task_id} has not ended: it is ${status}`,
    hint: `Wait for it with \`funcx-endpoint task wait ${task_id}\`.`,
  });
}

/** A function may be deleted while its tasks stay. */
async function runtimeOf(client: Client, detail: TaskDetail): Promise<string> {
  try {
    return (await client.function(detail.function_id)).runtime;
  } catch (thrown) {
    if (thrown instanceof FuncxError && thrown.code === "FUNCTION_NOT_FOUND") return "unknown";
    throw thrown;
  }
}
