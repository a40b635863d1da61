/**
 * `deno task test:slurm`: tasks of several nodes in a block of a real Slurm, with Open MPI from
 * Debian. The nodes are this one machine under several names, which has two consequences: mpiexec
 * reaches them through Slurm, as it does in any job, and a program of MPI cannot be started by srun
 * itself, since the PMIx servers of two nodes would be in each other's way.
 */
import { capture } from "../../../scripts/build/command.ts";
import { makeProvider } from "../../../src/endpoint/providers/providers.ts";
import { managerCommand } from "../../../src/endpoint/providers/manager_command.ts";
import { PoolStage, python, shell } from "../../../src/endpoint/managers/testing/pool_stage.ts";
import { errorOf, stdoutOf, valueOf } from "../../../src/endpoint/executor/testing/harness.ts";
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { dirname, join } from "../../../src/lib/path.ts";
import { resolveProvider } from "../../../src/profile/provider_defaults.ts";
import { SlurmCluster, slurmObstacle } from "../../helpers/slurm_cluster.ts";
import { until } from "../../helpers/until.ts";

const NODES = 4;
const OBSTACLE = await slurmObstacle(true);
if (OBSTACLE !== undefined) console.log(`There can be no Slurm with MPI here: ${OBSTACLE}`);

/** Says its rank and where it is, and with an argument stays until it is ended. */
const PROGRAM = `#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **words) {
  int rank, size;
  MPI_Init(&count, &words);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  printf("rank %d of %d on %s\\n", rank, size, getenv("SLURMD_NODENAME"));
  fflush(stdout);
  if (count > 1) sleep(1000);
  MPI_Finalize();
}
`;

let cluster: SlurmCluster | undefined;
/** Absolute. */
let program = "";

Deno.test.beforeAll(async () => {
  if (OBSTACLE !== undefined) return;
  cluster = await SlurmCluster.start(NODES);
  program = join(cluster.folder, "ranks");
  Deno.writeTextFileSync(`${program}.c`, PROGRAM);
  await capture("mpicc", ["-o", program, `${program}.c`]);
});
Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

function mpiTest(name: string, body: () => Promise<void>): void {
  Deno.test({ name, ignore: OBSTACLE !== undefined, fn: body });
}

const ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  // Ranks on two names of one machine would take each other for neighbours in memory.
  OMPI_MCA_btl: "self,tcp",
};

/** A pool with one block, whose managers are there. */
class Block implements AsyncDisposable {
  private constructor(readonly stage: PoolStage, readonly cancel: () => Promise<void>) {}

  static async start(launcher: "srun" | "single"): Promise<Block> {
    const settings = resolveProvider({
      type: "slurm",
      nodesPerBlock: NODES,
      coresPerNode: 2,
      walltime: "00:10:00",
      launcher: { type: launcher },
    });
    assertTrue(settings.type === "slurm");
    const stage = await PoolStage.start({
      executor: { provider: settings, environment: ENVIRONMENT },
    });
    const connection = stage.block("block-1", 2);
    const provider = makeProvider(settings, cluster!.env);
    const submitted = await provider.submit({
      blockId: "block-1",
      name: "funcx-mpi",
      folder: dirname(connection),
      nodes: NODES,
      manager: managerCommand(connection, settings.blocks.walltimeSeconds),
      files: [],
    });
    assertTrue(submitted.kind === "ok", JSON.stringify(submitted));
    const jobId = submitted.value;
    const block = new Block(stage, async () => {
      await provider.cancel([jobId]);
      await until("the job to be over", async () => {
        const states = await provider.status([jobId]);
        return states.kind === "ok" && states.value.get(jobId)?.kind === "ended";
      }, 60_000);
    });
    const managers = launcher === "single" ? 1 : NODES;
    await stage.until(() => stage.pool.load().managers === managers);
    return block;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
    await this.stage[Symbol.asyncDispose]();
  }
}

function spec(num_nodes: number, ranks_per_node: number, launcher: string): {
  resource_specification: Record<string, unknown>;
} {
  return { resource_specification: { num_nodes, ranks_per_node, launcher } };
}

/** Of lines such as `rank 3 of 4 on node2`, the rank and the node, in order. */
function ranksOf(text: string): { readonly ranks: number[]; readonly nodes: string[] } {
  const lines = [...text.matchAll(/^rank (\d+) of \d+ on (\w+)$/gm)];
  return {
    ranks: lines.map(([, rank]) => Number(rank)).sort(),
    nodes: [...new Set(lines.map(([, , node]) => node!))].sort(),
  };
}

async function steps(): Promise<string[]> {
  const printed = await new Deno.Command("squeue", {
    args: ["--steps", "--noheader", "--format=%j"],
    env: cluster!.env,
  }).output();
  return new TextDecoder().decode(printed.stdout).split("\n").filter((name) => name !== "");
}

/** Processes that run the program. */
function ranksAlive(): number {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => {
    try {
      return Deno.readTextFileSync(`/proc/${name}/cmdline`).startsWith(`${program}\0`);
    } catch {
      return false;
    }
  }).length;
}

mpiTest("a task of two nodes prints its ranks, by mpiexec and by srun", async () => {
  await using block = await Block.start("srun");
  const { stage } = block;
  const [mpi] = stage.run({
    code: shell(`$FUNCX_MPI_PREFIX ${program}`),
    options: spec(2, 2, "mpiexec"),
  });
  const found = ranksOf(stdoutOf(await stage.end(mpi!)));
  assertEquals(found.ranks, [0, 1, 2, 3]);
  assertEquals(found.nodes.length, 2);

  const [step] = stage.run({
    code: shell(
      "$PARSL_MPI_PREFIX sh -c 'echo rank $SLURM_PROCID of $SLURM_NTASKS on $SLURMD_NODENAME'; " +
        "echo $FUNCX_NODES",
    ),
    // What the profile says nothing of is srun inside Slurm.
    options: { resource_specification: { num_nodes: 2, ranks_per_node: 2 } },
  });
  const text = stdoutOf(await stage.end(step!));
  assertEquals(ranksOf(text).ranks, [0, 1, 2, 3]);
  assertEquals(ranksOf(text).nodes, text.trim().split("\n").at(-1)!.split(",").sort());
});

mpiTest("a Python function starts its ranks as the SDK's MPIFunction does", async () => {
  await using block = await Block.start("srun");
  const { stage } = block;
  const source = `import subprocess
def f(command):
    return subprocess.run(
        "$PARSL_MPI_PREFIX " + command, shell=True, executable="/bin/bash", stdout=subprocess.PIPE
    ).stdout.decode()
`;
  const [task] = stage.run({
    code: python(source),
    args: [program],
    options: spec(2, 1, "mpiexec"),
  });
  const found = ranksOf(valueOf(await stage.end(task!)) as string);
  assertEquals(found.ranks, [0, 1]);
  assertEquals(found.nodes.length, 2);
});

for (const launcher of ["srun", "single"] as const) {
  mpiTest(`two tasks of two nodes share a block, whose launcher is ${launcher}`, async () => {
    await using block = await Block.start(launcher);
    const { stage } = block;
    const code = shell(`$FUNCX_MPI_PREFIX ${program} stay; :`);
    const options = spec(2, 1, "mpiexec");
    const tasks = stage.run({ code, options }, { code, options });
    for (const taskId of tasks) stage.pool.follow(taskId, true);
    const printed = (taskId: string): string =>
      stage.output.filter((chunk) => chunk.taskId === taskId)
        .map(({ data }) => new TextDecoder().decode(data)).join("");
    await stage.until(() => tasks.every((each) => ranksOf(printed(each)).ranks.length === 2));
    const nodes = tasks.flatMap((each) => ranksOf(printed(each)).nodes);
    assertEquals(nodes.sort(), ["node1", "node2", "node3", "node4"]);
    assertEquals(ranksAlive(), 4);
    // Both are over, by a cancel, and nothing of them is left on any node.
    stage.pool.cancel(tasks);
    for (const ended of await stage.ends(tasks)) assertEquals(ended.outcome.kind, "cancelled");
    await until("all ranks to be gone", () => ranksAlive() === 0);
    await until("their steps to be over", async () => !(await steps()).includes("orted"));
    const [small] = stage.run({ code: shell("echo here") });
    assertEquals(stdoutOf(await stage.end(small!)), "here\n");
  });
}

mpiTest("a step that heeds no signal ends with its task's walltime", async () => {
  await using block = await Block.start("srun");
  const { stage } = block;
  const [task] = stage.run({
    code: shell(`$FUNCX_MPI_PREFIX sh -c 'trap "" TERM; while :; do sleep 77; done'`),
    options: { ...spec(2, 1, "srun"), walltime_seconds: 3 },
  });
  assertMatch(errorOf(await stage.end(task!)).message, /its walltime/);
  await until("the step to be over", async () => !(await steps()).includes("sh"));
});
