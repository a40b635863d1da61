import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { agentStatus, existingEndpoint, summarize } from "../endpoints.ts";
import { OPTIONAL_ENDPOINT } from "../parameters.ts";
import { endpointText } from "../status_view/endpoint_text.ts";
import type { View } from "../status_view/watch.ts";

interface Flags {
  readonly watch: boolean;
}

export const command = defineCommand<Flags, [name?: string]>({
  description:
    "--watch shows it anew every second until Ctrl-C; with --json it prints a document\n" +
    "in a line whenever something has changed.",
  parameters: {
    flags: { watch: { kind: "boolean", brief: "Go on showing it", withNegated: false } },
    aliases: { w: "watch" },
    positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] },
  },
  run: async (context, flags, nameOrId) => {
    const name = existingEndpoint(context.home, nameOrId);
    if (flags.watch) {
      const { watch } = await import("../status_view/watch.ts");
      return await watch(context, () => look(context, name));
    }
    const { document, text } = await look(context, name);
    await context.output.show(document, () => text);
  },
});

async function look(context: CliContext, name: string): Promise<View> {
  const agent = await agentStatus(context, name);
  const endpoint = await summarize(context, name, agent);
  return {
    document: { ...endpoint, agent: agent ?? null },
    text: endpointText(endpoint, agent, Date.now()),
  };
}
