/** What the profiles of sites submit: each is evaluated in the sandbox and rendered. */
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { SITE_NAMES } from "../../profile/templates/sites.ts";
import { loadSiteProfile } from "../../profile/testing/site_profile.ts";
import { blockRequest } from "./block_request.ts";
import { managerCommand } from "./manager_command.ts";
import { makeProvider } from "./providers.ts";
import { shellWords } from "./submit_script.ts";

const FOLDER = "/scratch/ada/blocks/BLOCK";
/** Stands for the manager's command line in what is expected. */
const MANAGER = "<manager>";

async function script(name: string): Promise<string> {
  const { provider } = (await loadSiteProfile(name)).executor;
  assertTrue(provider.type !== "local");
  const place = { stateDir: "/scratch/ada", blockId: "BLOCK" };
  const request = blockRequest({ name, ...place, provider });
  const manager = managerCommand(`${FOLDER}/connection.json`, provider.blocks.walltimeSeconds);
  return makeProvider(provider).script(request).replaceAll(shellWords(manager), MANAGER);
}

const SRUN = (nodes: number, options = ""): string =>
  `exec srun --nodes=${nodes} --ntasks=${nodes} --ntasks-per-node=1 --no-kill --wait=0 ` +
  `--kill-on-bad-exit=0 --overlap --cpu-bind=none${options} ${MANAGER}`;

/** Lines that have to be in each script; a user answers 4 to whatever is asked. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  anvil: [
    "#SBATCH --nodes=1",
    "#SBATCH --time=00:05:00",
    "#SBATCH --partition=debug",
    "#SBATCH --account=4",
    "#SBATCH --exclusive",
    SRUN(1),
  ],
  aurora: [
    "#PBS -l select=1:ncpus=208",
    "#PBS -l walltime=00:30:00",
    "#PBS -q debug",
    "#PBS -A 4",
    "#PBS -l filesystems=home:flare",
    `exec mpiexec -n 1 $one_per_node --cpu-bind none ${MANAGER}`,
  ],
  bebop: ["#SBATCH --partition=4", "#SBATCH --time=00:30:00", SRUN(1)],
  "bridges-2": ["#SBATCH --nodes=2", "#SBATCH --partition=RM-small", SRUN(2)],
  delta: ["#SBATCH --partition=cpu", "#SBATCH --account=4", "#SBATCH --time=00:30:00", SRUN(1)],
  expanse: ["#SBATCH --partition=compute", "#SBATCH --account=4", SRUN(1)],
  expanse_mpi: ["#SBATCH --nodes=4", "#SBATCH --partition=compute", `exec ${MANAGER}`],
  faster: ["#SBATCH --partition=cpu", "#SBATCH --mem=131072M", "#SBATCH --time=00:10:00", SRUN(1)],
  frontera: ["#SBATCH --nodes=2", "#SBATCH --partition=4", "#SBATCH --account=4", SRUN(2)],
  frontier: [
    "#SBATCH --time=01:00:00",
    "#SBATCH --partition=batch",
    "#SBATCH --account=4",
    "#SBATCH --gpus-per-node=8",
    SRUN(1, " -c 56"),
  ],
  lumi: [
    "#SBATCH --partition=small",
    "#SBATCH --account=4",
    "#SBATCH --cpus-per-task=128",
    "#SBATCH --mem=229376M",
    SRUN(1, " --cpus-per-task=128"),
  ],
  midway: ["#SBATCH --nodes=2", "#SBATCH --partition=4", "#SBATCH --account=4", SRUN(2)],
  midway_apptainer: [
    "#SBATCH --nodes=2",
    `exec srun --overlap --cpu-bind=none apptainer exec 4 ${MANAGER}`,
  ],
  ospool: [
    "requirements = HAS_SINGULARITY == True && OSG_HOST_KERNEL_VERSION >= 31000",
    '+ProjectName = "4"',
    '+SingularityImage = "4"',
    "should_transfer_files = YES",
    `transfer_input_files = ${FOLDER}/connection.json`,
    "queue 1",
  ],
  perlmutter: [
    "#SBATCH --nodes=2",
    "#SBATCH --time=00:10:00",
    "#SBATCH --partition=debug",
    "#SBATCH --account=4",
    "#SBATCH --constraint=cpu",
    SRUN(2, " -c 128"),
  ],
  polaris: [
    "#PBS -l select=1:ncpus=32:ngpus=4",
    "#PBS -l walltime=01:00:00",
    "#PBS -q debug-scaling",
    "#PBS -A 4",
    "#PBS -l filesystems=home:grand:eagle",
    `exec mpiexec -n 1 $one_per_node --cpu-bind none --depth=64 ${MANAGER}`,
  ],
  stampede3: ["#SBATCH --nodes=1", "#SBATCH --partition=4", "#SBATCH --account=4", SRUN(1)],
  uchicago_ai_cluster: [
    "#SBATCH --partition=general",
    "#SBATCH --gres=gpu:rtx2080ti:4",
    SRUN(1),
  ],
};

for (const [name, lines] of Object.entries(LINES)) {
  Deno.test(`the profile of ${name} submits what its site wants`, async () => {
    const text = await script(name);
    const written = text.split("\n");
    for (const line of lines) {
      assertTrue(written.includes(line), `${name} has no line ${line}:\n${text}`);
    }
    assertTrue(!/<[A-Z]/.test(text), `something is left to be filled in:\n${text}`);
  });
}

Deno.test("the profile of kube makes a job of one pod with requests and limits", async () => {
  const { kind, spec } = JSON.parse(await script("kube"));
  assertEquals([kind, spec.completions], ["Job", 1]);
  const [{ image, resources }] = spec.template.spec.containers;
  assertEquals(image, "4");
  assertMatch(String(resources.requests.cpu), /^1$/);
  assertMatch(String(resources.limits.cpu), /^4$/);
  assertEquals([resources.requests.memory, resources.limits.memory], ["1024Mi", "4096Mi"]);
});

Deno.test("each site that submits anything is in a test above", () => {
  const tested = [...Object.keys(LINES), "kube", "worker_pinning"];
  assertEquals([...SITE_NAMES].sort(), tested.sort());
});
