/** Asking a program something, within bounds. */
import { withTimeout } from "./async.ts";
import { messageOf } from "./outcome.ts";

/** Milliseconds; a module system on a busy file server takes some seconds. */
const PATIENCE = 15_000;

export type ProgramAnswer =
  | { readonly kind: "answered"; readonly stdout: string; readonly stderr: string }
  | ProgramFailure;

export interface ProgramFailure {
  readonly kind: "failed";
  /** One line. */
  readonly why: string;
  /** When somebody else ended it, which says nothing of the program. */
  readonly killed?: true;
  /** When it came to its end by itself. */
  readonly ended?: { readonly code: number; readonly stdout: string; readonly stderr: string };
  /** When it was not even started. */
  readonly missing?: true;
}

export interface ProgramOptions {
  /** Added to the environment, or all of it with `clearEnv`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  /** Ends the program and all that it started, and throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly patience?: number;
  /** On its standard input, which is empty without it. */
  readonly input?: string;
  /** A program that prints more on one of its streams is ended. */
  readonly maxOutputBytes?: number;
}

/** The program and whatever it leaves behind are gone when this returns. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramAnswer> {
  const { env = {}, clearEnv = false, cwd, signal, patience = PATIENCE, input } = options;
  const { maxOutputBytes = Infinity } = options;
  signal?.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args],
      env,
      clearEnv,
      cwd,
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      // A group of its own, so that what it starts in the background ends with it.
      detached: true,
    }).spawn();
  } catch (thrown) {
    return { kind: "failed", why: messageOf(thrown), missing: true };
  }
  const end = (): void => endGroup(child.pid);
  signal?.addEventListener("abort", end, { once: true });
  try {
    // Background processes would keep its pipes open after its own end.
    void child.status.then(end);
    if (input !== undefined) void write(child.stdin, input);
    const output = await withTimeout(outputOf(child, maxOutputBytes, end), patience);
    signal?.throwIfAborted();
    if (output === "timeout") {
      return { kind: "failed", why: `it did not end within ${patience / 1_000} s` };
    }
    if (output === "too long") {
      return { kind: "failed", why: `it printed more than ${maxOutputBytes} bytes` };
    }
    return answerOf(output);
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}

/** A program that does not read all of it has what it needs. */
async function write(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => undefined);
  await writer.close().catch(() => undefined);
}

interface Output extends Deno.CommandStatus {
  readonly stdout: string;
  readonly stderr: string;
}

async function outputOf(
  child: Deno.ChildProcess,
  maxBytes: number,
  end: () => void,
): Promise<Output | "too long"> {
  const [stdout, stderr] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => read(stream, maxBytes, end)),
  );
  if (stdout === undefined || stderr === undefined) return "too long";
  return { ...await child.status, stdout, stderr };
}

/** Undefined for what is longer, and `end` so that the other stream ends too. */
async function read(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  end: () => void,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      end();
      return undefined;
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return (text + decoder.decode()).trim();
}

function answerOf({ success, code, signal, stdout, stderr }: Output): ProgramAnswer {
  if (success) return { kind: "answered", stdout, stderr };
  const ending = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
  const why = [ending, lastLine(stderr)].filter(Boolean).join(": ");
  if (signal === "SIGKILL") return { kind: "failed", why, killed: true };
  return { kind: "failed", why, ended: { code, stdout, stderr } };
}

function endGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch (thrown) {
    // Nobody of the group is left, or only who became another user, as by sudo.
    const isKnown = thrown instanceof Deno.errors.NotFound ||
      thrown instanceof Deno.errors.PermissionDenied;
    if (!isKnown) throw thrown;
  }
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}
