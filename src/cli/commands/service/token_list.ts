import type { TokenRecord } from "../../../contract/api.ts";
import { defineCommand } from "../../command.ts";
import { connectToPrivateService } from "../../private_client.ts";
import { instant } from "../../format.ts";
import { table } from "../../output/table.ts";

export const command = defineCommand<Record<never, never>>({
  parameters: {},
  run: async (context) => {
    const tokens = await (await connectToPrivateService(context)).tokens();
    await context.output.show(tokens, () => table(HEADER, tokens.map(row)));
  },
});

const HEADER = ["Token ID", "Label", "User", "Scopes", "Made", "Last used", "Ends"];

function row(token: TokenRecord): string[] {
  return [
    token.token_id,
    token.label,
    token.user,
    token.scopes.join(", "),
    when(token.created_at),
    when(token.last_used_at),
    when(token.expires_at),
  ];
}

/** @param seconds since 1970. */
function when(seconds: number | null): string {
  return seconds === null ? "never" : instant(seconds * 1_000);
}
