/**
 * `deno task test:slurm`: an MPIFunction of the official SDK over two nodes of a real Slurm; see
 * `mpi_test.ts`.
 */
import { capture } from "../../../scripts/build/command.ts";
import { assertEquals } from "../../../src/lib/assert.ts";
import { join } from "../../../src/lib/path.ts";
import { globusSdk, GlobusStage, NEWEST_SDK } from "../../helpers/globus_sdk.ts";
import { SlurmCluster, slurmObstacle } from "../../helpers/slurm_cluster.ts";
import { TestEnv } from "../../helpers/test_env.ts";

const NO_SLURM = await slurmObstacle(true);
if (NO_SLURM !== undefined) console.log(`There can be no Slurm with MPI here: ${NO_SLURM}`);
const { environment } = await globusSdk(NEWEST_SDK);

/** With Slurm's programs, which other tests do without. */
const PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Says its rank and where it is. */
const PROGRAM = `#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
  int rank;
  MPI_Init(&count, &words);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  printf("%d %s\\n", rank, getenv("SLURMD_NODENAME"));
  MPI_Finalize();
}
`;

/** The service is at another address than the SDK's own, as the README has it. */
const RANKS_PY = `
import os
import globus_compute_sdk.sdk.client as sdk
sdk.get_web_service_url = lambda environment=None: os.environ["SERVICE"]
from globus_compute_sdk import Client, Executor, MPIFunction
from local import ENDPOINT, authorizer, show

with Executor(ENDPOINT, client=Client(authorizer=authorizer())) as ours:
    ours.resource_specification = {"num_nodes": 2, "ranks_per_node": 2}
    ran = ours.submit(MPIFunction(os.environ["PROGRAM"])).result(300)
show(dict(code=ran.returncode, printed=sorted(ran.stdout.split("\\n")[:4]), failed=ran.stderr))
`;

const SETTINGS = [
  // Without one the SDK warns of it.
  "executor.sandbox=true",
  "executor.mpiLauncher=mpiexec",
  "executor.environment.OMPI_ALLOW_RUN_AS_ROOT=1",
  "executor.environment.OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
  // Ranks on two names of one machine would take each other for neighbours in memory.
  "executor.environment.OMPI_MCA_btl=self,tcp",
  "executor.provider.type=slurm",
  "executor.provider.partition=debug",
  "executor.provider.walltime=00:05:00",
  "executor.provider.nodesPerBlock=2",
  "executor.provider.coresPerNode=2",
  "executor.provider.maxBlocks=1",
];

Deno.test({
  name: "an MPIFunction of the official SDK runs its ranks on two nodes",
  ignore: NO_SLURM !== undefined || environment.kind === "obstacle",
  fn: async () => {
    if (environment.kind === "obstacle") return;
    await using cluster = await SlurmCluster.start(2);
    const program = join(cluster.folder, "ranks");
    Deno.writeTextFileSync(`${program}.c`, PROGRAM);
    await capture("mpicc", ["-o", program, `${program}.c`]);
    await using env = new TestEnv({ env: { PATH, ...cluster.env } });
    const stage = await GlobusStage.begin(env, { enter: [] }, environment);
    await stage.startEndpoint("default", SETTINGS);
    const { url } = await env.json<{ url: string }>(["service", "status"]);
    const shown = await stage.value(RANKS_PY, { SERVICE: url, PROGRAM: program });
    assertEquals(shown, {
      code: 0,
      printed: ["0 node1", "1 node1", "2 node2", "3 node2"],
      failed: "",
    });
    await env.ok(["stop"]);
    await env.ok(["service", "stop"]);
    await env.noProcessIsLeft();
  },
});
