/** Asking a program something, within bounds. */
import { withTimeout } from "./async.ts";
import { messageOf } from "./outcome.ts";

/** Milliseconds; a module system on a busy file server takes some seconds. */
const PATIENCE = 15_000;

export type ProgramAnswer =
  | { readonly kind: "answered"; readonly stdout: string; readonly stderr: string }
  /** `why` is one line; `killed` when somebody else ended it, which says nothing of the program. */
  | { readonly kind: "failed"; readonly why: string; readonly killed?: true };

export interface ProgramOptions {
  /** Added to the environment, or all of it with `clearEnv`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  /** Ends the program and all that it started, and throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly patience?: number;
}

/** The program and whatever it leaves behind are gone when this returns. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, clearEnv = false, cwd, signal, patience = PATIENCE }: ProgramOptions,
): Promise<ProgramAnswer> {
  signal?.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: [...args],
      env,
      clearEnv,
      cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // A group of its own, so that what it starts in the background ends with it.
      detached: true,
    }).spawn();
  } catch (thrown) {
    return { kind: "failed", why: messageOf(thrown) };
  }
  const end = (): void => endGroup(child.pid);
  signal?.addEventListener("abort", end, { once: true });
  try {
    // Background processes would keep its pipes open after its own end.
    void child.status.then(end);
    const output = await withTimeout(child.output(), patience);
    signal?.throwIfAborted();
    if (output === "timeout") {
      return { kind: "failed", why: `it did not end within ${patience / 1_000} s` };
    }
    return answerOf(output);
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}

function answerOf({ success, code, signal, stdout, stderr }: Deno.CommandOutput): ProgramAnswer {
  const text = { stdout: decode(stdout), stderr: decode(stderr) };
  if (success) return { kind: "answered", ...text };
  const ending = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
  const why = [ending, lastLine(text.stderr)].filter(Boolean).join(": ");
  return { kind: "failed", why, ...(signal === "SIGKILL" ? { killed: true } : {}) };
}

function endGroup(leader: number): void {
  try {
    Deno.kill(-leader, "SIGKILL");
  } catch (thrown) {
    // Nobody of the group is left.
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}
