/**
 * `deno task test:disk`: full disks and file systems that allow no programs. It mounts small file
 * systems, which takes root on Linux.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { join } from "../../../src/lib/path.ts";
import type { AgentStatus } from "../../../src/contract/control.ts";
import { VERSION } from "../../../src/lib/version.ts";
import { capture } from "../../../scripts/build/command.ts";
import { BINARY, isPortable } from "../../helpers/binary.ts";
import { WORD_COUNT_TS } from "../../helpers/functions.ts";
import { Mount, mountObstacle } from "../../helpers/mount.ts";
import { PLAIN_PATH } from "../../helpers/plain_path.ts";
import { processTest, type RunOptions, TestEnv } from "../../helpers/test_env.ts";
import { until } from "../../helpers/until.ts";

const OBSTACLE = await mountObstacle();
if (OBSTACLE !== undefined) console.log(`Nothing can be mounted here: ${OBSTACLE}`);

function mountTest(name: string, body: (env: TestEnv) => Promise<void>): void {
  processTest(name, body, { ignore: OBSTACLE !== undefined });
}

const TO = ["--endpoint", "default"];

mountTest("a full disk refuses what is new and keeps what was accepted", async (env) => {
  await using mount = await Mount.make(join(env.root, "small"), "size=24m,mode=0700");
  const small = { env: { FUNCX_USER_DIR: join(mount.folder, "funcx") } };
  env.file("words.ts", WORD_COUNT_TS);
  try {
    await env.ok(["start"], small);
    const task = (await env.ok(["run", "words.ts:square", "5", ...TO, "--no-wait"], small)).trim();
    await env.ok(["task", "wait", task], small);
    const ballast = mount.fill();
    const big = env.file("big.jsonl", `["${"x".repeat(4_000_000)}"]\n`);
    const { code, stderr } = await env.run(
      ["map", "words.ts:shout", ...TO, "--input", big],
      { ...small, timeout: 120_000 },
    );
    assertEquals(code, 75);
    assertMatch(stderr, /full|space/i);
    assertEquals(await env.ok(["task", "result", task], small), "25\n");
    Deno.removeSync(ballast);
    assertEquals(await env.ok(["run", "words.ts:square", "6", ...TO], small), "36\n");
  } finally {
    await env.run(["stop", "--now"], small);
    await env.run(["service", "stop"], small);
  }
});

/** Ends a daemon of which `status` tells, and leaves its lock behind. */
async function kill(env: TestEnv, status: string[], options: RunOptions): Promise<void> {
  const { pid } = await env.json<{ pid: number }>(status, options);
  Deno.kill(pid, "SIGKILL");
  await until("its end", () => !env.processes().some((each) => each.pid === pid));
}

mountTest("a daemon that starts on a full disk says so, and leaves no lock", async (env) => {
  await using mount = await Mount.make(join(env.root, "small"), "size=24m,mode=0700");
  const folder = join(mount.folder, "funcx");
  const small = { env: { FUNCX_USER_DIR: folder } };
  await env.ok(["start"], small);
  await kill(env, ["status", "default"], small);
  await kill(env, ["service", "status"], small);
  const locks = ["service/service.lock", "default/agent.lock"].map((name) => join(folder, name));
  // Those of the dead ones, whose room would do for new ones.
  for (const lock of locks) Deno.removeSync(lock);
  const ballast = mount.fill();
  const agent = ["start", "default", "--foreground", "--service", "http://127.0.0.1:1"];
  for (const command of [["service", "run"], agent]) {
    const { hint } = await env.fails(command, 75, small);
    assertMatch(hint, /room|space/i);
  }
  assertEquals(locks.filter(exists), []);
  Deno.removeSync(ballast);
  assertMatch(await env.ok(["start"], small), /Active/);
  await env.ok(["stop"], small);
  await env.ok(["service", "stop"], small);
});

mountTest("an agent that cannot keep its registration goes on when there is room", async (env) => {
  await using mount = await Mount.make(join(env.state, "default"), "size=24m,mode=0700");
  await env.ok(["start"]);
  await env.ok(["stop"]);
  const { url } = await env.json<{ url: string }>(["service", "status"]);
  await env.ok(["service", "stop"]);
  // It goes by the registration that it has, and registers again when its service is back.
  await env.ok(["start", "--service", url, "--wait", "0"]);
  const status = async (): Promise<AgentStatus | null> =>
    (await env.json<{ agent: AgentStatus | null }>(["status", "default"])).agent;
  const problem = async (): Promise<string | undefined> => (await status())?.problem?.code;
  // It has all its files open by then.
  await until("its first attempt", async () => (await problem()) !== undefined);
  const ballast = mount.fill();
  await env.ok(["service", "start"]);
  await until("its problem", async () => (await problem()) === "STORAGE_FULL");
  Deno.removeSync(ballast);
  await until("its link", async () => (await status())?.state === "active");
  await env.ok(["stop"]);
  await env.ok(["service", "stop"]);
});

mountTest("a home that is mounted read-only is a permission error", async (env) => {
  await using _ = await Mount.make(env.home, "size=1m,ro");
  for (const command of ["init", "start"]) {
    const { message, hint } = await env.fails([command], 77);
    assertMatch(message, /\.funcx|read-only/i);
    assertTrue(hint !== "", "it says how to mend it");
  }
});

mountTest("a cache folder mounted noexec gives way to another", async (env) => {
  if (!isPortable()) return;
  const cache = join(env.home, ".cache");
  await using _ = await Mount.make(cache, "size=200m,noexec,mode=0700");
  const runtime = join(env.root, "runtime");
  Deno.mkdirSync(runtime, { mode: 0o700 });
  const version = await env.ok(["--version"], {
    env: { FUNCX_CACHE_DIR: "", XDG_RUNTIME_DIR: runtime },
  });
  assertEquals(version, `${VERSION}\n`);
  assertEquals([...Deno.readDirSync(join(cache, "funcx-endpoint"))], []);
  assertTrue(Deno.statSync(join(runtime, "funcx-endpoint")).isDirectory);
  const { code, stderr } = await env.run(["--version"], {
    env: { FUNCX_CACHE_DIR: join(cache, "mine") },
  });
  assertEquals(code, 77);
  assertMatch(stderr, /noexec/);
});

/** In a mount namespace of its own, so that nobody else's /tmp changes. */
const WITHOUT_PROGRAMS_IN_TMP = `
set -e
mount --make-rprivate /
mount -t tmpfs -o size=64m,noexec,mode=1777 tmpfs /tmp
"$1" start >&2
"$1" run "$2" the cat and the hat --endpoint default
"$1" stop >&2
"$1" service stop >&2
`;

mountTest("with /tmp mounted noexec everything works", async () => {
  const root = Deno.makeTempDirSync({ dir: "/var/tmp", prefix: "funcx-test-" });
  try {
    // This checkout may itself be in /tmp, which is another one there.
    const program = join(root, "funcx-endpoint");
    Deno.copyFileSync(BINARY, program);
    const file = join(root, "join.ts");
    Deno.writeTextFileSync(file, "export default (...words: string[]) => words.join('-');\n");
    const printed = await capture(
      "unshare",
      ["-m", "/bin/sh", "-c", WITHOUT_PROGRAMS_IN_TMP, "sh", program, file],
      { cwd: root, env: { HOME: root, PATH: PLAIN_PATH } },
    );
    assertEquals(printed, "the-cat-and-the-hat\n");
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch {
    return false;
  }
}
