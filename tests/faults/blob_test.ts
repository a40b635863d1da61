/**
 * kill -9 of the service and of the agent while a large argument or result is on its way: it arrives
 * whole, and what had arrived before is not sent again.
 */
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { filesUnder } from "../../scripts/build/bundle.ts";
import { residentMemory, signal } from "../helpers/processes.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";
import { until } from "../helpers/until.ts";

const MEGABYTE = 1_000_000;
/** Many chunks. */
const SIZE = 300 * MEGABYTE;

/** What any process of the test may grow to while 300 MB go through it. */
const MEMORY = 300 * MEGABYTE;

const SIZE_SH = "wc -c < {data}; cksum < {data}; echo ran >> {log}\n";
const MAKE_TS = `export function make(n: number): string { return "x".repeat(n); }\n`;

/** A file that is the same in each test and has no repetition that could hide a wrong place. */
async function largeFile(env: TestEnv): Promise<string> {
  const path = env.file("data", "");
  using file = await Deno.open(path, { write: true });
  const block = new Uint32Array(MEGABYTE / 4);
  for (let number = 0; number < SIZE / MEGABYTE; number++) {
    for (let index = 0; index < block.length; index++) {
      block[index] = Math.imul(index + number * block.length, 2654435761);
    }
    file.writeSync(new Uint8Array(block.buffer));
  }
  return path;
}

async function cksum(path: string): Promise<string> {
  const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", `cksum < '${path}'`] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}

/** The one file of the folder whose name ends so, once it has `bytes`. */
async function untilPart(folder: string, bytes: number): Promise<number> {
  return await until(`a part of ${bytes} bytes in ${folder}`, () => {
    try {
      const part = filesUnder(folder).find((path) => path.endsWith(".part"));
      const size = part === undefined ? 0 : Deno.statSync(part).size;
      return size >= bytes && size;
    } catch (thrown) {
      // It got its name in this moment, or its folder is not there yet.
      if (thrown instanceof Deno.errors.NotFound) return undefined;
      throw thrown;
    }
  });
}

async function pids(env: TestEnv): Promise<{ service: number; agent: number }> {
  const { pid: service } = await env.json<{ pid: number }>(["service", "status"]);
  const { agent } = await env.json<{ agent: { pid: number } }>(["status", "default"]);
  return { service, agent: agent.pid };
}

async function prepare(env: TestEnv): Promise<{ path: string; run: string[]; log: string }> {
  await env.ok(["configure", "default"]);
  await env.ok(["start", "default", "--wait", "60"]);
  env.file("size.sh", SIZE_SH);
  const path = await largeFile(env);
  const log = `${env.home}/ran`;
  const run = ["run", "size.sh", "--file", `data=${path}`, "--kwargs", JSON.stringify({ log })];
  return { path, run, log };
}

processTest("a large argument goes through in pieces, and survives the service", async (env) => {
  const { path, run, log } = await prepare(env);
  const before = await pids(env);
  const running = env.start(run);
  const blobs = `${env.state}/service/blobs`;
  const sent = await untilPart(blobs, 40 * MEGABYTE);
  signal(before.service, "SIGKILL");
  await env.ok(["service", "start"]);
  assertTrue(await untilPart(blobs, sent) >= sent, "the upload began anew");
  const { stdout, code } = await running.finished(120_000);
  assertEquals([code, stdout.trim().split("\n")], [0, [String(SIZE), await cksum(path)]]);
  assertEquals(Deno.readTextFileSync(log), "ran\n");
  const after = await pids(env);
  for (const pid of [after.service, after.agent]) {
    assertTrue(residentMemory(pid) < MEMORY, `${residentMemory(pid)} bytes`);
  }
});

processTest(
  "an agent killed in a download goes on with it, and no attempt is spent",
  async (env) => {
    const { path, run } = await prepare(env);
    const { agent } = await pids(env);
    const running = env.start(run);
    const folder = `${env.state}/default/blobs/arguments`;
    const received = await untilPart(folder, 30 * MEGABYTE);
    signal(agent, "SIGKILL");
    const kept = await untilPart(folder, received);
    await env.ok(["start", "default", "--wait", "60"]);
    const { stdout, code } = await running.finished(120_000);
    assertEquals([code, stdout.trim().split("\n")], [0, [String(SIZE), await cksum(path)]]);
    const agentLog = Deno.readTextFileSync(`${env.state}/default/logs/agent.log`);
    const resumed = /goes on at (\d+)/.exec(agentLog)?.[1];
    assertTrue(Number(resumed) >= kept, `resumed at ${resumed}, ${kept} were there`);
    const [task] = await env.json<{ task_id: string }[]>(["task", "list"]);
    const { attempt } = await env.json<{ attempt: number }>(["task", "show", task.task_id]);
    assertEquals(attempt, 1);
  },
);

processTest("a large result survives agent and service, and is not made twice", async (env) => {
  await env.ok(["configure", "default"]);
  await env.ok(["start", "default", "--wait", "60"]);
  env.file("make.ts", MAKE_TS);
  // So that the agent has to send its file; later it may hand it over.
  Deno.removeSync(`${env.state}/service/blobs/handed`);
  const { service, agent } = await pids(env);
  const running = env.start(["run", "make.ts:make", "100000000", "--no-wait"]);
  const { stdout } = await running.finished();
  const task = stdout.trim();
  await untilPart(`${env.state}/service/blobs`, 10 * MEGABYTE);
  for (const pid of [agent, service]) signal(pid, "SIGKILL");
  await env.ok(["service", "start"]);
  await env.ok(["start", "default", "--wait", "60"]);
  await env.ok(["task", "wait", task], { timeout: 120_000 });
  await env.ok(["task", "result", task, "--output", "result.json"]);
  assertEquals(Deno.statSync(`${env.home}/result.json`).size, 100_000_002);
  const { attempt } = await env.json<{ attempt: number }>(["task", "show", task]);
  assertEquals(attempt, 1);
  await until(
    "the agent's file to go",
    () => filesUnder(`${env.state}/default/blobs/results`).length === 0,
  );
});
