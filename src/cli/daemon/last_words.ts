/** Why a daemon ended, from what it wrote. */
import { EXIT, FuncxError } from "../../contract/errors.ts";
import { readIfPresent } from "../../lib/files.ts";
import type { DaemonExit } from "./spawn.ts";

/** A daemon ended instead of coming up; carries its exit code on. */
export class DaemonFailedError extends FuncxError {
  readonly exit: number;

  constructor(
    failure: { readonly message: string; readonly hint: string; readonly exit: number },
  ) {
    super({ code: "START_FAILED", message: failure.message, hint: failure.hint });
    this.exit = failure.exit;
  }
}

/** @param what "the endpoint" or "the service", for the message. */
export function daemonFailure(what: string, exit: DaemonExit, outputFile: string): FuncxError {
  const output = readIfPresent(outputFile) ?? "";
  const { message, hint } = lastWords(output);
  return new DaemonFailedError({
    message: `${what} did not start: ${message ?? describeExit(exit)}`,
    hint: hint ?? `Its output is in ${outputFile}.`,
    exit: exit.code === null || exit.code === EXIT.ok ? EXIT.unavailable : exit.code,
  });
}

/** The last error and its hint, else the last line that says anything. */
export function lastWords(output: string): { readonly message?: string; readonly hint?: string } {
  const lines = output.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const last = lines.findLastIndex((line) => line.startsWith(ERROR));
  if (last === -1) return lines.length === 0 ? {} : { message: lines[lines.length - 1] };
  const hint = lines.slice(last).find((line) => line.startsWith(HINT));
  return { message: lines[last].slice(ERROR.length), hint: hint?.slice(HINT.length) };
}

/** What `failureLines` begins its lines with. */
const ERROR = "error: ";
const HINT = "hint: ";

function describeExit({ code, signal }: DaemonExit): string {
  if (signal !== null) return `it was ended by ${signal}`;
  return `it ended with code ${code} and said nothing`;
}
