/**
 * Tries `workerInit` once, before any task is there for it: a module that does not exist is a problem
 * of the node or the profile, and no task's.
 *
 * It counts as failed when the shell ends before all lines were run, as after `exit`, under `set -e`
 * or when the POSIX `.` finds no file; when the last line fails and something was written to stderr;
 * and when it takes too long. A status alone is none: `test -d /scratch && export X=1` may be the last
 * line. Lines before the last one decide nothing, as for the workers themselves.
 */
import process from "node:process";
import type { FuncxFailure } from "../../contract/errors.ts";
import { MAX_SCHEDULER_WORDS, WORKER_INIT_TIMEOUT } from "../../contract/limits.ts";
import { type ProgramAnswer, runProgram } from "../../lib/run_program.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { workerEnvironment } from "./worker_environment.ts";

/** Printed after the last line, with the status of that. */
const REACHED = "funcx: workerInit has ended with";
/** Of its stderr. */
const LAST_LINES = 5;
const MAX_OUTPUT_BYTES = 1024 * 1024;

type Settings = Pick<
  ResolvedExecutor,
  "workerInit" | "runtimes" | "environment" | "workingFolder" | "container"
>;

/**
 * Why workers cannot be started here; null when they can. @param managerId in the environment of what
 * it starts
 * @param patience milliseconds
 */
export async function tryWorkerInit(
  executor: Settings,
  managerId: string,
  patience = WORKER_INIT_TIMEOUT,
): Promise<FuncxFailure | null> {
  const { workerInit, environment: added, workingFolder } = executor;
  if (workerInit.trim() === "") return null;
  const inherited = process.env as Record<string, string>;
  const env = workerEnvironment({ inherited, added, managerId });
  for (const shell of shellsOf(executor)) {
    const script = `${workerInit}\nprintf '\\n%s %s\\n' '${REACHED}' "$?"`;
    const answer = await runProgram(shell, ["-c", script], {
      env,
      clearEnv: true,
      cwd: workingFolder,
      patience,
      maxOutputBytes: MAX_OUTPUT_BYTES,
    });
    const why = refusal(answer);
    if (why !== null) return failure(shell, why);
  }
  return null;
}

/** Those that workers and commands are started with. */
function shellsOf({ runtimes, container }: Settings): ReadonlySet<string> {
  const shells = new Set<string>();
  if (runtimes.python !== null || container !== null) shells.add("/bin/sh");
  // A shell that is not there is told of with the runtime.
  if (runtimes.shell !== null && isThere(runtimes.shell.shell)) shells.add(runtimes.shell.shell);
  return shells;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function refusal(answer: ProgramAnswer): string | null {
  if (answer.kind === "failed") {
    if (answer.ended === undefined) return answer.why;
    const { code, stderr } = answer.ended;
    return withWords(`its shell ended with status ${code} before the last line`, stderr);
  }
  const reached = answer.stdout.split("\n").at(-1) ?? "";
  if (!reached.startsWith(REACHED)) {
    return withWords("its shell ended with status 0 before the last line", answer.stderr);
  }
  const status = Number(reached.slice(REACHED.length));
  if (status === 0 || answer.stderr.trim() === "") return null;
  return withWords(`its last line failed with status ${status}`, answer.stderr);
}

function withWords(why: string, stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const words = lines.slice(-LAST_LINES).join("; ").slice(-MAX_SCHEDULER_WORDS);
  return words === "" ? why : `${why}: ${words}`;
}

function failure(shell: string, why: string): FuncxFailure {
  return {
    code: "START_FAILED",
    message: `workerInit failed on node ${Deno.hostname()}, run by ${shell}: ${why}`,
    hint: "Mend executor.workerInit in the profile; `funcx-endpoint doctor` tries it here.",
  };
}
