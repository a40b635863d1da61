/**
 * The table of commands, and running one of them.
 *
 * To add a command: write `commands/NAME.ts` that exports `command = defineCommand(…)` (copy
 * `commands/version.ts`) and add one line below, where help shall list it. The module is loaded only when the command is used, so it may import what it needs at its head;
 * nothing heavy may be imported here, since `--version` has to be quick. `group` in `command.ts`
 * puts commands under a common first word; `internalCommand` hides one from help.
 */
import { command, type CommandSections, group, internalCommand } from "./command.ts";
import { EXIT } from "../contract/errors.ts";
import { reportFailure } from "./failure.ts";
import { readGlobalOptions } from "./global_options.ts";
import { runCommand } from "./router.ts";
import { OutputClosedError, sink } from "./terminal.ts";
import type { Surroundings } from "./context.ts";

export const COMMANDS: CommandSections = {
  "Endpoints": {
    init: command(
      "Make the folder ~/.funcx and the profile of the first endpoint",
      () => import("./commands/init.ts"),
    ),
    configure: command(
      "Make the profile of an endpoint without starting it",
      () => import("./commands/configure.ts"),
    ),
    migrate: command(
      "Make a profile of an endpoint of Globus Compute or funcX",
      () => import("./commands/migrate.ts"),
    ),
    sites: command(
      "List the machines that a profile is known for",
      () => import("./commands/sites.ts"),
    ),
    start: command(
      "Start an endpoint, and make its profile the first time",
      () => import("./commands/start.ts"),
    ),
    stop: command(
      "Stop an endpoint when its running tasks have finished",
      () => import("./commands/stop.ts"),
    ),
    restart: command("Stop an endpoint and start it again", () => import("./commands/restart.ts")),
    status: command("Show how an endpoint stands", () => import("./commands/status.ts")),
    list: command("List the endpoints of this user", () => import("./commands/list.ts")),
    logs: command("Show the log of an endpoint", () => import("./commands/logs.ts")),
    validate: command(
      "Check a profile, and show what it comes to",
      () => import("./commands/validate.ts"),
    ),
    doctor: command(
      "Check this machine, the folder, the service and the interpreters",
      () => import("./commands/doctor.ts"),
    ),
    delete: command(
      "Delete an endpoint and its registration",
      () => import("./commands/delete.ts"),
    ),
  },
  "Private service": {
    service: group("Run the private service of this user, and give others access to it", {
      start: command("Start the service", () => import("./commands/service/start.ts")),
      stop: command("Stop the service", () => import("./commands/service/stop.ts")),
      status: command("Show how the service stands", () => import("./commands/service/status.ts")),
      logs: command("Show the log of the service", () => import("./commands/service/logs.ts")),
      run: internalCommand(
        "Be the service, in the foreground",
        () => import("./commands/service/run.ts"),
      ),
      token: group("Make, list and end tokens of the service", {
        create: command(
          "Make a token and print it once",
          () => import("./commands/service/token_create.ts"),
        ),
        list: command(
          "List tokens without their secrets",
          () => import("./commands/service/token_list.ts"),
        ),
        revoke: command("End a token", () => import("./commands/service/token_revoke.ts")),
      }),
    }),
  },
  "Functions and tasks": {
    function: group("Functions that tasks call", {
      register: command(
        "Register a function from a file or standard input",
        () => import("./commands/function/register.ts"),
      ),
      list: command("List functions", () => import("./commands/function/list.ts")),
      show: command("Show a function and its source", () => import("./commands/function/show.ts")),
      delete: command("Delete a function", () => import("./commands/function/delete.ts")),
    }),
    run: command("Run a function and print its result", () => import("./commands/run.ts")),
    map: command("Run a function for each line of input", () => import("./commands/map.ts")),
    task: group("Tasks that were submitted", {
      list: command("List tasks", () => import("./commands/task/list.ts")),
      show: command("Show a task, its hops or its output", () => import("./commands/task/show.ts")),
      result: command("Print the result of a task", () => import("./commands/task/result.ts")),
      wait: command("Wait until tasks end", () => import("./commands/task/wait.ts")),
      cancel: command("Cancel tasks", () => import("./commands/task/cancel.ts")),
    }),
  },
  "Web portal": {
    portal: command(
      "Sign a browser in to the service's web portal",
      () => import("./commands/portal.ts"),
    ),
  },
  "Which service": {
    login: command(
      "Choose a service and store a token for it",
      () => import("./commands/login.ts"),
    ),
    logout: command("Forget the service and its token", () => import("./commands/logout.ts")),
    whoami: command("Show which service and user it is", () => import("./commands/whoami.ts")),
  },
  "This program": {
    agent: internalCommand("Be the daemon of an endpoint", () => import("./commands/agent.ts")),
    manager: internalCommand(
      "Be the manager of a node of a block",
      () => import("./commands/manager.ts"),
    ),
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
