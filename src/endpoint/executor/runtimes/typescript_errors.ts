/** What was thrown in the guest, as a task error without this program's own frames. */
import type { ErrorCode, TaskError } from "../../../contract/errors.ts";
import { EnvelopeError } from "../../../contract/envelope.ts";

const MAX_TYPE_CHARACTERS = 200;
const MAX_MESSAGE_CHARACTERS = 10_000;
const MAX_CAUSES = 8;
/** A module's source is its URL, shortened by Deno in the middle when it is long. */
const SOURCE_URL = /data:application\/typescript;base64,[^\s:)]*/g;
/** Frames of this program and of Deno's own modules. */
const INTERNAL_FRAME = /^\s+at .*(?:\/typescript_guest|ext:(?:core|runtime|deno_)|\/chunk-)/;
const SYNTAX_ERROR = /^(?:SyntaxError: )/;

/**
 * Never throws, whatever was thrown.
 * @param limit of the traceback, bytes
 */
export function taskErrorOf(thrown: unknown, code: ErrorCode, limit: number): TaskError {
  try {
    return describe(thrown, code, limit);
  } catch {
    // Its properties may be getters that throw.
    return { code, type: "Error", message: "what was thrown cannot be shown", traceback: "" };
  }
}

function describe(thrown: unknown, code: ErrorCode, limit: number): TaskError {
  const { type, message } = headOf(thrown);
  return {
    code,
    type: type.slice(0, MAX_TYPE_CHARACTERS),
    message: clean(message).slice(0, MAX_MESSAGE_CHARACTERS),
    // An envelope's error is ours; its frames would say nothing.
    traceback: thrown instanceof EnvelopeError ? "" : tracebackOf(thrown).slice(0, limit / 3),
    ...hintOf(thrown),
  };
}

function headOf(thrown: unknown): { type: string; message: string } {
  if (!(thrown instanceof Error)) return { type: typeName(thrown), message: textOf(thrown) };
  const message = textOf(thrown.message);
  // Deno reports a module that cannot be parsed as a TypeError.
  if (thrown instanceof TypeError && SYNTAX_ERROR.test(message)) {
    return { type: "SyntaxError", message: message.replace(SYNTAX_ERROR, "").split("\n")[0]! };
  }
  return { type: textOf(thrown.name), message };
}

function typeName(value: unknown): string {
  if (value === null || typeof value !== "object") return typeof value;
  return textOf(value.constructor?.name ?? "object");
}

function textOf(value: unknown): string {
  if (typeof value === "object" && value !== null) return JSON.stringify(value) ?? String(value);
  return String(value);
}

function tracebackOf(thrown: unknown): string {
  const parts: string[] = [];
  for (let cause = thrown, depth = 0; cause instanceof Error && depth < MAX_CAUSES; depth++) {
    parts.push(stackOf(cause));
    cause = cause.cause;
  }
  return parts.join("\nCaused by: ");
}

function stackOf(error: Error): string {
  return clean(textOf(error.stack)).split("\n").filter((line) => !INTERNAL_FRAME.test(line))
    .join("\n");
}

function clean(text: string): string {
  return text.replace(SOURCE_URL, "function.ts");
}

function hintOf(thrown: unknown): { hint: string } | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if (thrown.name === "NotCapable") {
    return {
      hint: "Functions have no permissions unless the profile grants them: " +
        "executor.runtimes.typescript.permissions.",
    };
  }
  // The worker process is started so.
  if (/--no-(npm|remote) is specified/.test(textOf(thrown.message))) {
    return { hint: "Functions can import node: modules; put the code of a package beside yours." };
  }
  if (thrown instanceof EnvelopeError) {
    return { hint: "Pass and return numbers, strings, booleans, null, arrays and plain objects." };
  }
  return undefined;
}
