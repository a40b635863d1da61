/** Asking a person at a terminal. */
import type { TextSink } from "./terminal.ts";

const ENTER = new Set([0x0a, 0x0d]);
const BACKSPACE = new Set([0x08, 0x7f]);
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const CTRL_U = 0x15;

/** Reads one line without showing it. Throws the signal's reason, or that of Ctrl-C. */
export async function promptSecret(
  sink: TextSink,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const interrupted = Promise.withResolvers<never>();
  const onAbort = (): void => interrupted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  // In raw mode the terminal shows nothing, and Ctrl-C is a character. Before the question: somebody
  // who types ahead must not see the secret either.
  Deno.stdin.setRaw(true);
  sink.write(question);
  try {
    return await Promise.race([readSecret(), interrupted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    Deno.stdin.setRaw(false);
    sink.write("\n");
  }
}

async function readSecret(): Promise<string> {
  const typed: number[] = [];
  const buffer = new Uint8Array(4_096);
  while (true) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) return text(typed);
    for (const byte of buffer.subarray(0, count)) {
      if (byte === CTRL_C) throw interrupted();
      if (ENTER.has(byte) || byte === CTRL_D) return text(typed);
      if (byte === CTRL_U) typed.length = 0;
      else if (BACKSPACE.has(byte)) typed.pop();
      else typed.push(byte);
    }
  }
}

function text(bytes: readonly number[]): string {
  return new TextDecoder().decode(new Uint8Array(bytes));
}

function interrupted(): Error {
  const error = new Error("interrupted");
  error.name = "InterruptedError";
  return error;
}
