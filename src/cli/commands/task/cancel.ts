import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { TASK_ID } from "../../tasks/flags.ts";

export const command = defineCommand<Record<never, never>, string[]>({
  description: "Running tasks are ended, waiting ones never start. Finished ones stay as they are.",
  parameters: { positional: { kind: "array", minimum: 1, parameter: TASK_ID } },
  run: async (context, _flags, ...taskIds) => {
    const client = await connect(context);
    const answer = await client.cancel([...new Set(taskIds)]);
    await context.output.show(answer, () =>
      [
        ...answer.cancelling.map((id) => `${id} is cancelled`),
        ...answer.finished.map((id) => `${id} had finished already`),
      ].join("\n"));
  },
});
