import { EXIT, FuncxError } from "../../../contract/errors.ts";
import { defineCommand } from "../../command.ts";
import { findPrivateService, startPrivateService } from "../../local_service.ts";
import { LISTEN_FLAGS, listenArguments, type ListenFlags } from "../../listen_flags.ts";

export const command = defineCommand<ListenFlags>({
  description: "It runs until `service stop`; `start` of an endpoint starts it by itself when no " +
    "service is configured. When the preferred port is taken, a free one is used and told.",
  parameters: { flags: LISTEN_FLAGS },
  run: async (context, flags) => {
    const running = await findPrivateService(context.home);
    if (running !== undefined) throw alreadyRunning(running.url, running.state.pid);
    const { url, state, started } = await startPrivateService(context, listenArguments(flags));
    if (!started) throw alreadyRunning(url, state.pid);
    const { service_id, hostname, pid } = state;
    await context.output.show(
      { url, service_id, hostname, pid },
      () =>
        `The private service listens at ${url} (pid ${pid}).\n` +
        "Its portal is there for browsers; sign in with `funcx-endpoint portal`.",
    );
    return EXIT.ok;
  },
});

function alreadyRunning(url: string, pid: number): FuncxError {
  return new FuncxError({
    code: "ALREADY_RUNNING",
    message: `your private service already runs at ${url} (pid ${pid})`,
    hint: "Stop it first with `funcx-endpoint service stop`.",
  });
}
