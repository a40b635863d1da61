import { EXIT } from "../../../contract/errors.ts";
import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { TASK_ID, TIMEOUT_FLAG } from "../../tasks/flags.ts";
import { OutageNotice, waitForTask } from "../../tasks/waiting.ts";

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
    const deadline = timeout === undefined ? undefined : performance.now() + timeout * 1_000;
    const waiting = new Set(taskIds).values();
    const outages = new OutageNotice(output);
    let areAllWell = true;
    const waitForSome = async (): Promise<void> => {
      for (const taskId of waiting) {
        const { status } = await waitForTask({ client, taskId, signal, deadline, outages });
        output.item({ task_id: taskId, status }, () => `${taskId} ${status}`);
        areAllWell &&= status === "success";
      }
    };
    await Promise.all(Array.from({ length: STREAMS }, waitForSome));
    return areAllWell ? EXIT.ok : EXIT.failed;
  },
});

/** Tasks that are followed at a time. */
const STREAMS = 16;
