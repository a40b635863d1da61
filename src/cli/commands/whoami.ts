import { connect } from "../client.ts";
import { defineCommand } from "../command.ts";
import { fields } from "../output/table.ts";

export const command = defineCommand<Record<never, never>>({
  parameters: {},
  run: async (context) => {
    const client = await connect(context);
    const { user, scopes, token_id } = await client.whoAmI();
    await context.output.show(
      { service_url: client.url, user, scopes, token_id },
      () => fields([["user", user], ["service", client.url], ["scopes", scopes.join(", ")]]),
    );
  },
});
