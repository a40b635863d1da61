/** Every site's profile, as `configure --site` writes it, evaluated in the real sandbox. */
import { assertEquals, assertMatch, assertThrows, assertTrue } from "../../lib/assert.ts";
import { placeholdersIn } from "../placeholders.ts";
import { loadProfile } from "../resolve.ts";
import { environment, ScratchHome } from "../testing/scratch_home.ts";
import { ANSWER, loadSiteProfile } from "../testing/site_profile.ts";
import { parseSetting } from "./settings.ts";
import { SITE_NAMES, siteNamed, SITES } from "./sites.ts";
import { templateOfSite } from "./templates.ts";
import { draftProfile, writeDraft } from "./write_profile.ts";

const env = environment({ PATH: "/nonexistent", HOME: "/home/ada" });

type Facts = readonly [
  queue: string | null,
  account: string | null,
  nodes: number,
  initBlocks: number,
  maxBlocks: number,
  walltime: number,
  launcher: string,
];

/** As sites.ts names them; seconds of walltime. */
const FACTS: Readonly<Record<string, Facts>> = {
  anvil: ["debug", ANSWER, 1, 1, 1, 300, "srun"],
  aurora: ["debug", ANSWER, 1, 0, 1, 1_800, "mpiexec"],
  bebop: [ANSWER, null, 1, 0, 1, 1_800, "srun"],
  "bridges-2": ["RM-small", null, 2, 0, 1, 1_800, "srun"],
  delta: ["cpu", ANSWER, 1, 1, 1, 1_800, "srun"],
  expanse: ["compute", ANSWER, 1, 0, 1, 300, "srun"],
  expanse_mpi: ["compute", ANSWER, 4, 0, 1, 300, "single"],
  faster: ["cpu", null, 1, 0, 1, 600, "srun"],
  frontera: [ANSWER, ANSWER, 2, 0, 1, 1_800, "srun"],
  frontier: ["batch", ANSWER, 1, 0, 1, 3_600, "srun"],
  lumi: ["small", ANSWER, 1, 0, 1, 1_800, "srun"],
  midway: [ANSWER, ANSWER, 2, 0, 1, 1_800, "srun"],
  midway_apptainer: [ANSWER, ANSWER, 2, 0, 1, 1_800, "wrapped"],
  perlmutter: ["debug", ANSWER, 2, 0, 1, 600, "srun"],
  polaris: ["debug-scaling", ANSWER, 1, 0, 2, 3_600, "mpiexec"],
  stampede3: [ANSWER, ANSWER, 1, 0, 1, 1_800, "srun"],
  uchicago_ai_cluster: ["general", null, 1, 0, 1, 1_800, "srun"],
};

for (const [name, expected] of Object.entries(FACTS)) {
  Deno.test(`the profile of ${name} comes to the facts of its site`, async () => {
    const { provider } = (await loadSiteProfile(name)).executor;
    assertTrue(provider.type === "slurm" || provider.type === "pbs");
    const { account, blocks, launcher } = provider;
    const queue = provider.type === "slurm" ? provider.partition : provider.queue;
    const { nodesPerBlock, init, max, walltimeSeconds } = blocks;
    assertEquals(
      [queue, account, nodesPerBlock, init, max, walltimeSeconds, launcher.type],
      [...expected],
    );
  });
}

Deno.test("the profile of ospool goes to HTCondor, with project and image", async () => {
  const { provider } = (await loadSiteProfile("ospool")).executor;
  assertTrue(provider.type === "htcondor");
  assertEquals(provider.schedulerOptions, [
    `+ProjectName = "${ANSWER}"`,
    `+SingularityImage = "${ANSWER}"`,
  ]);
  assertTrue(provider.transferFiles);
});

Deno.test("the profile of kube goes to Kubernetes, with its limits", async () => {
  const { provider } = (await loadSiteProfile("kube")).executor;
  assertTrue(provider.type === "kubernetes");
  assertEquals([provider.namespace, provider.image], [ANSWER, ANSWER]);
  assertEquals([provider.node.cores, provider.coresLimit], [1, 4]);
  assertEquals([provider.node.memoryMebibytes, provider.memoryLimitMebibytes], [1_024, 4_096]);
});

Deno.test("the profile of uchicago_ai_cluster has a worker for each GPU that the job was given", async () => {
  const { workersPerNode, slot } = (await loadSiteProfile("uchicago_ai_cluster")).executor;
  assertEquals([workersPerNode, slot.accelerators], ["auto", "auto"]);
});

Deno.test("the profile of worker_pinning runs on this machine", async () => {
  const { provider, workersPerNode, slot } = (await loadSiteProfile("worker_pinning")).executor;
  assertEquals([provider.type, workersPerNode, slot.accelerators], ["local", 4, 4]);
});

Deno.test("each site is in a test above", () => {
  const tested = [...Object.keys(FACTS), "ospool", "kube", "worker_pinning"];
  assertEquals([...SITE_NAMES].sort(), tested.sort());
});

Deno.test("what is left to the user is refused by key, whatever else there is", async () => {
  for (const { name } of SITES) {
    using scratch = new ScratchHome();
    const draft = draftProfile(scratch.home, name, templateOfSite(name), [
      parseSetting("public=true"),
    ]);
    writeDraft(scratch.home, draft);
    const outcome = await loadProfile({ home: scratch.home, name, env });
    const problems = outcome.kind === "ok" ? [] : outcome.failure.problems;
    const left = placeholdersIn(draft.profile);
    assertEquals(problems.map(({ key }) => key), left.map(({ key }) => key));
    for (const [index, problem] of problems.entries()) {
      assertEquals(problem.found, `the placeholder <${left[index].name}>`);
    }
  }
});

Deno.test("endpoints of one machine are at one site, whatever they are for; others say nothing", async () => {
  const siteOf = async (name: string): Promise<string | null> => (await loadSiteProfile(name)).site;
  assertEquals(await siteOf("expanse"), "Expanse, SDSC");
  assertEquals(await siteOf("expanse_mpi"), "Expanse, SDSC");
  assertEquals(await siteOf("midway_apptainer"), await siteOf("midway"));
  for (const name of ["kube", "worker_pinning"]) assertEquals(await siteOf(name), null);
});

Deno.test("each site names the page that its facts are from", () => {
  for (const { source } of SITES) assertMatch(source, /^https:\/\/\S+$/);
});

Deno.test("a site is found however its name is written", () => {
  assertEquals(siteNamed("Bridges 2").name, "bridges-2");
  assertEquals(siteNamed("expanse-MPI").name, "expanse_mpi");
  assertThrows(() => siteNamed("perlmuter"), /there is no profile for a site "perlmuter"/);
  assertThrows(() => siteNamed("constructor"), /there is no profile/);
});
