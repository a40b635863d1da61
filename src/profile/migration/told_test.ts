/** What a profile cannot take as it was is told with its old key, its line and its value. */
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { keysOf, migrated } from "../testing/migrated.ts";
import type { Migration } from "./migration.ts";

/** The one note of a key. */
function told(
  { notes }: Migration,
  key: string,
): { kind: string; found: string; line: number | undefined; instead: string } {
  const [note, another] = notes.filter((each) => each.key === key);
  assertEquals([note?.key, another], [key, undefined]);
  return { kind: note.kind, found: note.found, line: note.place?.line, instead: note.instead };
}

const yaml = (text: string): Promise<Migration> => migrated({ "config.yaml": text });

Deno.test("first blocks over the maximum are lowered to it, and told", async () => {
  const made = await yaml(
    "engine:\n  provider:\n    type: PBSProProvider\n    init_blocks: 5\n    max_blocks: 2\n",
  );
  assertEquals(made.profile.executor?.provider as unknown, {
    type: "pbs",
    initBlocks: 2,
    maxBlocks: 2,
    walltime: "00:20:00",
  });
  const { kind, found, line, instead } = told(made, "engine.provider.init_blocks");
  assertEquals([kind, found, line], ["changed", "5", 4]);
  assertMatch(instead, /they are 2 here/);

  const usual = await yaml("engine: {provider: {type: KubernetesProvider, max_blocks: 2}}\n");
  const assumed = told(usual, "engine.provider.init_blocks");
  assertEquals(assumed.kind, "default");
  assertMatch(assumed.instead, /initBlocks is 2: .* is 4, more than maxBlocks/);

  const free = await yaml("engine: {provider: {type: PBSProProvider, init_blocks: 5}}\n");
  assertEquals((free.profile.executor?.provider as { initBlocks?: number }).initBlocks, 5);
  assertEquals(keysOf(free, "changed"), []);
});

Deno.test("an MPI engine keeps the launcher and tells the limit that nobody had said", async () => {
  const provider = "provider: {type: SlurmProvider}";
  const launcherOf = ({ profile }: Migration): string | undefined => profile.executor?.mpiLauncher;
  for (
    const engine of [
      `type: GlobusMPIEngine, ${provider}`,
      `type: GlobusComputeEngine, executor: {type: MPIExecutor, ${provider}}`,
    ]
  ) {
    const made = await yaml(`engine: {${engine}}\n`);
    assertEquals(launcherOf(made), "mpiexec");
    const { kind, instead } = told(made, "engine.mpi_launcher");
    assertEquals(kind, "default");
    assertMatch(instead, /mpiLauncher is "mpiexec": the default of Globus/);
    const limit = told(made, "engine.max_workers_per_block");
    assertEquals([limit.kind, limit.line], ["no-equivalent", undefined]);
    assertMatch(limit.instead, /one task at a time/);
  }
  const mode = await yaml(`engine: {enable_mpi_mode: true, ${provider}}\n`);
  assertEquals(launcherOf(mode), "mpiexec");
  assertEquals(keysOf(mode, "no-equivalent"), []);

  const said = await yaml(
    `engine: {type: GlobusMPIEngine, mpi_launcher: srun, max_workers_per_block: 4, ${provider}}\n`,
  );
  assertEquals(launcherOf(said), "srun");
  assertEquals(told(said, "engine.max_workers_per_block").found, "4");
  assertEquals(launcherOf(await yaml(`engine: {${provider}}\n`)), undefined);
});

Deno.test("max_idletime of this machine is told wherever it stands", async () => {
  const local = "engine:\n  provider: {type: LocalProvider}\n";
  for (
    const [text, key, line] of [
      [`${local}  max_idletime: 60\n`, "engine.max_idletime", 3],
      [
        `${local}  strategy: {type: SimpleStrategy, max_idletime: 60}\n`,
        "engine.strategy.max_idletime",
        3,
      ],
      [
        `engine:\n  job_status_kwargs: {max_idletime: 60}\n`,
        "engine.job_status_kwargs.max_idletime",
        2,
      ],
      [`max_idletime: 60\n${local}`, "max_idletime", 1],
      [`${local}max_idletime: 60\n`, "max_idletime", 3],
      ["retries: 1\nmax_idletime: 60\n", "max_idletime", 2],
    ] as const
  ) {
    const made = await yaml(text);
    assertEquals(made.profile.executor?.provider as unknown, { type: "local" });
    const note = told(made, key);
    assertEquals([note.kind, note.found, note.line], ["no-equivalent", "60", line]);
  }
});

Deno.test("several blocks of this machine are told, one is not", async () => {
  const made = await yaml(
    "engine:\n  provider: {type: LocalProvider, init_blocks: 3, min_blocks: 0, max_blocks: 1}\n",
  );
  assertEquals(keysOf(made, "no-equivalent"), ["engine.provider.init_blocks"]);
  assertMatch(told(made, "engine.provider.init_blocks").instead, /3 times the workers/);
  assertEquals(keysOf(made, "not-needed"), [
    "engine.provider.min_blocks",
    "engine.provider.max_blocks",
  ]);
});

Deno.test("what belongs to a container that there is not is told", async () => {
  const parts = "  container_uri: docker://x\n  container_cmd_options: -v /a:/b\n";
  for (const type of ["", "  container_type: custom\n", "  container_type: None\n"]) {
    const made = await yaml(`engine:\n${parts}${type}`);
    assertEquals(made.profile.executor?.container, undefined);
    assertEquals(told(made, "engine.container_uri").found, '"docker://x"');
    assertEquals(told(made, "engine.container_cmd_options").found, '["-v","/a:/b"]');
    assertEquals(
      keysOf(made, "no-equivalent").includes("engine.container_type"),
      type.includes("custom"),
    );
  }
  const whole = await yaml(`engine:\n${parts}  container_type: podman\n`);
  assertEquals(keysOf(whole, "no-equivalent"), []);
});

Deno.test("files beside the configuration are told", async () => {
  const made = await migrated({
    "config.yaml": "display_name: X\n",
    "user_config_template.yaml.j2": "engine: {max_workers_per_node: 1}\n",
    "user_config_schema.json": "{}",
    "user_environment.yaml": "PATH: /opt/bin\nFOO: 1\n",
  });
  assertEquals([...made.files].sort(), [
    "config.yaml",
    "user_config_template.yaml.j2",
    "user_environment.yaml",
  ]);
  assertEquals(told(made, "user_config_schema.json").kind, "no-equivalent");
  const environment = told(made, "user_environment.yaml");
  assertEquals([environment.kind, environment.found], ["changed", "PATH, FOO"]);

  const python = await migrated({
    "config.py": "config = Config()\n",
    "config.yaml": "display_name: X\n",
    "user_environment.yaml": "# nothing\n",
  });
  assertEquals(python.files, ["config.py", "user_environment.yaml"]);
  assertMatch(told(python, "config.yaml").instead, /read config\.py alone/);
  assertEquals(keysOf(python, "changed"), []);
});

Deno.test("what a template asks of the submitter is one remark, and none of it is guessed", async () => {
  const made = await migrated({
    "user_config_template.yaml.j2": `{%- set free = true %}
{%- set runtime = _GC.user_runtime %}
{%- set version = (runtime.python.version_tuple | join(".")) if runtime.python is defined else none %}
{%- set packages = packages | default(none) %}
{%- set folder = ["py" ~ version, packages] | select | join("-") or none %}
{%- set init %}
  {%- if folder is not none %}
source ~/{{ folder }}/bin/activate
  {%- endif %}
  {%- if free and mine is defined %}
eval {{ mine }}
  {%- endif %}
  {%- if free and not packages %}
module load python
  {%- endif %}
{%- endset %}
engine:
  label: {{ _GC.user_runtime.python.version }}
  max_workers_per_node: 2
  provider:
    type: LocalProvider
    worker_init: |
      {{ init | default("") | indent(6) }}
`,
  });
  assertEquals(made.profile.executor as unknown, {
    workersPerNode: 2,
    provider: { type: "local" },
    workerInit: "module load python",
  });
  assertEquals(told(made, "_GC").line, 2);
  assertEquals(keysOf(made, "no-equivalent"), ["_GC"]);
  assertEquals(keysOf(made, "not-read"), []);
  assertEquals(made.variables.map((each) => [each.name, each.default]), [
    ["packages", ""],
    ["mine", ""],
  ]);
});

Deno.test("Jinja that is not understood is told by its line, and followed by nothing", async () => {
  const made = await migrated({
    "user_config_template.yaml.j2": `engine:
{% if cores * 2 > 4 or queue %}
  max_workers_per_node: 9
{% endif %}
{% if queue or "_GC" == "x" %}
  cores_per_worker: 9
{% endif %}
{% if free or queue is none and not other %}
  prefetch_capacity: 1
{% endif %}
`,
  });
  assertEquals(made.profile.executor as unknown, {
    workersPerNode: "auto",
    prefetch: 1,
    provider: { type: "local" },
  });
  const unread = made.notes.filter(({ kind }) => kind === "not-read");
  assertEquals(unread.map(({ place }) => place?.line), [2, 5]);
});

Deno.test("of two keys that say the same, the one that is not taken is told", async () => {
  const provider = "  provider: {type: SlurmProvider}\n";
  // What was taken, what was not, its line, and what became of it.
  for (
    const [text, winner, loser, line, result] of [
      [
        "engine:\n  worker_port_range: [54000, 54100]\n  worker_ports: [50000, 50001]\n",
        "engine.worker_ports",
        "engine.worker_port_range",
        2,
        { portRange: [50000, 50001] },
      ],
      [
        "engine:\n  worker_port: 50000\n  worker_port_range: [54000, 54100]\n",
        "engine.worker_port",
        "engine.worker_port_range",
        3,
        { portRange: [50000, 50000] },
      ],
      [
        "engine:\n  max_workers_per_node: 4\n  max_workers: 8\n",
        "engine.max_workers_per_node",
        "engine.max_workers",
        3,
        { workersPerNode: 4 },
      ],
      [
        "retries: 3\nengine:\n  max_retries_on_system_failure: 1\n",
        "engine.max_retries_on_system_failure",
        "retries",
        1,
        { maxAttempts: 2 },
      ],
      [
        `engine:\n${provider}  job_status_kwargs: {max_idletime: 30}\n  max_idletime: 60\n`,
        "engine.job_status_kwargs.max_idletime",
        "engine.max_idletime",
        4,
        { provider: { maxIdleTime: 30 } },
      ],
    ] as const
  ) {
    const made = await yaml(text);
    assertPartly(made.profile.executor, result);
    const note = told(made, loser);
    assertEquals([note.kind, note.line], ["changed", line]);
    assertMatch(note.instead, new RegExp(`^${winner.replaceAll(".", "\\.")} in line \\d+ says`));
  }
  const same = await yaml("engine:\n  max_workers: 4\n  max_workers_per_node: 4\n");
  assertEquals(keysOf(same, "changed"), []);
});

/** That all of `expected` is in it. */
function assertPartly(value: unknown, expected: unknown): void {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    return assertEquals(value, expected);
  }
  for (const [key, part] of Object.entries(expected)) {
    assertPartly((value as Record<string, unknown>)[key], part);
  }
}

Deno.test("job_status_kwargs may name the strategy", async () => {
  const made = await yaml(
    "engine:\n  provider: {type: SlurmProvider}\n" +
      "  job_status_kwargs: {strategy: simple, strategy_period: 60, max_idletime: 300}\n",
  );
  assertEquals(keysOf(made, "no-equivalent"), []);
});

Deno.test("a configuration without an engine around it is read as one", async () => {
  const made = await migrated({
    "config.py": `from funcx.config import Config
config = Config(provider=GridEngineProvider(walltime="10:00:00", scheduler_options="#$ -q gpu.q"),
                cores_per_worker=1, retries=1)
`,
  });
  assertPartly(made.profile.executor, {
    coresPerWorker: 1,
    maxAttempts: 2,
    provider: { type: "sge", walltime: "10:00:00", initBlocks: 1 },
  });
  assertEquals(keysOf(made, "no-equivalent"), []);
  assertEquals(keysOf(made, "default"), ["provider.init_blocks"]);
});

Deno.test("a type of container goes where a pod is the container", async () => {
  const made = await yaml(
    "engine:\n  container_type: docker\n  provider: {type: KubernetesProvider, image: x}\n",
  );
  assertEquals(made.profile.executor?.container, undefined);
  const { kind, line, instead } = told(made, "engine.container_type");
  assertEquals([kind, line], ["no-equivalent", 2]);
  assertMatch(instead, /provider\.image/);
});
