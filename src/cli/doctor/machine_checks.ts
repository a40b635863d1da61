/** The machine: its scheduler, the C library, the temporary folder. */
import type { Scheduler } from "../../profile/profile.d.ts";
import {
  findProgram,
  findSchedulers,
  SCHEDULER_TITLES,
  SUBMIT_PROGRAMS,
} from "../../profile/schedulers.ts";
import { siteFacts } from "../../profile/site.ts";
import { runProgram } from "../../lib/run_program.ts";
import { size } from "../format.ts";
import { type Check, failed, fine, type Patient, warning } from "./check.ts";
import { mountOf } from "./mounts.ts";

export async function* machineChecks({ context, name }: Patient): AsyncGenerator<Check> {
  const { env, signal } = context;
  const { hostname, cores, memory, accelerators } = siteFacts(name, env);
  const devices = accelerators.length === 0
    ? "no accelerator"
    : `${accelerators.length} accelerators`;
  yield fine("machine", `${hostname}: ${cores} cores, ${size(memory)} of memory, ${devices}`);
  if (Deno.build.os === "linux") yield await libraryCheck(signal);
  yield temporaryFolderCheck(env("TMPDIR") || "/tmp");
  yield* schedulerChecks(context);
}

const OLDEST_GLIBC = [2, 27];

async function libraryCheck(signal: AbortSignal): Promise<Check> {
  const answer = await runProgram("getconf", ["GNU_LIBC_VERSION"], { signal });
  const version = answer.kind === "answered" ? /glibc (\d+)\.(\d+)/.exec(answer.stdout) : null;
  if (version === null) return fine("glibc", "its version cannot be told");
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const [oldestMajor, oldestMinor] = OLDEST_GLIBC;
  const isRecent = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  const found = `version ${major}.${minor}, ${OLDEST_GLIBC.join(".")} or later is needed`;
  return isRecent
    ? fine("glibc", found)
    : failed("glibc", found, "Use a machine with RHEL 8, Debian 10, Ubuntu 18.04 or later.");
}

function temporaryFolderCheck(folder: string): Check {
  let path: string;
  try {
    path = Deno.realPathSync(folder);
  } catch {
    return failed("temporary folder", `${folder} does not exist`, "Set TMPDIR to one that does.");
  }
  if (!mountOf(path)?.options.includes("noexec")) {
    return fine("temporary folder", `${folder} may hold programs`);
  }
  return warning(
    "temporary folder",
    `${folder} is mounted noexec; this program does not mind, tasks that build programs there do`,
    "Set TMPDIR in executor.environment to a folder that may hold programs.",
  );
}

/** What makes each program tell its version without doing anything. */
const VERSION_QUESTIONS: Readonly<
  Record<Scheduler, readonly [program: string, ...args: string[]]>
> = {
  slurm: ["sbatch", "--version"],
  pbs: ["qsub", "--version"],
  lsf: ["bsub", "-V"],
  sge: ["qsub", "-help"],
  htcondor: ["condor_version"],
  kubernetes: ["kubectl", "version", "--client"],
};

async function* schedulerChecks(context: Patient["context"]): AsyncGenerator<Check> {
  const schedulers = findSchedulers(context.env);
  if (schedulers.length === 0) {
    yield fine("scheduler", "none found on PATH; workers run on this machine");
  }
  for (const scheduler of schedulers) yield await schedulerCheck(scheduler, context);
}

async function schedulerCheck(
  scheduler: Scheduler,
  { env, signal }: Patient["context"],
): Promise<Check> {
  const [program, ...args] = VERSION_QUESTIONS[scheduler];
  const path = findProgram(SUBMIT_PROGRAMS[scheduler], env);
  const title = SCHEDULER_TITLES[scheduler];
  const answer = await runProgram(program, args, { signal });
  if (answer.kind === "answered") {
    return fine(
      "scheduler",
      `${title}, ${path}: ${(answer.stdout || answer.stderr).split("\n", 1)[0]}`,
    );
  }
  return warning(
    "scheduler",
    `${title}, ${path} does not answer: ${answer.why}`,
    `Try \`${VERSION_QUESTIONS[scheduler].join(" ")}\`, and ask the site if it fails there too.`,
  );
}
