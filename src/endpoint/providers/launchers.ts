/**
 * How the managers of a block are started on its nodes: from a launcher, the number of nodes and a
 * manager's command line to lines of a POSIX shell. Pure.
 */
import type { ResolvedLauncher } from "../../profile/resolved_provider.ts";
import { shellWord, shellWords } from "./submit_script.ts";

export interface Launch {
  readonly launcher: ResolvedLauncher;
  readonly nodes: number;
  /** Of each node, if the profile says. */
  readonly cores: number | null;
  readonly manager: readonly string[];
  /** A shell command that prints the names of the job's nodes, each in a line. */
  readonly hosts: string;
}

export function launchLines({ launcher, nodes, cores, manager, hosts }: Launch): string[] {
  const start = shellWords(manager);
  if (launcher.type === "wrapped") return [`exec ${shellWords(launcher.command)} ${start}`];
  const options = launcher.options.map((word) => ` ${shellWord(word)}`).join("");
  switch (launcher.type) {
    case "single":
      return [`exec ${start}`];
    case "srun":
      return [`exec srun ${srunOptions(nodes, cores)}${options} ${start}`];
    case "mpiexec":
      return [
        ...ONE_PER_NODE_OF_MPI,
        `exec mpiexec -n ${nodes} $one_per_node${options} ${start}`,
      ];
    case "jsrun":
      return [`exec jsrun ${jsrunOptions(nodes)}${options} ${start}`];
    case "aprun":
      return [`exec aprun -n ${nodes} -N 1${options} ${start}`];
    case "ssh":
      return sshLines(hosts, options, start);
  }
}

/**
 * A node that fails, or a manager that ends, leaves the others running, and the step leaves room
 * for those of MPI tasks. Without a binding each manager may use all cores that the job has there.
 */
function srunOptions(nodes: number, cores: number | null): string {
  // Since Slurm 22.05 a step does not take that over from its job.
  const cpus = cores === null ? "" : ` --cpus-per-task=${cores}`;
  return `--nodes=${nodes} --ntasks=${nodes} --ntasks-per-node=1 --no-kill --wait=0 ` +
    `--kill-on-bad-exit=0 --overlap --cpu-bind=none${cpus}`;
}

/** Open MPI and the descendants of MPICH, among them Cray's, call it differently. */
const ONE_PER_NODE_OF_MPI = [
  "case $(mpiexec --version 2>&1) in",
  "*'Open MPI'* | *OpenRTE* | *PRRTE*) one_per_node='--map-by ppr:1:node --bind-to none' ;;",
  "*) one_per_node='-ppn 1' ;;",
  "esac",
];

/** One resource set for each node, with all that is on it. */
function jsrunOptions(nodes: number): string {
  return `--nrs ${nodes} --rs_per_host 1 --tasks_per_rs 1 --cpu_per_rs ALL_CPUS ` +
    "--gpu_per_rs ALL_GPUS --bind none";
}

/**
 * With a terminal on the other side a manager is told when the connection ends, and with it when
 * the job does. What ssh is given it passes through a shell once more.
 */
function sshLines(hosts: string, options: string, start: string): string[] {
  const remote = shellWord(`exec ${start}`);
  return [
    "trap 'trap - TERM; kill 0; wait; exit 143' TERM",
    `for host in $(${hosts}); do`,
    `  ssh -tt -o BatchMode=yes${options} "$host" ${remote} </dev/null &`,
    "done",
    "wait",
  ];
}
