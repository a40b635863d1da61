/** The shell runtime: the manager starts each command itself, there is nothing to keep warm. */
import type { Detected } from "./runtime.ts";

export interface ShellRuntime {
  readonly name: "shell";
  /** Absolute path of a POSIX shell. */
  readonly shell: string;
  /** Shell lines before each command; may be empty. */
  readonly workerInit: string;
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Path of `setsid`, which gives a command a process group of its own for the price of one more
   * exec. Where there is none Deno does it, by a fork of this whole process: measured, it takes five
   * times as long and blocks this thread.
   */
  readonly setsid: string | null;
}

const SETSID_PATHS = ["/usr/bin/setsid", "/bin/setsid"];

export function detectShell(
  options: Omit<ShellRuntime, "name" | "setsid">,
): Detected<ShellRuntime> {
  if (isFile(options.shell)) {
    const setsid = SETSID_PATHS.find(isFile) ?? null;
    return { kind: "available", runtime: { name: "shell", setsid, ...options } };
  }
  return {
    kind: "missing",
    reason: `there is no shell at ${options.shell}`,
    hint: "Name a POSIX shell in the profile: executor.runtimes.shell.shell.",
  };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
