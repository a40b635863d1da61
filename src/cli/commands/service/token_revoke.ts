import { defineCommand } from "../../command.ts";
import { connectToPrivateService } from "../../private_client.ts";

export const command = defineCommand<Record<never, never>, [tokenId: string]>({
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ placeholder: "TOKEN_ID", brief: "From `service token list`", parse: String }],
    },
  },
  run: async (context, _flags, tokenId) => {
    const client = await connectToPrivateService(context);
    await client.call("revokeToken", { params: { token_id: tokenId } });
    await context.output.show(
      { token_id: tokenId, revoked: true },
      () => `Token ${tokenId} has ended.`,
    );
  },
});
