/** Starting this program again as a daemon. */
import { type ChildProcess, spawn } from "node:child_process";
import { ensurePrivateFolder } from "../../lib/files.ts";
import { dirname } from "../../lib/path.ts";
import { DAEMON_FLAGS, selfCommand } from "../../lib/program.ts";
import { daemonEnvironment } from "./environment.ts";

/** A process that outlives this one. */
export interface Daemon {
  readonly pid: number;
  /** Its end, when it comes while this process lives. */
  readonly exited: Promise<DaemonExit>;
}

export interface DaemonExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Starts `funcx-endpoint <args>` in a session of its own, in `/`, with its output in `outputFile`
 * (made afresh, 0600) and `input`, or nothing, on its standard input. Throws when the program cannot
 * be started.
 */
export async function spawnDaemon(
  args: readonly string[],
  outputFile: string,
  input?: string,
): Promise<Daemon> {
  ensurePrivateFolder(dirname(outputFile));
  // `node:child_process`, since `Deno.Command` takes no file as a stream.
  const { openSync, closeSync } = await import("node:fs");
  const output = openSync(outputFile, "w", 0o600);
  try {
    const [program, ...rest] = selfCommand(args, DAEMON_FLAGS);
    const child = spawn(program, rest, {
      cwd: "/",
      detached: true,
      env: daemonEnvironment(Deno.env.toObject()),
      stdio: [input === undefined ? "ignore" : "pipe", output, output],
    });
    const exited = exitOf(child);
    await started(child);
    if (input !== undefined) await give(child, input);
    child.unref();
    return { pid: child.pid ?? 0, exited };
  } finally {
    closeSync(output);
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", () => resolve());
    child.once("error", reject);
  });
}

/** Resolves when it has all of it, or has ended. */
function give(child: ChildProcess, input: string): Promise<void> {
  return new Promise((resolve) => {
    child.stdin!.once("close", resolve);
    // One that ends early says why in its own words.
    child.stdin!.once("error", () => resolve());
    child.stdin!.end(input);
  });
}

function exitOf(child: ChildProcess): Promise<DaemonExit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}
