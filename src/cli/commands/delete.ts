import { Client } from "../../client/client.ts";
import { EXIT, FuncxError } from "../../contract/errors.ts";
import { messageOf } from "../../lib/outcome.ts";
import { defineCommand } from "../command.ts";
import { serviceAt } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { assertNotRunning, removeEndpointFiles } from "../daemon/endpoint_daemon.ts";
import { existingEndpoint, type Registration, registration } from "../endpoints.ts";
import { abbreviated } from "../format.ts";
import { ENDPOINT } from "../parameters.ts";
import { confirm } from "../prompt.ts";

interface Flags {
  readonly yes: boolean;
}

export const command = defineCommand<Flags, [name: string]>({
  description: "Removes its profile, its log and what it keeps of tasks, and its registration " +
    "at the service when that can be reached.",
  parameters: {
    flags: { yes: { kind: "boolean", brief: "Do not ask", withNegated: false } },
    aliases: { y: "yes" },
    positional: { kind: "tuple", parameters: [ENDPOINT] },
  },
  run: async (context, { yes }, nameOrId) => {
    const { home, env, output } = context;
    const name = existingEndpoint(home, nameOrId);
    assertNotRunning(home, name);
    const folder = abbreviated(home.endpointFolder(name), env("HOME"));
    const question = `Delete ${name} with all that is in ${folder}?`;
    if (!yes && !confirm(context, question, "--yes")) {
      output.note("Nothing was deleted.");
      return EXIT.failed;
    }
    const registered = registration(home, name);
    const deregistered = registered !== undefined && await deregister(context, registered);
    await removeEndpointFiles(context, name);
    const id = registered?.endpoint_id ?? null;
    await output.show({ name, id, deleted: true, deregistered }, () => `${name} is deleted.`);
    return EXIT.ok;
  },
});

/** An endpoint that its service cannot be told of may still be deleted here. */
async function deregister(context: CliContext, registered: Registration): Promise<boolean> {
  const { endpoint_id, service_url } = registered;
  using _progress = context.output.progress(`Telling ${service_url}`);
  try {
    const address = await serviceAt(context, service_url);
    const client = new Client({ ...address, patience: 0 });
    await client.call("deleteEndpoint", { params: { endpoint_id } });
    return true;
  } catch (thrown) {
    if (thrown instanceof FuncxError && thrown.code === "ENDPOINT_NOT_FOUND") return true;
    context.output.warn(
      `the service still lists ${endpoint_id}, since it could not be told: ${messageOf(thrown)}`,
    );
    return false;
  }
}
