/** How a command file declares its command, and how the table of commands loads it. */
import { buildCommand, type Command, type CommandContext } from "@stricli/core";
import type { TypedCommandParameters } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { wrapped } from "./output/wrap.ts";

/** What stricli hands to a command: a way to its context, and where its exit code goes. */
export interface Invocation extends CommandContext {
  /** Runs the body of the command; whatever it throws is reported and gives the exit code. */
  readonly execute: (body: CommandBody) => Promise<void>;
  /** For completions. */
  readonly endpointNames: () => readonly string[];
}

export type CommandBody = (context: CliContext) => Promise<number | void> | number | void;

/** Any interface of named values. */
type Flags<FLAGS> = Readonly<Partial<Record<keyof FLAGS, unknown>>>;
type Arguments = readonly unknown[];

export interface CommandSpec<FLAGS extends Flags<FLAGS>, ARGUMENTS extends Arguments> {
  /** Shown by `--help` below the brief, which stands in the table of commands. */
  readonly description?: string;
  /** Flags in camelCase are written with dashes by the user; see stricli's documentation. */
  readonly parameters: TypedCommandParameters<FLAGS, ARGUMENTS, Invocation>;
  /**
   * Gives the exit code, 0 when it gives none. Failures are thrown: a `FuncxError` for what the
   * user can mend.
   */
  readonly run: (
    context: CliContext,
    flags: FLAGS,
    ...positional: ARGUMENTS
  ) => Promise<number | void> | number | void;
}

/** What a command file exports as `command`: the brief comes from the table of commands. */
export type CommandBuilder = (brief: string) => Command<Invocation>;

export function defineCommand<FLAGS extends Flags<FLAGS>, ARGUMENTS extends Arguments = []>(
  spec: CommandSpec<FLAGS, ARGUMENTS>,
): CommandBuilder {
  const { description } = spec;
  return (brief) =>
    buildCommand<FLAGS, ARGUMENTS, Invocation>({
      parameters: spec.parameters,
      docs: {
        brief,
        fullDescription: description && `${brief}.\n\n${wrapped(description)}`,
      },
      func(this: Invocation, flags: FLAGS, ...positional: ARGUMENTS): Promise<void> {
        return this.execute((context) => spec.run(context, flags, ...positional));
      },
    });
}

/** A line of the table: its module is loaded only when the command is run, or its help is shown. */
export interface LazyCommand {
  readonly kind: "command";
  readonly brief: string;
  readonly hidden: boolean;
  readonly load: () => Promise<{ readonly command: CommandBuilder }>;
}

/** Commands under a common first word. */
export interface CommandGroup {
  readonly kind: "group";
  readonly brief: string;
  readonly hidden: boolean;
  readonly commands: CommandTable;
}

export type CommandTable = { readonly [name: string]: LazyCommand | CommandGroup };

/** Commands by the heading that help lists them under. */
export type CommandSections = Readonly<Record<string, CommandTable>>;

export function command(brief: string, load: LazyCommand["load"]): LazyCommand {
  return { kind: "command", brief, hidden: false, load };
}

/** For the program itself, not for people; left out of help and completions. */
export function internalCommand(brief: string, load: LazyCommand["load"]): LazyCommand {
  return { kind: "command", brief, hidden: true, load };
}

export function group(brief: string, commands: CommandTable): CommandGroup {
  return { kind: "group", brief, hidden: false, commands };
}
