import { assertEquals } from "../../lib/assert.ts";
import { type LaunchPlace, launchVariables } from "./launch_words.ts";
import type { ParallelTask } from "./specification.ts";

const TASK: ParallelTask = {
  nodes: 2,
  ranksPerNode: 4,
  ranks: 8,
  launcher: null,
  launcherOptions: "",
};
const PLACE: LaunchPlace = {
  nodes: ["n1", "n2"],
  launcher: "mpiexec",
  mpiexec: "mpich",
  cores: null,
};

Deno.test("a function finds its counts, its nodes and the launcher's words, as with Parsl", () => {
  const counts = { NUM_NODES: "2", NUM_RANKS: "8", RANKS_PER_NODE: "4" };
  const mpiexec = "mpiexec -n 8 -ppn 4 -hosts n1,n2";
  const srun = "srun --nodes=2 --ntasks=8 --ntasks-per-node=4 --nodelist=n1,n2 --overlap " +
    "--kill-on-bad-exit=1";
  const expected: Record<string, string> = {
    FUNCX_MPI_PREFIX: mpiexec,
    FUNCX_NODES: "n1,n2",
    PARSL_MPI_PREFIX: mpiexec,
    PARSL_MPIEXEC_PREFIX: mpiexec,
    PARSL_SRUN_PREFIX: srun,
    PARSL_APRUN_PREFIX: "aprun -n 8 -N 4 -L n1,n2",
    PARSL_MPI_NODELIST: "n1,n2",
  };
  for (const [name, value] of Object.entries(counts)) {
    expected[`FUNCX_${name}`] = value;
    expected[`PARSL_${name}`] = value;
  }
  assertEquals(launchVariables(TASK, PLACE), expected);
});

Deno.test("the task's launcher counts more than that of its place", () => {
  const { FUNCX_MPI_PREFIX, PARSL_SRUN_PREFIX } = launchVariables(
    { ...TASK, launcher: "srun", launcherOptions: "--mpi=pmix" },
    PLACE,
  );
  assertEquals(FUNCX_MPI_PREFIX, PARSL_SRUN_PREFIX);
  assertEquals(FUNCX_MPI_PREFIX!.endsWith(" --mpi=pmix"), true);
});

Deno.test("Open MPI is told in its own way", () => {
  const { FUNCX_MPI_PREFIX } = launchVariables(TASK, { ...PLACE, mpiexec: "openmpi" });
  assertEquals(
    FUNCX_MPI_PREFIX,
    "mpiexec -n 8 --map-by ppr:4:node:OVERSUBSCRIBE --host n1,n2",
  );
});

Deno.test("srun shares the cores of a node among its ranks, and each has one at least", () => {
  const words = (cores: number): string[] =>
    launchVariables(TASK, { ...PLACE, cores }).PARSL_SRUN_PREFIX!.split(" ");
  assertEquals(words(10).filter((word) => word.includes("cpus")), ["--cpus-per-task=2"]);
  assertEquals(words(1).filter((word) => word.includes("cpus")), ["--cpus-per-task=1"]);
});
