/**
 * How a program is started on all nodes of a task: from its counts and the names of its nodes to the
 * words that stand before the program, in the variables that a function finds them by. Pure.
 *
 * The variables named PARSL_… are those of Parsl (`mpi_prefix_composer.py`, and "MPI and Multi-node
 * Apps" of its user guide), by which the official SDK's MPIFunction starts its command.
 */
import type { MpiLauncher } from "../../profile/schema.ts";
import type { ParallelTask } from "./specification.ts";

/** Open MPI has options of its own; MPICH and its descendants, Cray's among them, share theirs. */
export type MpiexecKind = "openmpi" | "mpich";

export interface LaunchPlace {
  /** As the launcher knows them. */
  readonly nodes: readonly string[];
  /** Of a task that names none. */
  readonly launcher: MpiLauncher;
  readonly mpiexec: MpiexecKind;
  /** That the job has on a node, as far as the scheduler tells. */
  readonly cores: number | null;
}

/** In the environment of whatever the task runs; each prefix is split into words by the shell. */
export function launchVariables(task: ParallelTask, place: LaunchPlace): Record<string, string> {
  const prefixes = {
    mpiexec: prefix(mpiexecWords(task, place), task),
    srun: prefix(srunWords(task, place), task),
    aprun: prefix(aprunWords(task, place), task),
  };
  const counts = {
    NUM_NODES: String(task.nodes),
    NUM_RANKS: String(task.ranks),
    RANKS_PER_NODE: String(task.ranksPerNode),
  };
  const chosen = prefixes[task.launcher ?? place.launcher];
  const nodes = place.nodes.join(",");
  return {
    ...named("FUNCX", { MPI_PREFIX: chosen, NODES: nodes, ...counts }),
    ...named("PARSL", {
      MPI_PREFIX: chosen,
      MPIEXEC_PREFIX: prefixes.mpiexec,
      SRUN_PREFIX: prefixes.srun,
      APRUN_PREFIX: prefixes.aprun,
      MPI_NODELIST: nodes,
      ...counts,
    }),
  };
}

function named(program: string, values: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [`${program}_${name}`, value]);
  return Object.fromEntries(entries);
}

function prefix(words: readonly (string | number)[], { launcherOptions }: ParallelTask): string {
  return [...words, launcherOptions].join(" ").trim();
}

/**
 * The nodes belong to the task alone, so more ranks than Open MPI has slots for are no mistake:
 * what it counts as slots inside a job is how many managers the scheduler was told to start.
 */
function mpiexecWords(
  { ranks, ranksPerNode }: ParallelTask,
  place: LaunchPlace,
): (string | number)[] {
  const nodes = place.nodes.join(",");
  return place.mpiexec === "openmpi"
    ? [
      "mpiexec",
      "-n",
      ranks,
      "--map-by",
      `ppr:${ranksPerNode}:node:OVERSUBSCRIBE`,
      "--host",
      nodes,
    ]
    : ["mpiexec", "-n", ranks, "-ppn", ranksPerNode, "-hosts", nodes];
}

/**
 * A step beside that of the managers, which gets all cores of its nodes, and ends as a whole when
 * one of its ranks fails.
 */
function srunWords(
  { nodes, ranks, ranksPerNode }: ParallelTask,
  place: LaunchPlace,
): (string | number)[] {
  const cores = place.cores === null
    ? []
    : [`--cpus-per-task=${Math.max(1, Math.floor(place.cores / ranksPerNode))}`];
  return [
    "srun",
    `--nodes=${nodes}`,
    `--ntasks=${ranks}`,
    `--ntasks-per-node=${ranksPerNode}`,
    ...cores,
    `--nodelist=${place.nodes.join(",")}`,
    "--overlap",
    "--kill-on-bad-exit=1",
  ];
}

function aprunWords(
  { ranks, ranksPerNode }: ParallelTask,
  { nodes }: LaunchPlace,
): (string | number)[] {
  return ["aprun", "-n", ranks, "-N", ranksPerNode, "-L", nodes.join(",")];
}
