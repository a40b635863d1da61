/** Schedulers, known by the programs that they put on PATH. Nothing is run for it. */
import { join } from "../lib/path.ts";
import type { Scheduler } from "./profile.d.ts";

/** The program that submits a job, by scheduler. */
export const SUBMIT_PROGRAMS: Readonly<Record<Scheduler, string>> = {
  slurm: "sbatch",
  pbs: "qsub",
  lsf: "bsub",
  sge: "qsub",
  htcondor: "condor_submit",
  kubernetes: "kubectl",
};

/** For people. */
export const SCHEDULER_TITLES: Readonly<Record<Scheduler, string>> = {
  slurm: "Slurm",
  pbs: "PBS",
  lsf: "LSF",
  sge: "Grid Engine",
  htcondor: "HTCondor",
  kubernetes: "Kubernetes",
};

export const SCHEDULERS = Object.keys(SUBMIT_PROGRAMS) as readonly Scheduler[];

type Environment = (name: string) => string | undefined;

/** In the order of {@link SCHEDULERS}. */
export function findSchedulers(env: Environment): Scheduler[] {
  return SCHEDULERS.filter((scheduler) =>
    findProgram(SUBMIT_PROGRAMS[scheduler], env) !== undefined && !isOtherQsub(scheduler, env)
  );
}

/** PBS and Grid Engine both submit with `qsub`; only the latter has `qconf` or sets SGE_ROOT. */
function isOtherQsub(scheduler: Scheduler, env: Environment): boolean {
  if (scheduler !== "pbs" && scheduler !== "sge") return false;
  const isGridEngine = (env("SGE_ROOT") ?? "") !== "" || findProgram("qconf", env) !== undefined;
  return isGridEngine !== (scheduler === "sge");
}

/** The absolute path of an executable file on PATH. */
export function findProgram(name: string, env: Environment): string | undefined {
  return (env("PATH") ?? "").split(":").filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** Whether it is a file that may be executed. */
export function isProgram(path: string): boolean {
  try {
    const info = Deno.statSync(path);
    return info.isFile && info.mode !== null && (info.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}
