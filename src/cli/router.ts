/**
 * From words to a command, by stricli. Only the module of the command that was named is loaded; the
 * others take part with their briefs alone, so that a start stays quick however many there are.
 */
import {
  type Application,
  buildApplication,
  buildCommand,
  buildRouteMap,
  type Command,
  help,
  type RouteMap,
  run,
  type StricliIntegration,
  version,
} from "@stricli/core";
import { EXIT } from "../contract/errors.ts";
import { VERSION } from "../lib/version.ts";
import type { CommandGroup, CommandTable, Invocation, LazyCommand } from "./command.ts";
import { commandContext, type GlobalOptions, type Surroundings } from "./context.ts";
import { INTERRUPTED, reportFailure } from "./failure.ts";
import { GLOBAL_OPTION_BRIEFS } from "./global_options.ts";
import { OutputClosedError, type TextSink } from "./terminal.ts";
import { usageText } from "./usage_text.ts";

export const PROGRAM_NAME = "funcx-endpoint";

/** Runs the command that `words` name. Returns the exit code. */
export async function runTable(
  table: CommandTable,
  words: readonly string[],
  surroundings: Surroundings,
  options: GlobalOptions,
): Promise<number> {
  const inputs = words[0] === "help" ? [...words.slice(1), "--help"] : words;
  const application = await buildFor(table, inputs);
  const process: StricliStreams = {
    stdout: coloured(surroundings.stdout),
    // Its errors are coloured by `failureLines`.
    stderr: surroundings.stderr,
  };
  const invocation: Invocation = {
    process,
    execute: async (body) => {
      process.exitCode = await execute(body, surroundings, options);
    },
  };
  await run(application, inputs, invocation);
  return exitCode(process.exitCode ?? EXIT.ok);
}

interface StricliStreams {
  readonly stdout: { write(text: string): void; getColorDepth(): number };
  readonly stderr: { write(text: string): void };
  exitCode?: number;
}

function coloured(stream: TextSink): StricliStreams["stdout"] {
  return { write: (text) => stream.write(text), getColorDepth: () => (stream.color ? 8 : 1) };
}

/** Stricli's own failures are negative: a wrong command line, or a defect. */
function exitCode(code: number): number {
  if (code >= 0) return code;
  return code === -4 || code === -5 ? EXIT.usage : EXIT.internal;
}

async function execute(
  body: Parameters<Invocation["execute"]>[0],
  surroundings: Surroundings,
  options: GlobalOptions,
): Promise<number> {
  try {
    return (await body(commandContext(surroundings, options))) ?? EXIT.ok;
  } catch (thrown) {
    if (thrown instanceof OutputClosedError) return EXIT.ok;
    if (thrown instanceof Error && thrown.name === "InterruptedError") return INTERRUPTED;
    return reportFailure(thrown, surroundings.stderr, options.debug);
  }
}

/** The application with every command that `words` could mean loaded. */
async function buildFor(
  table: CommandTable,
  words: readonly string[],
): Promise<Application<Invocation>> {
  const named = words.filter((word) => !word.startsWith("-"));
  const root = await routeMap(table, named, ROOT_DOCS);
  return buildApplication(root, CONFIGURATION, INTEGRATIONS);
}

/** The application with all commands loaded, for completions. */
export async function buildWhole(table: CommandTable): Promise<Application<Invocation>> {
  return buildApplication(await routeMap(table, "all", ROOT_DOCS), CONFIGURATION, INTEGRATIONS);
}

const ROOT_DOCS = {
  brief: "Serve functions from this machine, and run functions anywhere",
};

const CONFIGURATION = {
  name: PROGRAM_NAME,
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  localization: { text: usageText },
} as const;

async function routeMap(
  table: CommandTable,
  named: readonly string[] | "all",
  docs: { readonly brief: string },
): Promise<RouteMap<Invocation>> {
  const routes: Record<string, Command<Invocation> | RouteMap<Invocation>> = {};
  const hideRoute: Record<string, boolean> = {};
  for (const [name, entry] of Object.entries(table)) {
    hideRoute[name] = entry.hidden;
    if (named === "all") routes[name] = await target(entry, "all");
    else routes[name] = named[0] === name ? await target(entry, named.slice(1)) : outline(entry);
  }
  return buildRouteMap({ routes, docs: { ...docs, hideRoute } });
}

async function target(
  entry: LazyCommand | CommandGroup,
  named: readonly string[] | "all",
): Promise<Command<Invocation> | RouteMap<Invocation>> {
  if (entry.kind === "group") return await routeMap(entry.commands, named, entry);
  return (await entry.load()).command(entry.brief);
}

/** Stands for a command in lists; it is never run. */
function outline(entry: LazyCommand | CommandGroup): Command<Invocation> {
  return buildCommand<Record<never, never>, [], Invocation>({
    parameters: {},
    docs: { brief: entry.brief },
    func: () => {},
  });
}

const FORMATTING = {
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: false,
  caseStyle: "convert-camel-to-kebab",
} as const;

const INTEGRATIONS: Record<string, StricliIntegration<Invocation>> = {
  help: help(
    {
      brief: "Print help",
      alias: "h",
      global: true,
      defaultForRouteMap: true,
      formatting: FORMATTING,
    } as Parameters<typeof help<Invocation>>[0],
  ),
  version: version({ brief: "Print the version", info: { currentVersion: VERSION } }),
  ...globalOptionDocs(),
};

/** They are taken out of the command line before stricli sees it; here they are only explained. */
function globalOptionDocs(): Record<string, StricliIntegration<Invocation>> {
  return Object.fromEntries(
    Object.entries(GLOBAL_OPTION_BRIEFS).map(([name, brief]) => [
      name,
      { flag: { brief, global: true, complete: true, run: () => {} } },
    ]),
  );
}
