import { EXIT, FuncxError } from "../../contract/errors.ts";
import { DEFAULT_STOP_TIMEOUT } from "../../contract/limits.ts";
import { defineCommand } from "../command.ts";
import type { CliContext } from "../context.ts";
import { stopEndpoint, type StopResult } from "../daemon/endpoint_daemon.ts";
import { endpointNames, existingEndpoint } from "../endpoints.ts";
import { reportFailure } from "../failure.ts";
import { OPTIONAL_ENDPOINT, parseSeconds } from "../parameters.ts";

interface Flags {
  readonly all: boolean;
  readonly timeout?: number;
  readonly now: boolean;
}

export const command = defineCommand<Flags, [name?: string]>({
  description: "Running tasks may finish first; those that do not are ended and reported. Tasks " +
    "that have not begun stay and run when the endpoint is started again.",
  parameters: {
    flags: {
      all: { kind: "boolean", brief: "Stop all endpoints of this user", withNegated: false },
      timeout: {
        kind: "parsed",
        brief: `Let running tasks finish for this long (default: ${DEFAULT_STOP_TIMEOUT / 1_000})`,
        placeholder: "seconds",
        parse: parseSeconds,
        optional: true,
      },
      now: { kind: "boolean", brief: "End running tasks at once", withNegated: false },
    },
    positional: { kind: "tuple", parameters: [OPTIONAL_ENDPOINT] },
  },
  run: async (context, flags, name) => {
    const timeout = stopTimeout(flags);
    if (!flags.all) {
      const result = await stopEndpoint(context, existingEndpoint(context.home, name), timeout);
      await context.output.show(result, () => told(result));
      return EXIT.ok;
    }
    if (name !== undefined) {
      throw new FuncxError({ code: "USAGE", message: "--all and a name exclude each other" });
    }
    return await stopAll(context, timeout);
  },
});

/** Milliseconds. */
function stopTimeout(flags: Flags): number {
  if (flags.now) return 0;
  return flags.timeout === undefined ? DEFAULT_STOP_TIMEOUT : flags.timeout * 1_000;
}

/** One that cannot be stopped does not keep the others running. */
async function stopAll(context: CliContext, timeout: number): Promise<number> {
  const names = endpointNames(context.home);
  const settled = await Promise.allSettled(
    names.map((name) => stopEndpoint(context, name, timeout)),
  );
  const results = settled.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const stopped = results.filter((each) => each.stopped);
  await context.output.show(
    results,
    () => stopped.length === 0 ? "No endpoint is running." : stopped.map(told).join("\n"),
  );
  let code: number = EXIT.ok;
  for (const each of settled) {
    if (each.status === "rejected") {
      code = reportFailure(each.reason, context.stderr, context.debug);
    }
  }
  return code;
}

function told(result: StopResult): string {
  if (!result.stopped) return `${result.name} is not running.`;
  return result.killed
    ? `${result.name} did not answer and was killed (pid ${result.pid}).`
    : `${result.name} is stopped.`;
}
