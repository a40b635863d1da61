import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { endpointNames, type EndpointSummary, endpointSummary } from "../endpoints.ts";
import { table } from "../output/table.ts";

interface Flags {
  readonly all: boolean;
}

export const command = defineCommand<Flags>({
  description: "Status is one of\n" +
    "  Initialized   made, never started and not registered\n" +
    "  Active        running, connected, serving\n" +
    "  Inactive      registered, not running\n" +
    "  Disconnected  running, not connected to its service at the moment\n" +
    "With --all also those of other machines, and agents of Globus Compute: Active when\n" +
    "they are connected to the service, and Inactive otherwise.",
  parameters: {
    flags: {
      all: {
        kind: "boolean",
        brief: "Also your endpoints that only the service knows",
        withNegated: false,
      },
    },
    aliases: { a: "all" },
  },
  run: async (context, { all }) => {
    const names = endpointNames(context.home);
    const here = await Promise.all(names.map((name) => endpointSummary(context, name)));
    const summaries = all ? [...here, ...await elsewhere(context, here)] : here;
    await context.output.show(summaries, () => drawn(summaries));
  },
});

/** The user's endpoints at the service that have no profile here, by name. */
async function elsewhere(
  context: CliContext,
  here: readonly EndpointSummary[],
): Promise<EndpointSummary[]> {
  const { connect } = await import("../client.ts");
  const client = await connect(context);
  const registered = await Array.fromAsync(client.endpoints({ owner: "me" }));
  return registered
    .filter(({ uuid }) => here.every(({ id }) => id !== uuid))
    .map(({ name, uuid, status, hostname }) => ({
      name,
      status: status === "online" ? "Active" : "Inactive",
      id: uuid,
      service_url: client.url,
      hostname,
      pid: null,
    }));
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
