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
  type RouteMap,
  run,
  type StricliIntegration,
  version,
} from "@stricli/core";
import { EXIT } from "../contract/errors.ts";
import { VERSION } from "../lib/version.ts";
import type {
  CommandBody,
  CommandGroup,
  CommandSections,
  CommandTable,
  Invocation,
  LazyCommand,
} from "./command.ts";
import {
  commandContext,
  type GlobalOptions,
  InterruptedError,
  type Surroundings,
} from "./context.ts";
import { INTERRUPTED, reportFailure } from "./failure.ts";
import { GLOBAL_OPTION_BRIEFS } from "./global_options.ts";
import { helpIntegration } from "./help.ts";
import { OutputClosedError, type TextSink } from "./terminal.ts";
import { usageText } from "./usage_text.ts";

export const PROGRAM_NAME = "funcx-endpoint";

/** Runs the command that `words` name. Returns the exit code. */
export async function runCommand(
  sections: CommandSections,
  words: readonly string[],
  surroundings: Surroundings,
  options: GlobalOptions,
): Promise<number> {
  const inputs = words[0] === "help" ? [...words.slice(1), "--help"] : words;
  const application = await buildFor(sections, inputs, surroundings.stderr.color);
  const process: StricliStreams = {
    stdout: coloured(surroundings.stdout),
    stderr: surroundings.stderr,
  };
  await run(application, inputs, {
    process,
    execute: async (body) => {
      process.exitCode = await execute(body, surroundings, options);
    },
    endpointNames: () => [],
  });
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
  const isUsage = code === STRICLI_UNKNOWN_COMMAND || code === STRICLI_INVALID_ARGUMENT;
  return isUsage ? EXIT.usage : EXIT.internal;
}

const STRICLI_UNKNOWN_COMMAND = -5;
const STRICLI_INVALID_ARGUMENT = -4;

async function execute(
  body: CommandBody,
  surroundings: Surroundings,
  options: GlobalOptions,
): Promise<number> {
  try {
    return (await body(commandContext(surroundings, options))) ?? EXIT.ok;
  } catch (thrown) {
    if (thrown instanceof OutputClosedError) return EXIT.ok;
    if (thrown instanceof InterruptedError) return INTERRUPTED;
    return reportFailure(thrown, surroundings.stderr, options.debug);
  }
}

/**
 * The application with the command that `words` name loaded.
 * @param color of standard error.
 */
export async function buildFor(
  sections: CommandSections,
  words: readonly string[],
  color: boolean,
): Promise<Application<Invocation>> {
  const named = words.filter((word) => !word.startsWith("-"));
  const table: CommandTable = Object.assign({}, ...Object.values(sections));
  // `help.ts` writes what help says of the whole.
  const root = await routeMap(table, named, { brief: PROGRAM_NAME });
  return buildApplication(root, {
    name: PROGRAM_NAME,
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    localization: { text: usageText(color) },
  }, {
    help: helpIntegration(sections),
    version: version({ brief: "Print the version", info: { currentVersion: VERSION } }),
    ...globalOptionDocs(),
  });
}

async function routeMap(
  table: CommandTable,
  named: readonly string[],
  docs: { readonly brief: string },
): Promise<RouteMap<Invocation>> {
  const routes: Record<string, Command<Invocation> | RouteMap<Invocation>> = {};
  const hideRoute: Record<string, boolean> = {};
  for (const [name, entry] of Object.entries(table)) {
    hideRoute[name] = entry.hidden;
    routes[name] = named[0] === name ? await target(entry, named.slice(1)) : outline(entry);
  }
  return buildRouteMap({ routes, docs: { brief: docs.brief, hideRoute } });
}

async function target(
  entry: LazyCommand | CommandGroup,
  named: readonly string[],
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

/** They are taken out of the command line before stricli sees it; here they are only explained. */
function globalOptionDocs(): Record<string, StricliIntegration<Invocation>> {
  return Object.fromEntries(
    Object.entries(GLOBAL_OPTION_BRIEFS).map(([name, brief]) => [
      name,
      { flag: { brief, global: true, complete: true, run: () => {} } },
    ]),
  );
}
