import { DEFAULT_STOP_TIMEOUT } from "../../contract/limits.ts";
import { defineCommand } from "../command.ts";
import { stopEndpoint } from "../daemon/endpoint_daemon.ts";
import { startEndpoint, tellOfStart } from "../daemon/start_endpoint.ts";
import { existingEndpoint } from "../endpoints.ts";
import { OPTIONAL_ENDPOINT, parseSeconds } from "../parameters.ts";

interface Flags {
  readonly timeout: number;
  readonly wait: number;
}

export const command = defineCommand<Flags, [name?: string]>({
  description: "Starts it also when it was not running. Its profile is read again.",
  parameters: {
    flags: {
      timeout: {
        kind: "parsed",
        brief: "Let running tasks finish for this long",
        placeholder: "seconds",
        parse: parseSeconds,
        default: String(DEFAULT_STOP_TIMEOUT / 1_000),
      },
      wait: {
        kind: "parsed",
        brief: "How long it may take until it is Active; 0 does not wait",
        placeholder: "seconds",
        parse: parseSeconds,
        default: "60",
      },
    },
    positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] },
  },
  run: async (context, { timeout, wait }, nameOrId) => {
    const name = existingEndpoint(context.home, nameOrId);
    await stopEndpoint(context, name, timeout * 1_000);
    const status = await startEndpoint(context, { name, wait: wait * 1_000 });
    await tellOfStart(context, name, status);
  },
});
