/** What every command gets from the outside world; nothing below `cli` reads it by itself. */
import { type FuncxHome, funcxHome } from "../contract/home_folder.ts";
import { jsonOutput } from "./output/json.ts";
import type { Output } from "./output/output.ts";
import { textOutput } from "./output/text.ts";
import type { TextSink, TextSource } from "./terminal.ts";

export interface CliContext {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: TextSource;
  readonly env: (name: string) => string | undefined;
  /** `~/.funcx`, or where `--config-dir` or FUNCX_USER_DIR say. It may not exist yet. */
  readonly home: FuncxHome;
  readonly output: Output;
  /** `--debug`: stacks of errors, more to the log. */
  readonly debug: boolean;
  /**
   * Aborted by the first SIGINT or SIGTERM. They are caught from the first use of this on; a
   * command that never asks for it is ended by them as usual.
   */
  readonly signal: AbortSignal;
}

/** The options that every command takes, wherever they stand. */
export interface GlobalOptions {
  readonly configDir?: string;
  readonly json: boolean;
  readonly debug: boolean;
}

/** What is there before a command is chosen. */
export interface Surroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: TextSource;
  readonly env: (name: string) => string | undefined;
}

export function commandContext(surroundings: Surroundings, options: GlobalOptions): CliContext {
  const { stdout, stderr, env } = surroundings;
  const home = lazily(() => funcxHome({ configDir: options.configDir, env }));
  const signal = lazily(interruption);
  return {
    ...surroundings,
    get home(): FuncxHome {
      return home();
    },
    output: options.json ? jsonOutput(stdout, stderr) : textOutput(stdout, stderr),
    debug: options.debug,
    get signal(): AbortSignal {
      return signal();
    },
  };
}

/** A second signal ends the process as usual, so that nobody is trapped in a slow stop. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
    controller.abort(new InterruptedError("interrupted"));
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  return controller.signal;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The reason of an aborted `signal`. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
