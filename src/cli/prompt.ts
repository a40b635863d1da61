/** Asking the user a question on the terminal. */
import { FuncxError } from "../contract/errors.ts";
import type { CliContext } from "./context.ts";

const MAX_ANSWER_BYTES = 1024;

/**
 * Yes or no, no by default. Throws `USAGE` when there is nobody to ask.
 * @param flag what says yes beforehand, for the hint.
 */
export function confirm(context: CliContext, question: string, flag: string): boolean {
  if (!context.stdin.isTerminal || !context.stderr.isTerminal) {
    throw new FuncxError({
      code: "USAGE",
      message: "this has to be confirmed, and there is no terminal to ask on",
      hint: `Add ${flag} to confirm it beforehand.`,
    });
  }
  context.stderr.write(`${question} [y/N] `);
  return /^y(es)?$/i.test(readLine().trim());
}

/** Whether there is somebody to ask: a terminal on both sides. */
export function canAsk({ stdin, stderr, output }: CliContext): boolean {
  return stdin.isTerminal && stderr.isTerminal && !output.json;
}

/** One line, without spaces around it; empty for Enter alone. Ask only when {@link canAsk}. */
export function ask(context: CliContext, question: string): string {
  context.stderr.write(`${question}: `);
  return readLine().trim();
}

function readLine(): string {
  const bytes = new Uint8Array(MAX_ANSWER_BYTES);
  const count = Deno.stdin.readSync(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, count));
}
