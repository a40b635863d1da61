import { defineCommand } from "../command.ts";
import { endpointNames, type EndpointSummary, endpointSummary } from "../endpoints.ts";
import { table } from "../output/table.ts";

export const command = defineCommand<Record<never, never>>({
  description: "Status is one of\n" +
    "  Initialized   made, never started and not registered\n" +
    "  Active        running, connected, serving\n" +
    "  Inactive      registered, not running\n" +
    "  Disconnected  running, not connected to its service at the moment",
  parameters: {},
  run: async (context) => {
    const names = endpointNames(context.home);
    const summaries = await Promise.all(names.map((name) => endpointSummary(context, name)));
    await context.output.show(summaries, () => drawn(summaries));
  },
});

function drawn(summaries: readonly EndpointSummary[]): string | Promise<string> {
  if (summaries.length === 0) {
    return "There are no endpoints yet. Make and start one with:\n\n    $ funcx-endpoint start";
  }
  return table(
    ["Endpoint Name", "Status", "Endpoint ID"],
    summaries.map(({ name, status, id }) => [name, status, id ?? "None"]),
  );
}
