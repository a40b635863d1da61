import { connect } from "../../client.ts";
import { defineCommand } from "../../command.ts";
import { REGISTERED_FUNCTION } from "../../tasks/flags.ts";
import { registeredFunction } from "../../tasks/function_choice.ts";

export const command = defineCommand<Record<never, never>, [nameOrId: string]>({
  description: "Tasks of it that were submitted still run, and their results stay.",
  parameters: { positional: { kind: "tuple", parameters: [REGISTERED_FUNCTION] } },
  run: async (context, _flags, nameOrId) => {
    const client = await connect(context);
    const functionId = await registeredFunction(client, nameOrId);
    await client.deleteFunction(functionId);
    await context.output.show({ deleted: functionId }, () => `Deleted function ${functionId}.`);
  },
});
