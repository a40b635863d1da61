/** Turns whatever a command threw into what failed, how to mend it, and an exit code. */
import { ERROR_KINDS, type ErrorCode, EXIT, FuncxError, isErrorCode } from "../contract/errors.ts";
import { isDiskFull } from "../lib/files.ts";
import { type Failure, messageOf, type Outcome } from "../lib/outcome.ts";
import { oneLine, style } from "./output/style.ts";
import type { TextSink } from "./terminal.ts";

/** What the user is told; `hint` is always there. */
export interface CommandFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
}

/** A shell's code for a command that Ctrl-C ended. */
export const INTERRUPTED = 130;

export function describeFailure(thrown: unknown): CommandFailure {
  if (thrown instanceof FuncxError) {
    const described = failure(thrown.code, thrown.message, thrown.hint ?? HINTS[thrown.code]);
    return "exit" in thrown ? { ...described, exit: Number(thrown.exit) } : described;
  }
  const known = thrown instanceof Error ? systemFailure(thrown) : undefined;
  return known ?? failure("INTERNAL_ERROR", messageOf(thrown));
}

/** The value, or a thrown {@link FuncxError} that the command line shows. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "ok") return outcome.value;
  throw errorOf(outcome.failure);
}

/** A failure from below as an error; codes that are not in the table are internal. */
export function errorOf(failed: Failure): FuncxError {
  const code = isErrorCode(failed.code) ? failed.code : "INTERNAL_ERROR";
  return new FuncxError({ code, message: failed.message, hint: failed.hint });
}

/** Two lines on standard error; the stack only when `debug` asks for it. Returns the exit code. */
export function reportFailure(thrown: unknown, stderr: TextSink, debug: boolean): number {
  const described = describeFailure(thrown);
  stderr.write(failureLines(described, stderr.color));
  if (debug && thrown instanceof Error) stderr.write(`${stackOf(thrown)}\n`);
  return described.exit;
}

export function failureLines(
  { message, hint }: Pick<CommandFailure, "message" | "hint">,
  color: boolean,
): string {
  const { red, bold } = style(color);
  return `${bold(red("error:"))} ${oneLine(message)}\n${bold("hint:")} ${oneLine(hint)}\n`;
}

function stackOf(thrown: Error): string {
  const own = thrown.stack ?? String(thrown);
  return thrown.cause instanceof Error ? `${own}\nCaused by: ${stackOf(thrown.cause)}` : own;
}

function failure(code: ErrorCode, message: string, hint?: string): CommandFailure {
  return { code, message, hint: hint ?? DEFAULT_HINT, exit: ERROR_KINDS[code].exit };
}

const DEFAULT_HINT = "Run it again with --debug to see where this comes from.";

/** For errors that come without a hint. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  USAGE: "See `funcx-endpoint --help`.",
  NOT_LOGGED_IN: "Log in with `funcx-endpoint login`.",
  USER_UNAUTHENTICATED: "Log in with `funcx-endpoint login`.",
  INVALID_AUTH_TOKEN: "Log in again with `funcx-endpoint login`.",
  SERVICE_UNAVAILABLE: "Check that the service runs and that its address is right.",
  ENDPOINT_NOT_FOUND: "See `funcx-endpoint list`.",
  FUNCTION_NOT_FOUND: "See `funcx-endpoint function list`.",
  TASK_NOT_FOUND: "See `funcx-endpoint task list`.",
};

/** Errors of the system and of `lib`; told by name, so that no heavy module is loaded for it. */
function systemFailure(thrown: Error): CommandFailure | undefined {
  if (isDiskFull(thrown)) {
    return failure("STORAGE_FULL", thrown.message, "Free some space or raise the quota.");
  }
  if ((thrown as { code?: unknown }).code === "EROFS") {
    return failure("DIRECTORY_UNUSABLE", thrown.message, ANOTHER_FOLDER);
  }
  switch (thrown.name) {
    case "UnsafeFolderError":
    case "PermissionDenied":
    case "NotADirectory":
    case "IsADirectory":
    case "FilesystemLoop":
      return failure("DIRECTORY_UNUSABLE", thrown.message, ANOTHER_FOLDER);
    case "NotFound":
      return { ...failure("INPUT_INVALID", thrown.message, "Check the path."), exit: EXIT.data };
    case "DatabaseInUseError":
      return failure("RESOURCE_LOCKED", thrown.message, "Stop the process that has it open.");
    case "DatabaseUnreadableError":
      return failure("SPOOL_UNREADABLE", thrown.message, "Move the file away to start afresh.");
    default:
      return undefined;
  }
}

const ANOTHER_FOLDER =
  "Mend its owner and mode, or name another folder with --config-dir or FUNCX_USER_DIR.";
