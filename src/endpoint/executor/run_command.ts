/** Running a short command to ask it something. */
import { messageOf } from "../../lib/outcome.ts";
import { exitText } from "./exit_reason.ts";
import { signalGroup } from "./process_group.ts";

export type CommandAnswer =
  | { readonly kind: "done"; readonly stdout: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface CommandOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds after which it and what it started are killed. */
  readonly timeout: number;
}

/** Its stdout if it ends with status 0; else why not, in one line. */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions,
): Promise<CommandAnswer> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      cwd: options.cwd,
      env: options.environment,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (thrown) {
    return { kind: "failed", reason: messageOf(thrown) };
  }
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    signalGroup(child.pid, "SIGKILL");
  }, options.timeout);
  const { success, code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  if (success) return { kind: "done", stdout: new TextDecoder().decode(stdout) };
  if (expired) return { kind: "failed", reason: `no answer within ${options.timeout} ms` };
  const reason = lastLine(new TextDecoder().decode(stderr)) ??
    exitText({ code: signal === null ? code : null, signal });
  return { kind: "failed", reason };
}

/** The last line that has text. */
export function lastLine(text: string): string | undefined {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").at(-1);
}
