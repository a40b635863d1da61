import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import {
  agentStatus,
  endpointNames,
  type EndpointSummary,
  type Registration,
  summarize,
} from "../endpoints.ts";
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
    const summaries = await Promise.all(
      names.map(async (name) =>
        summarize(context, name, await agentStatus(context, name), askService(context))
      ),
    );
    await context.output.show(summaries, () => drawn(summaries));
  },
});

/** Milliseconds that the service gets to tell of an endpoint on another host. */
const SERVICE_TIMEOUT = 1_000;

/** Whether the service that an endpoint is registered with has a connection to it. */
function askService(context: CliContext): (registered: Registration) => Promise<boolean> {
  return async ({ endpoint_id, service_url }) => {
    try {
      // Rarely needed, and slow to load.
      const { serviceAt } = await import("../connection.ts");
      const { Client } = await import("../../client/client.ts");
      const client = new Client({ ...await serviceAt(context, service_url), patience: 0 });
      const { status } = await client.call("endpointStatus", {
        params: { endpoint_id },
        timeout: SERVICE_TIMEOUT,
      });
      return status === "online";
    } catch {
      return false;
    }
  };
}

function drawn(summaries: readonly EndpointSummary[]): string | Promise<string> {
  if (summaries.length === 0) {
    return "There are no endpoints yet. Make and start one with:\n\n    $ funcx-endpoint start";
  }
  return table(
    ["Endpoint Name", "Status", "Endpoint ID"],
    summaries.map(({ name, status, id }) => [name, status, id ?? "None"]),
  );
}
