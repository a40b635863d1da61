/** `migrate` as its users run it: what it prints and writes, what it refuses, and that it changes nothing old. */
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";

const YAML = `display_name: The cluster
engine:
  max_workers_per_node: 3
  provider: {type: LocalProvider, init_blocks: 1, max_blocks: 1}
idle_heartbeats_soft: 10
`;

/** What it does shows when it is run. */
const PYTHON = `
open("ran", "w")
__import__("os").system("touch ran")
config = Config(
    executors=[HighThroughputExecutor(max_workers_per_node=2, provider=LocalProvider())],
)
`;

interface Made {
  readonly name: string;
  readonly from: { readonly folder: string; readonly files: readonly string[] };
  readonly file: string | null;
  readonly profile: { readonly executor?: { readonly workersPerNode?: number } };
  readonly source: string;
  readonly notes: readonly { readonly kind: string; readonly key: string }[];
}

/** All that a folder says of itself and of what is in it. */
function snapshot(folder: string): unknown[] {
  const about = (path: string): unknown[] => {
    const { mtime, mode, size } = Deno.statSync(path);
    return [path, mtime?.getTime(), mode, size];
  };
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return [
    about(folder),
    ...names.map((name) => [
      ...about(join(folder, name)),
      Deno.readTextFileSync(join(folder, name)),
    ]),
  ];
}

/** An endpoint of Globus Compute, one of funcX, and one of this program. */
async function threeEndpoints(env: TestEnv): Promise<{ compute: string; funcx: string }> {
  env.file(".globus_compute/cluster/config.yaml", YAML);
  env.file(".globus_compute/cluster/endpoint.json", "{}");
  env.file(".funcx/laptop/config.py", PYTHON);
  env.file(".funcx/laptop/endpoint.json", '{"endpoint_id": "x"}');
  Deno.chmodSync(env.state, 0o700);
  await env.ok(["configure", "own"]);
  return {
    compute: join(env.home, ".globus_compute/cluster"),
    funcx: join(env.state, "laptop"),
  };
}

function hasProfile(env: TestEnv, name: string): boolean {
  try {
    return Deno.statSync(join(env.state, name, "config.ts")).isFile;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

processTest("migrate lists old endpoints, and no profiles of this program", async (env) => {
  assertMatch(await env.ok(["migrate"]), /no endpoints of Globus Compute or funcX/);
  assertEquals(await env.json(["migrate"]), []);
  const { compute, funcx } = await threeEndpoints(env);
  const listed = [
    { name: "cluster", folder: compute, files: ["config.yaml"], migrated: false },
    { name: "laptop", folder: funcx, files: ["config.py"], migrated: false },
  ];
  assertEquals(await env.json(["migrate"]), listed);
  const text = await env.ok(["migrate"]);
  assertMatch(text, /cluster +\| ~\/\.globus_compute\/cluster +\| config\.yaml +\| not yet/);
  assertMatch(text, /laptop +\| ~\/\.funcx\/laptop +\| config\.py +\| not yet/);
  assertTrue(!text.includes("own"));
  await env.ok(["migrate", "cluster"]);
  assertMatch(await env.ok(["migrate"]), /cluster .*\| there/);
  const { message } = await env.fails(["migrate", "--dry-run"], 64);
  assertMatch(message, /has to be named/);
});

processTest("migrate makes a profile that is valid and private, by name", async (env) => {
  const { compute } = await threeEndpoints(env);
  const before = snapshot(compute);
  const text = await env.ok(["migrate", "cluster"]);
  assertMatch(text, /made at ~\/\.funcx\/cluster\/config\.ts of config\.yaml/);
  assertMatch(text, /Without an equivalent:\n {2}idle_heartbeats_soft: 10 \(config\.yaml:5\)\n/);
  assertMatch(text, /\$ funcx-endpoint start cluster\n$/);
  assertEquals(Deno.statSync(join(env.state, "cluster/config.ts")).mode! & 0o777, 0o600);
  assertEquals(Deno.statSync(join(env.state, "cluster")).mode! & 0o777, 0o700);
  const { problems } = await env.json<{ problems: unknown[] }>(["validate", "cluster"]);
  assertEquals(problems, []);
  assertEquals(snapshot(compute), before);
});

processTest("migrate takes folders, files, and another name", async (env) => {
  const { compute } = await threeEndpoints(env);
  const byFolder = await env.json<Made>(["migrate", compute, "--as", "first"]);
  assertEquals([byFolder.name, byFolder.file], ["first", join(env.state, "first/config.ts")]);
  assertEquals(byFolder.from, { folder: compute, files: ["config.yaml"] });
  assertEquals(byFolder.profile.executor?.workersPerNode, 3);
  assertEquals(byFolder.notes.map(({ kind, key }) => [kind, key])[0], [
    "not-needed",
    "engine.provider.init_blocks",
  ]);
  assertEquals(Deno.readTextFileSync(byFolder.file ?? ""), byFolder.source);
  const byFile = await env.json<Made>(["migrate", "./.globus_compute/cluster/config.yaml"]);
  assertEquals(byFile.name, "cluster");
  env.file("site.yaml", YAML);
  assertEquals((await env.json<Made>(["migrate", "./site.yaml"])).name, "site");
  assertTrue(["first", "cluster", "site"].every((name) => hasProfile(env, name)));
  await env.fails(["migrate", compute, "--as", "no/name"], 64);
});

processTest("migrate --dry-run and --output make no endpoint", async (env) => {
  await threeEndpoints(env);
  const { code, stdout, stderr } = await env.run(["migrate", "cluster", "--dry-run"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^\/\*\*\n \* The profile of the endpoint "cluster"/);
  assertMatch(stdout, /\}\);\n$/);
  assertMatch(stderr, /Without an equivalent:/);
  const dry = await env.json<Made>(["migrate", "cluster", "--dry-run"]);
  assertEquals([dry.file, `${dry.source.trimEnd()}\n`], [null, stdout]);
  const written = await env.ok(["migrate", "cluster", "--output", "made.ts"]);
  assertTrue(!written.includes("funcx-endpoint start"));
  assertEquals(Deno.readTextFileSync(join(env.home, "made.ts")), dry.source);
  assertTrue(!hasProfile(env, "cluster"));
  const { message } = await env.fails(["migrate", "cluster", "--output", "made.ts"], 78);
  assertMatch(message, /made\.ts is there already/);
});

processTest(
  "migrate reads config.py without running it, and leaves its folder alone",
  async (env) => {
    const { funcx } = await threeEndpoints(env);
    const before = snapshot(funcx);
    const refused = await env.fails(["migrate", "laptop"], 78);
    assertMatch(refused.message, /laptop is the folder of the old endpoint/);
    assertMatch(refused.hint, /with --as NAME/);
    await env.ok(["migrate", "laptop", "--dry-run"]);
    // In each folder that it might be run in.
    const made = await env.json<Made>(["migrate", "laptop", "--as", "moved"], { cwd: funcx });
    assertEquals(made.profile.executor?.workersPerNode, 2);
    assertEquals(snapshot(funcx), before);
    for (const folder of [env.home, env.state, funcx, join(env.state, "moved")]) {
      assertTrue(![...Deno.readDirSync(folder)].some(({ name }) => name === "ran"));
    }
  },
);

processTest("migrate refuses what is ambiguous, there already, or its own", async (env) => {
  const { compute } = await threeEndpoints(env);
  env.file(".funcx/cluster/config.py", PYTHON);
  const both = await env.fails(["migrate", "cluster"], 64);
  assertMatch(both.message, /"cluster" stands for .*\.globus_compute\/cluster and .*\.funcx\/clus/);
  assertMatch(both.hint, /by its path/);

  const profile = join(env.state, "own/config.ts");
  const before = Deno.readTextFileSync(profile);
  const target = await env.fails(["migrate", compute, "--as", "own"], 78);
  assertMatch(target.message, /own\/config\.ts is there already/);
  assertEquals(Deno.readTextFileSync(profile), before);

  for (const own of ["own", join(env.state, "own"), profile]) {
    const { message } = await env.fails(["migrate", own, "--as", "again"], 64);
    assertMatch(message, /is a profile of this program already/);
  }
  assertTrue(!hasProfile(env, "again"));
  assertMatch((await env.fails(["migrate", "nobody"], 78)).message, /no old endpoint "nobody"/);
  assertMatch((await env.fails(["migrate", "./nowhere"], 65)).message, /nowhere/);
});

processTest("migrate tells the line of YAML and Python that is broken", async (env) => {
  env.file("broken.yaml", "engine:\n  type: X\n bad: [\n");
  env.file("broken.py", "config = Config(\n    executors=[\n");
  env.file("config.yaml", "- 1\n");
  const yaml = await env.fails(["migrate", "./broken.yaml"], 65);
  assertMatch(yaml.message, /^broken\.yaml:3: /);
  assertMatch(yaml.hint, /Mend the YAML/);
  assertMatch((await env.fails(["migrate", "./broken.py"], 65)).message, /^broken\.py:\d: /);
  const list = await env.fails(["migrate", "./config.yaml", "--as", "a", "--json"], 65);
  assertMatch(list.message, /^config\.yaml:1: expected keys/);
  assertTrue(!["broken", "a"].some((name) => hasProfile(env, name)));
});
