/**
 * The names of a manager's nodes, as the launchers of its job know them: its own, or where it is the
 * only manager of its block, all of the block's with its own first.
 */
import { readIfPresent } from "../../lib/files.ts";
import { runProgram } from "../../lib/run_program.ts";

type Env = (name: string) => string | undefined;

/** Throws an `Error` that says why the nodes cannot be known. */
export async function nodeNames(
  env: Env,
  hostname: string,
  isOnlyManager: boolean,
): Promise<string[]> {
  const slurm = env("SLURM_JOB_NODELIST");
  const own = slurm === undefined ? undefined : env("SLURMD_NODENAME");
  if (!isOnlyManager) return [own ?? nameIn(listedNodes(env), hostname)];
  const all = slurm === undefined ? listedNodes(env) : await slurmNodes(slurm);
  if (all.length === 0) {
    throw new Error(
      "no variable of the scheduler names the nodes of this job: SLURM_JOB_NODELIST, " +
        "PBS_NODEFILE, LSB_HOSTS, LSB_MCPU_HOSTS, PE_HOSTFILE",
    );
  }
  const first = own ?? nameIn(all, hostname);
  return [first, ...all.filter((name) => name !== first)];
}

/** From such as `node[1-3,7]`, which is Slurm's own to read. */
async function slurmNodes(list: string): Promise<string[]> {
  const answer = await runProgram("scontrol", ["show", "hostnames", list], {});
  if (answer.kind === "failed") throw new Error(`scontrol show hostnames: ${answer.why}`);
  return distinct(answer.stdout.split("\n"));
}

/** Of schedulers that list the nodes, once for each processor or with other columns. */
function listedNodes(env: Env): string[] {
  const file = env("PBS_NODEFILE") ?? env("PE_HOSTFILE") ?? env("LSB_DJOB_HOSTFILE");
  if (file !== undefined) {
    const lines = (readIfPresent(file) ?? "").split("\n");
    return distinct(lines.map((line) => line.split(/\s/)[0]!));
  }
  const hosts = env("LSB_HOSTS");
  if (hosts !== undefined) return distinct(hosts.split(/\s+/));
  // Names and numbers of slots in turn.
  const pairs = env("LSB_MCPU_HOSTS")?.trim().split(/\s+/) ?? [];
  return distinct(pairs.filter((_, index) => index % 2 === 0));
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))];
}

/** As the list has the host, with or without its domain. */
function nameIn(names: readonly string[], hostname: string): string {
  const short = (name: string): string => name.split(".")[0]!;
  return names.find((name) => name === hostname) ??
    names.find((name) => short(name) === short(hostname)) ?? hostname;
}
