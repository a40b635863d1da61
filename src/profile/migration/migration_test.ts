/** What is read of old configurations, what is told of the rest, and what is refused. */
import { assertEquals, assertMatch, assertThrows, assertTrue } from "../../lib/assert.ts";
import { FuncxError } from "../../contract/errors.ts";
import { keysOf, migrated } from "../testing/migrated.ts";
import { chooseOld } from "./old_folders.ts";

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
  assertEquals(keysOf(made, "no-equivalent"), ["executors[1]"]);
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
  assertEquals(keysOf(made, "no-equivalent"), ["multi_user", "public"]);
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
  assertEquals(keysOf(made, "no-equivalent"), ["engine.whatever"]);
  assertEquals(keysOf(made, "not-read").sort(), [
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

Deno.test("a missing file and a loop of links are told by their paths", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.symlinkSync("b", `${folder}/a`);
    Deno.symlinkSync("a", `${folder}/b`);
    assertThrows(
      () => chooseOld([], `${folder}/a`),
      /\/a cannot be read: its way there leads nowhere/,
    );
    assertThrows(() => chooseOld([], `${folder}/c`), /\/c cannot be read: it is not there/);
    assertThrows(() => chooseOld([folder], "a"), /there is no old endpoint/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
