import type { FinishedTask } from "../../../contract/api.ts";
import { EXIT } from "../../../contract/errors.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { TASK_ID, TIMEOUT_FLAG } from "../../tasks/flags.ts";
import { waitForTask } from "../../tasks/waiting.ts";

interface Flags {
  readonly timeout?: number;
}

export const command = defineCommand<Flags, string[]>({
  description:
    "Prints each task with its state when it ends. Exits with 0 when all succeeded, with " +
    "1 when one did not, with 75 when the time is over; the tasks go on then.",
  parameters: {
    flags: { timeout: { ...TIMEOUT_FLAG, brief: "Wait no longer than this" } },
    positional: { kind: "array", minimum: 1, parameter: TASK_ID },
  },
  run: async (context, { timeout }, ...taskIds) => {
    const { output, signal } = context;
    const client = await connect(context);
    const wait = async (taskId: string): Promise<FinishedTask> => {
      const task = await waitForTask({ client, taskId, signal, timeout });
      const { task_id, status } = task;
      output.item({ task_id, status }, () => `${task_id} ${status}`);
      return task;
    };
    const tasks = await Promise.all([...new Set(taskIds)].map(wait));
    return tasks.every(({ status }) => status === "success") ? EXIT.ok : EXIT.failed;
  },
});
