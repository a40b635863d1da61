/**
 * Configurations with the facts of the examples that Globus Compute and funcX publish for sites, made
 * into profiles: what they come to is compared key by key.
 */
import { assertEquals, assertMatch, assertThrows, assertTrue } from "../../lib/assert.ts";
import { FuncxError } from "../../contract/errors.ts";
import { siteFacts } from "../site.ts";
import { assertGood, migrate, type Migration } from "./migration.ts";
import { chooseOld } from "./old_folders.ts";

const env = (name: string): string | undefined => ({ HOME: "/home/ann", USER: "ann" })[name];

async function migrated(files: Readonly<Record<string, string>>): Promise<Migration> {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      Deno.writeTextFileSync(`${folder}/${name}`, text);
    }
    const made = migrate(chooseOld([], folder), "site", "~/old", {
      user: "ann",
      home: "/home/ann",
    });
    await assertGood(made, siteFacts("site", env), env);
    return made;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function keys({ notes }: Migration, kind: string): string[] {
  return notes.filter((note) => note.kind === kind).map(({ key }) => key);
}

interface SiteCase {
  readonly name: string;
  readonly engine: string;
  readonly executor: object;
  readonly placeholders?: readonly string[];
}

const BLOCKS =
  "nodes_per_block: 2\n    init_blocks: 0\n    min_blocks: 0\n    max_blocks: 1\n    walltime: 00:30:00";
const BLOCKS_OF_2 = {
  nodesPerBlock: 2,
  initBlocks: 0,
  minBlocks: 0,
  maxBlocks: 1,
  walltime: "00:30:00",
};

/** A site of Slurm as most are: an interface, srun, and what only its user knows. */
function slurmSite(
  name: string,
  ifname: string,
  more: string,
  provider: object,
  placeholders: readonly string[] = [],
): SiteCase {
  return {
    name,
    engine: `
  type: GlobusComputeEngine
  max_workers_per_node: 2
  address: {type: address_by_interface, ifname: ${ifname}}
  provider:
    type: SlurmProvider
    launcher: {type: SrunLauncher}
    scheduler_options: {{ OPTIONS }}
    worker_init: {{ COMMAND }}
    ${more}`,
    executor: {
      workersPerNode: 2,
      address: ifname,
      provider: { type: "slurm", exclusive: true, launcher: { type: "srun" }, ...provider },
    },
    placeholders,
  };
}

const SITES: readonly SiteCase[] = [
  slurmSite(
    "Anvil",
    "ib0",
    "partition: debug\n    account: {{ ACCOUNT }}\n    init_blocks: 1\n    walltime: 00:05:00",
    {
      partition: "debug",
      account: "<ACCOUNT>",
      initBlocks: 1,
      walltime: "00:05:00",
    },
    ["ACCOUNT"],
  ),
  slurmSite("Bridges-2", "ens3f0", `partition: RM-small\n    ${BLOCKS}`, {
    partition: "RM-small",
    ...BLOCKS_OF_2,
  }),
  slurmSite(
    "Delta",
    "eth6.560",
    "partition: cpu\n    account: {{ ACCOUNT_NAME }}\n    init_blocks: 1\n    min_blocks: 0\n    walltime: 00:30:00",
    {
      partition: "cpu",
      account: "<ACCOUNT_NAME>",
      initBlocks: 1,
      minBlocks: 0,
      walltime: "00:30:00",
    },
    ["ACCOUNT_NAME"],
  ),
  slurmSite(
    "FASTER",
    "eno8303",
    "partition: cpu\n    mem_per_node: 128\n    cmd_timeout: 120\n    walltime: 00:10:00",
    {
      partition: "cpu",
      memPerNode: 128,
      cmdTimeout: 120,
      initBlocks: 1,
      walltime: "00:10:00",
    },
  ),
  slurmSite(
    "Midway",
    "bond0",
    `partition: {{ PARTITION }}\n    account: {{ ACCOUNT }}\n    ${BLOCKS}`,
    {
      partition: "<PARTITION>",
      account: "<ACCOUNT>",
      ...BLOCKS_OF_2,
    },
    ["PARTITION", "ACCOUNT"],
  ),
  slurmSite(
    "Stampede3",
    "ibp10s0",
    "account: {{ TACC_ALLOCATION }}\n    partition: skx-dev\n    cmd_timeout: 60\n    walltime: 00:30:00",
    {
      partition: "skx-dev",
      account: "<TACC_ALLOCATION>",
      cmdTimeout: 60,
      initBlocks: 1,
      walltime: "00:30:00",
    },
    ["TACC_ALLOCATION"],
  ),
  {
    name: "Perlmutter",
    engine: `
  type: GlobusComputeEngine
  worker_debug: false
  address: {type: address_by_interface, ifname: hsn0}
  provider:
    type: SlurmProvider
    partition: debug
    launcher: {type: SrunLauncher, overrides: -c 128}
    cmd_timeout: 120
    ${BLOCKS}`,
    executor: {
      workersPerNode: "auto",
      address: "hsn0",
      provider: {
        type: "slurm",
        partition: "debug",
        exclusive: true,
        cmdTimeout: 120,
        launcher: { type: "srun", overrides: "-c 128" },
        ...BLOCKS_OF_2,
      },
    },
  },
  {
    name: "Expanse for MPI",
    engine: `
  type: GlobusMPIEngine
  mpi_launcher: srun
  max_workers_per_block: 2
  address: {type: address_by_interface, ifname: ib0}
  provider:
    type: SlurmProvider
    partition: compute
    launcher: {type: SimpleLauncher}
    exclusive: false
    ${BLOCKS}`,
    executor: {
      mpiLauncher: "srun",
      address: "ib0",
      provider: {
        type: "slurm",
        partition: "compute",
        exclusive: false,
        launcher: { type: "single" },
        ...BLOCKS_OF_2,
      },
    },
  },
  {
    name: "Midway in Apptainer",
    engine: `
  type: GlobusComputeEngine
  max_workers_per_node: 10
  container_type: apptainer
  container_uri: /images/x.sif
  container_cmd_options: -H /home/$USER
  provider:
    type: SlurmProvider
    partition: caslake
    ${BLOCKS}`,
    executor: {
      workersPerNode: 10,
      provider: { type: "slurm", partition: "caslake", exclusive: true, ...BLOCKS_OF_2 },
      container: { type: "apptainer", image: "/images/x.sif", options: ["-H", "/home/ann"] },
    },
  },
  {
    name: "Polaris",
    engine: `
  type: GlobusComputeEngine
  max_workers_per_node: 4
  available_accelerators: 4
  cpu_affinity: list:24-31,56-63:16-23
  provider:
    type: PBSProProvider
    launcher: {type: MpiExecLauncher, bind_cmd: --cpu-bind, overrides: --depth=64 --ppn 1}
    account: {{ POLARIS_ACCOUNT }}
    queue: debug-scaling
    cpus_per_node: 32
    select_options: ngpus=4
    scheduler_options: "#PBS -l filesystems=home:grand:eagle"
    walltime: 1:00:00
    max_blocks: 2`,
    executor: {
      workersPerNode: 4,
      availableAccelerators: 4,
      cpuAffinity: ["24-31,56-63", "16-23"],
      provider: {
        type: "pbs",
        queue: "debug-scaling",
        account: "<POLARIS_ACCOUNT>",
        coresPerNode: 32,
        selectOptions: "ngpus=4",
        schedulerOptions: "#PBS -l filesystems=home:grand:eagle",
        walltime: "01:00:00",
        initBlocks: 1,
        maxBlocks: 2,
        launcher: { type: "mpiexec", overrides: "--cpu-bind none --depth=64" },
      },
    },
    placeholders: ["POLARIS_ACCOUNT"],
  },
  {
    name: "Hazel",
    engine: `
  type: GlobusComputeEngine
  address: {type: address_by_interface, ifname: ens5f0}
  provider:
    type: LSFProvider
    launcher: {type: SingleNodeLauncher}
    queue: standard
    cores_per_node: 12
    cmd_timeout: 60
    worker_init: |
      module load conda
      conda activate env
    scheduler_options: "# BSUB -R span[hosts=1]"`,
    executor: {
      workersPerNode: "auto",
      address: "ens5f0",
      provider: {
        type: "lsf",
        queue: "standard",
        coresPerNode: 12,
        cmdTimeout: 60,
        initBlocks: 1,
        walltime: "00:10:00",
        launcher: { type: "single" },
      },
      workerInit: "module load conda\nconda activate env",
    },
  },
  {
    name: "OSPool",
    engine: `
  type: GlobusComputeEngine
  max_workers_per_node: 1
  worker_logdir_root: /tmp/logs
  working_dir: /tmp/tasks_dir
  encrypted: False
  provider:
    type: CondorProvider
    scheduler_options: >
      +ProjectName = "{{ PROJECT_NAME }}"

      # The image.

      Requirements = HAS_SINGULARITY == True && OSG_HOST_KERNEL_VERSION >= 31000`,
    executor: {
      workersPerNode: 1,
      provider: {
        type: "htcondor",
        initBlocks: 1,
        walltime: "00:10:00",
        requirements: "HAS_SINGULARITY == True && OSG_HOST_KERNEL_VERSION >= 31000",
        schedulerOptions: '+ProjectName = "<PROJECT_NAME>"',
      },
      workingFolder: "/tmp/tasks_dir",
    },
    placeholders: ["PROJECT_NAME"],
  },
  {
    name: "Kubernetes",
    engine: `
  type: GlobusComputeEngine
  label: kube
  max_workers_per_node: 1
  address: {type: address_by_route}
  provider:
    type: KubernetesProvider
    init_blocks: 0
    min_blocks: 0
    max_blocks: 2
    init_cpu: 1
    max_cpu: 4
    init_mem: 1024Mi
    max_mem: 4096Mi
    namespace: {{ NAMESPACE }}
    image: {{ IMAGE }}
    secret: {{ SECRET }}
    persistent_volumes: [[claim, /data]]`,
    executor: {
      workersPerNode: 1,
      provider: {
        type: "kubernetes",
        image: "<IMAGE>",
        namespace: "<NAMESPACE>",
        coresPerNode: 1,
        coresLimit: 4,
        memPerNode: "1G",
        memLimit: "4G",
        initBlocks: 0,
        minBlocks: 0,
        maxBlocks: 2,
        volumes: { claim: "/data" },
      },
    },
    placeholders: ["IMAGE", "NAMESPACE"],
  },
  {
    name: "the UChicago AI Cluster",
    engine: `
  type: GlobusComputeEngine
  provider:
    type: SlurmProvider
    partition: general
    launcher:
      type: SrunLauncher
      overrides: >
        hostname; srun --ntasks=4
        --gpu-bind=map_gpu:1,2 \\
    walltime: 00:30:00`,
    executor: {
      workersPerNode: "auto",
      provider: {
        type: "slurm",
        partition: "general",
        exclusive: true,
        initBlocks: 1,
        walltime: "00:30:00",
        launcher: { type: "wrapped", command: "srun --ntasks=4 --gpu-bind=map_gpu:1,2" },
      },
    },
  },
  {
    name: "a machine with 4 GPUs",
    engine: `
  max_workers_per_node: 4
  available_accelerators: ["opencl:gpu:1", "opencl:gpu:2"]
  provider: {type: LocalProvider, init_blocks: 1, min_blocks: 0, max_blocks: 1}`,
    executor: {
      workersPerNode: 4,
      availableAccelerators: ["opencl:gpu:1", "opencl:gpu:2"],
      provider: { type: "local" },
    },
  },
  {
    name: "Cooley",
    engine: `
  max_workers_per_node: 2
  provider:
    type: CobaltProvider
    queue: default
    account: {{ ALLOCATION }}
    launcher: {type: AprunLauncher, overrides: -d 64}
    ${BLOCKS}`,
    executor: {
      workersPerNode: 2,
      provider: {
        type: "exec",
        submit: ["<SUBMIT_COMMAND>", "{script}"],
        status: ["<STATUS_COMMAND>", "{jobs}"],
        cancel: ["<CANCEL_COMMAND>", "{jobs}"],
        schedulerOptions: "#COBALT -q default\n#COBALT -A <ALLOCATION>",
        launcher: { type: "aprun", overrides: "-d 64" },
        ...BLOCKS_OF_2,
      },
    },
    placeholders: ["SUBMIT_COMMAND", "STATUS_COMMAND", "CANCEL_COMMAND", "ALLOCATION"],
  },
  {
    name: "Grid Engine",
    engine: `
  provider:
    type: GridEngineProvider
    queue: all.q
    scheduler_options: "#$ -pe smp 8"`,
    executor: {
      workersPerNode: "auto",
      provider: {
        type: "sge",
        queue: "all.q",
        parallelEnvironment: "smp",
        coresPerNode: 8,
        initBlocks: 1,
        walltime: "00:10:00",
      },
    },
  },
];

for (const { name, engine, executor, placeholders = [] } of SITES) {
  Deno.test(`the configuration of ${name} becomes a profile`, async () => {
    const made = await migrated({ "config.yaml": `display_name: X\nengine:${engine}\n` });
    assertEquals(made.profile as unknown, { displayName: "X", executor });
    assertEquals(made.placeholders.map(({ name }) => name), [...placeholders]);
  });
}

Deno.test("a configuration in Python is read without running it", async () => {
  const made = await migrated({
    "config.py": `
import os
from parsl.providers import SlurmProvider
open("ran", "w")
NODES = 2
user_opts = {'midway': {'worker_init': 'source ~/x.sh', 'scheduler_options': ''}}
config = Config(
    executors=[
        HighThroughputExecutor(
            max_workers_per_node=int(NODES * 5),
            address=address_by_interface('bond0'),
            scheduler_mode='soft',
            container_type='singularity',
            strategy=SimpleStrategy(max_idletime=300),
            provider=SlurmProvider(
                'broadwl',
                account=os.environ["ACCOUNT"],
                launcher=SrunLauncher(overrides=f"-c {NODES}" " -v"),
                worker_init=user_opts['midway']['worker_init'],
                scheduler_options=user_opts['midway']['scheduler_options'],
                nodes_per_block=NODES,
                walltime='00:30:00',
            ),
        ),
        ThreadPoolExecutor(),
    ],
    heartbeat_period=15,
)
`,
  });
  assertEquals(made.profile.executor as unknown, {
    workersPerNode: 10,
    address: "bond0",
    provider: {
      type: "slurm",
      partition: "broadwl",
      exclusive: true,
      nodesPerBlock: 2,
      initBlocks: 1,
      walltime: "00:30:00",
      maxIdleTime: 300,
      launcher: { type: "srun", overrides: "-c 2 -v" },
    },
    container: { type: "singularity" },
    workerInit: "source ~/x.sh",
  });
  const [account] = made.notes.filter(({ kind }) => kind === "not-read");
  assertEquals(account.key, "executors[0].provider.account");
  assertEquals(account.place, { file: "config.py", line: 17 });
  assertMatch(account.instead, /a variable of the environment/);
  assertMatch(made.text, /\/\/ executors\[0\]\.provider\.account = os\.environ/);
  assertEquals(keys(made, "no-equivalent"), ["executors[1]"]);
});

Deno.test("a template is rendered with its defaults, and its variables are listed", async () => {
  const made = await migrated({
    "config.yaml": "multi_user: true\npublic: true\n",
    "user_config_template.yaml.j2": `{# of a site #}
{%- set partition = "cpu" %}
engine:
  type: GlobusComputeEngine
  provider:
    type: SlurmProvider
    partition: {{ partition }}
    {% if ACCOUNT is defined %}
    account: {{ ACCOUNT }}
    {% else %}
    account: abc
    {% endif %}
    walltime: {{ WALLTIME|default("00:20:00") }}
    max_blocks: {{ BLOCKS | default(3) }}
    {% for x in y %}
    nonsense: {{ x }}
    {% endfor %}
`,
    "user_environment.yaml": "FOO: bar\nN: 3\n",
  });
  assertEquals(made.profile as unknown, {
    executor: {
      workersPerNode: "auto",
      provider: {
        type: "slurm",
        partition: "cpu",
        account: "abc",
        exclusive: true,
        initBlocks: 1,
        maxBlocks: 3,
        walltime: "00:20:00",
      },
      environment: { FOO: "bar", N: "3" },
    },
  });
  const [walltime] = made.variables.filter(({ name }) => name === "WALLTIME");
  assertEquals(walltime, {
    name: "WALLTIME",
    file: "user_config_template.yaml.j2",
    line: 13,
    default: "00:20:00",
    targets: ["executor.provider.walltime"],
  });
  assertEquals(keys(made, "no-equivalent"), ["multi_user", "public"]);
  assertEquals(made.notes.find(({ key }) => key === "template")?.place?.line, 15);
});

Deno.test("what fits nothing is left out and told, whatever it is", async () => {
  const made = await migrated({
    "config.yaml": `
engine:
  max_workers_per_node: many
  cores_per_worker: [1]
  prefetch_capacity: -1
  whatever: 1
  provider: {type: SlurmProvider, partition: "a b", walltime: soon, launcher: SrunLauncher}
`,
  });
  assertEquals(made.profile as unknown, {
    executor: { provider: { type: "slurm", exclusive: true, initBlocks: 1 } },
  });
  assertEquals(keys(made, "no-equivalent"), ["engine.whatever"]);
  assertEquals(keys(made, "not-read").sort(), [
    "engine.cores_per_worker",
    "engine.max_workers_per_node",
    "engine.prefetch_capacity",
    "engine.provider.launcher",
    "engine.provider.partition",
    "engine.provider.walltime",
  ]);
});

async function refusal(file: string, text: string): Promise<FuncxError> {
  try {
    await migrated({ [file]: text });
  } catch (thrown) {
    assertTrue(thrown instanceof FuncxError);
    return thrown as FuncxError;
  }
  throw new Error("it was taken");
}

Deno.test("bad input is refused with its line", async () => {
  const cases: [string, string, RegExp][] = [
    ["config.yaml", "engine:\n  type: [\n", /config\.yaml:\d: /],
    ["config.yaml", "- 1\n", /config\.yaml:1: expected keys/],
    ["config.yaml", "[".repeat(20_000), /config\.yaml:\d+: /],
    ["config.yaml", `a: ${"[".repeat(100)}${"]".repeat(100)}`, /nested too deeply/],
    ["config.yaml", bomb(), /more values than can be read/],
    ["config.yaml", `a: ${"x".repeat(1_000_001)}`, /more than the 1000000/],
    ["config.py", "config = Config(\n  executors=[\n", /config\.py:\d: this is no Python/],
    ["config.py", "x = 1\n", /constructs no Config/],
  ];
  for (const [file, text, message] of cases) {
    const { code, message: found } = await refusal(file, text);
    assertEquals(code, "INPUT_INVALID");
    assertMatch(found, message);
  }
});

/** Nine lists of nine of the list before. */
function bomb(): string {
  const lines = Array.from(
    { length: 9 },
    (_, index) =>
      `l${index}: &l${index} [${Array(9).fill(index === 0 ? "x" : `*l${index - 1}`).join(", ")}]`,
  );
  return lines.join("\n");
}

Deno.test("a missing file and a loop of links are the system's own errors", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.symlinkSync("b", `${folder}/a`);
    Deno.symlinkSync("a", `${folder}/b`);
    assertThrows(() => chooseOld([], `${folder}/a`), /symbolic links|loop/);
    assertThrows(() => chooseOld([], `${folder}/c`), /No such file/);
    assertThrows(() => chooseOld([folder], "a"), /there is no old endpoint/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
