/**
 * The table of commands, and running one of them.
 *
 * To add a command: write `commands/NAME.ts` that exports `command = defineCommand(…)` (copy
 * `commands/version.ts`) and add one line below, where help shall list it. The module is loaded only when the command is used, so it may import what it needs at its head;
 * nothing heavy may be imported here, since `--version` has to be quick. `group` in `command.ts`
 * puts commands under a common first word; `internalCommand` hides one from help.
 */
import { command, type CommandSections, internalCommand } from "./command.ts";
import { EXIT } from "../contract/errors.ts";
import { reportFailure } from "./failure.ts";
import { readGlobalOptions } from "./global_options.ts";
import { runCommand } from "./router.ts";
import { OutputClosedError, sink } from "./terminal.ts";
import type { Surroundings } from "./context.ts";

export const COMMANDS: CommandSections = {
  "Endpoints": {
    list: command("List the endpoints of this user", () => import("./commands/list.ts")),
  },
  "Private service": {},
  "Functions and tasks": {},
  "Which service": {},
  "This program": {
    complete: internalCommand(
      "Propose how a command line may go on",
      () => import("./commands/complete.ts"),
    ),
    completions: command(
      "Print what makes a shell complete commands",
      () => import("./commands/completions.ts"),
    ),
    help: command("Print help, as --help does", () => import("./commands/help.ts")),
    version: command(
      "Print the versions of the program and its parts",
      () => import("./commands/version.ts"),
    ),
  },
};

/** Runs the command line; never throws. Returns the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const surroundings = standardSurroundings();
  try {
    const { options, rest } = readGlobalOptions(args);
    return await runCommand(COMMANDS, rest, surroundings, options);
  } catch (thrown) {
    if (thrown instanceof OutputClosedError) return EXIT.ok;
    return reportFailure(thrown, surroundings.stderr, args.includes("--debug"));
  }
}

function standardSurroundings(): Surroundings {
  const env = (name: string): string | undefined => Deno.env.get(name);
  return {
    env,
    stdout: sink(Deno.stdout, env),
    stderr: sink(Deno.stderr, env),
    stdin: {
      get isTerminal(): boolean {
        return Deno.stdin.isTerminal();
      },
      get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
        return Deno.stdin.readable;
      },
    },
  };
}
