import { FuncxError } from "../../contract/errors.ts";
import type { CliContext } from "../context.ts";
import { parseCount } from "../parameters.ts";
import { follow, lastLines, type LogTail } from "../../lib/log_lines.ts";
import { formatLogLine } from "./log_line.ts";

export interface LogFlags {
  readonly follow: boolean;
  readonly lines: number;
}

/** The flags of every command that shows a log. */
export const LOG_FLAGS = {
  follow: { kind: "boolean", brief: "Go on with what is added", withNegated: false },
  lines: {
    kind: "parsed",
    brief: "How many lines from the end",
    placeholder: "count",
    parse: parseCount,
    default: "50",
  },
} as const;

/**
 * Prints the end of a log and, on request, what is added until Ctrl-C. The JSON form gives the
 * records as they are, one on a line. Throws `INPUT_INVALID` when there is no log yet.
 */
export async function showLog(
  context: CliContext,
  path: string,
  flags: LogFlags,
  missing: Missing = NO_LOG,
): Promise<void> {
  const { output, stdout } = context;
  const print = (line: string): void =>
    stdout.write(`${output.json ? line : formatLogLine(line, output.style)}\n`);
  const tail = readTail(path, flags, missing);
  tail.lines.forEach(print);
  if (!flags.follow) return;
  for await (const line of follow(path, tail.end, context.signal)) print(line);
}

/** What is said when there is no such file yet. */
interface Missing {
  readonly what: string;
  readonly hint: string;
}

const NO_LOG: Missing = {
  what: "log",
  hint: "It is made when the daemon starts for the first time.",
};

function readTail(path: string, { lines }: LogFlags, { what, hint }: Missing): LogTail {
  try {
    return lastLines(path, lines);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `there is no ${what} yet at ${path}`,
      hint,
    });
  }
}
