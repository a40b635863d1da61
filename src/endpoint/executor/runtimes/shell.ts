/** The shell runtime: the manager starts each command itself, there is nothing to keep warm. */
import { type CommandSpawner, NativeSpawner } from "../command_spawner.ts";
import { DenoSpawner } from "../deno_spawner.ts";
import { allowsPlainCommands } from "./plain_command.ts";
import type { Detected } from "./runtime.ts";

export interface ShellRuntime {
  readonly name: "shell";
  /** Absolute path of a POSIX shell. */
  readonly shell: string;
  /** Shell lines before each command; may be empty. */
  readonly workerInit: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Commands in which there is nothing for a shell to do are started without it. */
  readonly startsPlainCommands: boolean;
  readonly spawner: CommandSpawner;
}

export function detectShell(
  options: Omit<ShellRuntime, "name" | "startsPlainCommands" | "spawner">,
): Detected<ShellRuntime> {
  if (isFile(options.shell)) {
    // That of the agent; each command is given its own.
    const { PWD: _, ...environment } = options.environment;
    const spawner = NativeSpawner.open(environment) ?? new DenoSpawner(environment);
    const startsPlainCommands = allowsPlainCommands(options);
    return {
      kind: "available",
      runtime: { ...options, name: "shell", environment, startsPlainCommands, spawner },
    };
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
