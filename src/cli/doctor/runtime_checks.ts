/** What tasks are run by. */
import { type ProgramOptions, runProgram } from "../../lib/run_program.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";

type Runtimes = ResolvedExecutor["runtimes"];

/** When there is no profile, what a new one would have. */
const DEFAULT_RUNTIMES: Pick<Runtimes, "python" | "shell"> = {
  python: { interpreter: "python3" },
  shell: { shell: "/bin/sh" },
};

export async function* runtimeChecks({ context, profile }: Patient): AsyncGenerator<Check> {
  const runtimes = profile?.executor.runtimes ?? DEFAULT_RUNTIMES;
  const options = { env: profile?.executor.environment, signal: context.signal };
  const workerInit = profile?.executor.workerInit ?? "";
  yield profile?.executor.runtimes.typescript === null
    ? fine("typescript", "turned off in the profile")
    : fine("typescript", `inside this program (Deno ${Deno.version.deno})`);
  yield runtimes.python === null
    ? fine("python", "turned off in the profile")
    : await pythonCheck(runtimes.python.interpreter, workerInit, options);
  yield runtimes.shell === null
    ? fine("shell", "turned off in the profile")
    : await shellCheck(runtimes.shell.shell, options);
}

/** Prints four lines: version, path, version of dill or nothing. */
const PYTHON_FACTS = `
import sys
try:
    from dill import __version__ as dill
except ImportError:
    dill = ""
sys.stdout.write("%d.%d.%d\\n%s\\n%s\\n" % (sys.version_info[:3] + (sys.executable, dill)))
`;
/** What \`workerInit\` prints comes before it. */
const MARK = "--- funcx-endpoint doctor ---";
const OLDEST_PYTHON = [3, 6];

async function pythonCheck(
  interpreter: string,
  workerInit: string,
  options: ProgramOptions,
): Promise<Check> {
  const script = `${workerInit}\necho "${MARK}"\nexec "$0" -c "$1"`;
  const args = ["-c", script, interpreter, PYTHON_FACTS];
  const answer = await runProgram("/bin/sh", args, options);
  const mend = 'Name one as executor.runtimes.python.interpreter, or load it in "workerInit"; ' +
    "write `python: false` to do without.";
  if (answer.kind === "failed") {
    return warning("python", `${interpreter} does not work: ${answer.why}`, mend);
  }
  const facts = answer.stdout.slice(answer.stdout.lastIndexOf(MARK) + MARK.length).trimStart();
  const [version, path, dill] = facts.split("\n");
  if (!isRecent(version)) {
    return failed("python", `${path} is Python ${version}, 3.6 or later is needed`, mend);
  }
  return fine(
    "python",
    `${path} is Python ${version}, ` +
      (dill ? `with dill ${dill}` : "without dill, which only pickled functions need"),
  );
}

function isRecent(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_PYTHON;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

async function shellCheck(
  shell: string,
  options: ProgramOptions,
): Promise<Check> {
  const answer = await runProgram(shell, ["-c", "exit 0"], options);
  if (answer.kind === "answered") return fine("shell", `${shell} works`);
  return failed(
    "shell",
    `${shell} does not work: ${answer.why}`,
    "Name another as executor.runtimes.shell.shell, or write `shell: false` to do without.",
  );
}
