import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { nodeNames } from "./node_names.ts";

function inJob(
  variables: Readonly<Record<string, string>>,
  isOnlyManager = true,
  hostname = "n2.site.org",
): Promise<string[]> {
  return nodeNames((name) => variables[name], hostname, isOnlyManager);
}

function fileWith(text: string): string {
  const path = Deno.makeTempFileSync({ prefix: "funcx-nodes-" });
  Deno.writeTextFileSync(path, text);
  return path;
}

Deno.test("one manager of several stands for its node, by the name that launchers know", async () => {
  const slurm = { SLURM_JOB_NODELIST: "n[1-3]", SLURMD_NODENAME: "n2" };
  assertEquals(await inJob(slurm, false), ["n2"]);
  assertEquals(await inJob({}, false), ["n2.site.org"]);
  assertEquals(await inJob({ LSB_HOSTS: "n1 n1 n2 n2" }, false), ["n2"]);
  assertEquals(await inJob({ LSB_HOSTS: "n1.site.org n2.site.org" }, false, "n2"), ["n2.site.org"]);
});

Deno.test("the only one stands for all nodes of its job, its own first", async () => {
  const nodefile = fileWith("n1\nn1\nn2\nn2\nn3\n");
  const hostfile = fileWith("n1 8 all.q@n1 UNDEFINED\nn2 8 all.q@n2 UNDEFINED\n");
  try {
    assertEquals(await inJob({ PBS_NODEFILE: nodefile }), ["n2", "n1", "n3"]);
    assertEquals(await inJob({ PE_HOSTFILE: hostfile }), ["n2", "n1"]);
    assertEquals(await inJob({ LSB_HOSTS: "n1 n1 n2 n2" }), ["n2", "n1"]);
    assertEquals(await inJob({ LSB_MCPU_HOSTS: "n1 16 n2 16 " }), ["n2", "n1"]);
  } finally {
    Deno.removeSync(nodefile);
    Deno.removeSync(hostfile);
  }
});

Deno.test("where nothing names the nodes, that is said", async () => {
  await assertRejects(() => inJob({}), /no variable of the scheduler names the nodes/);
});
