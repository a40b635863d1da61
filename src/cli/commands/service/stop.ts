import { DEFAULT_STOP_TIMEOUT } from "../../../contract/limits.ts";
import { defineCommand } from "../../command.ts";
import { stopDaemon } from "../../daemon/stop.ts";
import { runningElsewhere, serviceStanding } from "../../local_service.ts";

export const command = defineCommand<Record<never, never>>({
  description: "Endpoints keep running and connect again when it is back. Accepted tasks are kept.",
  parameters: {},
  run: async ({ home, output }) => {
    const standing = serviceStanding(home);
    if (standing.kind === "elsewhere") throw runningElsewhere(standing.state);
    if (standing.kind === "none") {
      const document = { stopped: false, killed: false, pid: null };
      await output.show(document, () => "The private service is not running.");
      return;
    }
    const { pid, socket } = standing.state;
    using progress = output.progress("Stopping the private service");
    const how = await stopDaemon({ socket, pid, timeout: DEFAULT_STOP_TIMEOUT });
    progress[Symbol.dispose]();
    await output.show(
      { stopped: true, killed: how === "killed", pid },
      () =>
        how === "killed"
          ? `The private service did not answer and was killed (pid ${pid}).`
          : "The private service is stopped.",
    );
  },
});
