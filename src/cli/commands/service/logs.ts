import { defineCommand } from "../../command.ts";
import { serviceLogFile } from "../../local_service.ts";
import { LOG_FLAGS, type LogFlags, showLog } from "../../log_view/show_log.ts";

export const command = defineCommand<LogFlags>({
  parameters: { flags: LOG_FLAGS, aliases: { f: "follow", n: "lines" } },
  run: (context, flags) => showLog(context, serviceLogFile(context.home), flags),
});
