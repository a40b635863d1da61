/** The seed's whole story: from an empty home to an endpoint that serves, and back. */
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";
import { until } from "../helpers/until.ts";

interface Listed {
  readonly name: string;
  readonly status: string;
  readonly id: string | null;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function statuses(env: TestEnv): Promise<Record<string, string>> {
  const listed = await env.json<Listed[]>(["list"]);
  return Object.fromEntries(listed.map(({ name, status }) => [name, status]));
}

processTest("init, start twice, list in all states, stop, list", async (env) => {
  await env.ok(["init"]);
  assertEquals(modeOf(env.state), 0o700);
  assertTrue(Deno.statSync(join(env.state, "default", "config.ts")).isFile);
  assertTrue(Deno.statSync(join(env.state, "profile.d.ts")).isFile);

  // The first start of a name makes its profile and says how to go on.
  assertEquals(
    await env.ok(["start", "KNL_test"]),
    "A default profile has been created for <KNL_test> at ~/.funcx/KNL_test/config.ts\n" +
      "Configure this file and try restarting with:\n" +
      "    $ funcx-endpoint start KNL_test\n",
  );
  assertEquals(await statuses(env), { KNL_test: "Initialized", default: "Initialized" });
  assertMatch(await env.ok(["list"]), /\| KNL_test +\| Initialized \| None +\|/);

  const started = await env.ok(["start", "KNL_test"]);
  const [id] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(started) ?? [""];
  assertMatch(id, UUID);
  assertEquals(await statuses(env), { KNL_test: "Active", default: "Initialized" });
  const again = await env.fails(["start", "KNL_test"], 73);
  assertMatch(again.message, /KNL_test/);

  // Running, but its service is away.
  await env.ok(["service", "stop"]);
  await until("Disconnected", async () => (await statuses(env)).KNL_test === "Disconnected");
  await env.ok(["service", "start"]);
  await until("Active again", async () => (await statuses(env)).KNL_test === "Active");

  await env.ok(["stop", "KNL_test"]);
  assertEquals(await statuses(env), { KNL_test: "Inactive", default: "Initialized" });
  assertMatch(await env.ok(["list"]), new RegExp(`\\| KNL_test +\\| Inactive +\\| ${id} \\|`));

  // The identity stays when it comes back.
  await env.ok(["start", "KNL_test"]);
  assertEquals((await env.json<Listed[]>(["list"]))[0], {
    ...(await env.json<Listed[]>(["list"]))[0],
    name: "KNL_test",
    status: "Active",
    id,
  });
  await env.ok(["stop", "--all"]);
  await env.ok(["service", "stop"]);
  await env.noProcessIsLeft();
});

processTest("start without a name on an empty home serves at once", async (env) => {
  const printed = await env.ok(["start"]);
  assertMatch(printed, /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/);
  assertEquals(await statuses(env), { default: "Active" });
  assertEquals(await env.ok(["list"]), await drawnList(env));
});

/** The table of the README, drawn by hand. */
async function drawnList(env: TestEnv): Promise<string> {
  const [{ name, status, id }] = await env.json<Listed[]>(["list"]);
  return [
    "+---------------+--------+--------------------------------------+",
    "| Endpoint Name | Status |             Endpoint ID              |",
    "+===============+========+======================================+",
    `| ${name.padEnd(13)} | ${status} | ${id} |`,
    "+---------------+--------+--------------------------------------+",
    "",
  ].join("\n");
}

processTest("init keeps what is there, and --force backs it up first", async (env) => {
  await env.ok(["init"]);
  const profile = join(env.state, "default", "config.ts");
  Deno.writeTextFileSync(profile, "// mine\n");
  await env.ok(["init"]);
  assertEquals(Deno.readTextFileSync(profile), "// mine\n");
  await env.ok(["init", "--force"]);
  assertTrue(Deno.readTextFileSync(profile) !== "// mine\n");
  const backups = [...Deno.readDirSync(join(env.state, "default"))]
    .filter((entry) => entry.name !== "config.ts")
    .map((entry) => Deno.readTextFileSync(join(env.state, "default", entry.name)));
  assertTrue(backups.includes("// mine\n"), "the old profile is kept");
});

processTest("delete asks, and takes the folder away only with --yes", async (env) => {
  await env.ok(["configure", "old"]);
  const refused = await env.run(["delete", "old"]);
  assertTrue(refused.code !== 0, "without a terminal it cannot ask");
  assertEquals(await statuses(env), { old: "Initialized" });
  await env.ok(["delete", "old", "--yes"]);
  assertEquals(await statuses(env), {});
});

processTest(
  "delete takes what an endpoint keeps elsewhere, and nothing that is not its own",
  async (env) => {
    const scratch = join(env.home, "scratch");
    for (const folder of ["blocks/b1", "managers", "logs"]) {
      Deno.mkdirSync(join(scratch, folder), { recursive: true });
    }
    env.file("scratch/spool.db", "");
    env.file("scratch/mine.txt", "");
    await env.ok(["configure", "away"]);
    const profile = `export default { stateDir: ${JSON.stringify(scratch)} };\n`;
    env.file(join(".funcx", "away", "config.ts"), profile);
    await env.ok(["delete", "away", "--yes"]);
    assertEquals([...Deno.readDirSync(scratch)].map(({ name }) => name), ["mine.txt"]);
  },
);

processTest("start --foreground serves until it is interrupted", async (env) => {
  await env.ok(["init"]);
  await using agent = env.start(["start", "--foreground"]);
  await until("Active", async () => (await statuses(env)).default === "Active");
  agent.signal("SIGINT");
  const { code } = await agent.finished();
  assertEquals(code, 0);
  assertEquals(await statuses(env), { default: "Inactive" });
});

processTest("restart gives a new process under the same id", async (env) => {
  interface Status {
    readonly id: string;
    readonly agent: { readonly pid: number };
  }
  await env.ok(["start"]);
  const before = await env.json<Status>(["status"]);
  await env.ok(["restart"]);
  const after = await env.json<Status>(["status"]);
  assertEquals(after.id, before.id);
  assertTrue(after.agent.pid !== before.agent.pid);
});

processTest("logs shows the last lines, and follows new ones", async (env) => {
  await env.ok(["start"]);
  const lines = (await env.ok(["logs", "--lines", "1"])).trimEnd().split("\n");
  assertEquals(lines.length, 1);
  await using follower = env.start(["logs", "-f"]);
  await follower.untilPrinted(/\n/);
  await env.ok(["stop"]);
  await follower.untilPrinted(/stop/i);
});

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}
