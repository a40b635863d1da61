import { defineCommand } from "../command.ts";
import { endpointDir } from "../daemon/endpoint_daemon.ts";
import { existingEndpoint } from "../endpoints.ts";
import { LOG_FLAGS, type LogFlags, showLog } from "../log_view/show_log.ts";
import { OPTIONAL_ENDPOINT } from "../parameters.ts";

export const command = defineCommand<LogFlags, [name?: string]>({
  parameters: {
    flags: LOG_FLAGS,
    aliases: { f: "follow", n: "lines" },
    positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] },
  },
  run: async (context, flags, nameOrId) => {
    const name = existingEndpoint(context.home, nameOrId);
    await showLog(context, (await endpointDir(context, name)).logFile, flags);
  },
});
