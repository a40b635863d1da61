/**
 * `deno task bench`: what the built program does on this machine, each figure the median of several
 * runs. Figures, not a test: nothing here fails for being slow.
 */
import { cpus, release, totalmem } from "node:os";
import { Client, Executor, python, typescript } from "../src/client/mod.ts";
import { delay } from "../src/lib/async.ts";
import { fromFileUrl, join } from "../src/lib/path.ts";
import { PATH_WITH_PYTHON, PYTHON } from "../tests/helpers/python.ts";
import { processorTime, residentMemory } from "../tests/helpers/processes.ts";
import { TestEnv } from "../tests/helpers/test_env.ts";
import { capture } from "./build/command.ts";
import { buildWhenStale } from "./build/stale.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const RUNS = 5;
const BATCH = 20_000;
const ROUND_TRIPS = 500;
const IDLE_SECONDS = 20;

const NOTHING = {
  typescript: typescript("export default () => null;\n"),
  python: python("def nothing(item=None):\n    return None\n"),
};

function line(label: string, value: string, promised = ""): void {
  console.log(`${label.padEnd(46)} ${value.padStart(16)}${promised && `   (${promised})`}`);
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))];
}

function rate(tasksPerSecond: number): string {
  return `${Math.round(tasksPerSecond).toLocaleString("en")} /s`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

async function repeated(times: number, run: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let done = 0; done < times; done++) values.push(await run());
  return values;
}

/** Each durable step waits for one of these, so round trips are as fast as the disk at best. */
function syncedWriteTime(): number {
  const path = Deno.makeTempFileSync({ dir: join(ROOT, "dist") });
  try {
    using file = Deno.openSync(path, { write: true });
    return median(Array.from({ length: 100 }, () => {
      const begun = performance.now();
      file.writeSync(new Uint8Array(4_096));
      file.syncDataSync();
      return performance.now() - begun;
    }));
  } finally {
    Deno.removeSync(path);
  }
}

function describeMachine(): void {
  const [{ model }] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  console.log(
    `${model.trim()}, ${cpus().length} cores, ${memory} GiB; ${Deno.build.os} ${release()}; ` +
      `Deno ${Deno.version.deno}; ${new Date().toISOString().slice(0, 10)}\n` +
      `a synced write of 4 KiB takes ${milliseconds(syncedWriteTime())}\n`,
  );
}

async function benchStart(env: TestEnv): Promise<void> {
  const versions = await repeated(20, async () => (await env.run(["--version"])).took);
  line("--version, warm", milliseconds(median(versions)), "at most 100 ms");
  await env.ok(["init"]);
  await env.ok(["service", "start"]);
  const starts = await repeated(RUNS, async () => {
    const { took } = await env.run(["start"]);
    await env.ok(["stop"]);
    return took;
  });
  line("start to Active, service running", milliseconds(median(starts)), "at most 1,500 ms");
}

/** A client of the scratch home's service, and its endpoint. */
async function connect(env: TestEnv): Promise<{ client: Client; endpointId: string }> {
  const { id } = await env.json<{ id: string }>(["status"]);
  const { url } = await env.json<{ url: string }>(["service", "status"]);
  const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
  return { client: new Client({ url, token }), endpointId: id };
}

async function benchService(env: TestEnv): Promise<void> {
  await env.ok(["start"]);
  const { client, endpointId } = await connect(env);
  const runtimes = PYTHON === undefined
    ? ["typescript"] as const
    : ["typescript", "python"] as const;
  for (const runtime of runtimes) {
    const { functionId } = await client.register(NOTHING[runtime]);
    await using executor = new Executor(client, endpointId);
    const batch = async (): Promise<number> => {
      const begun = performance.now();
      let results = 0;
      for await (const _ of executor.map(functionId, Array(BATCH).keys())) results++;
      return results / ((performance.now() - begun) / 1_000);
    };
    await batch();
    line(
      `${runtime}, submit to durable result, ${BATCH.toLocaleString("en")}`,
      rate(median(await repeated(RUNS, batch))),
      "at least 5,000 /s",
    );
    const trips = await repeated(ROUND_TRIPS, async () => {
      const begun = performance.now();
      await executor.submit(functionId);
      return performance.now() - begun;
    });
    line(`${runtime}, round trip of one task, p50`, milliseconds(median(trips)), "at most 5 ms");
    line(`${runtime}, round trip of one task, p99`, milliseconds(quantile(trips, 0.99)));
  }
}

async function benchIdle(env: TestEnv): Promise<void> {
  await env.ok(["restart"]);
  await env.ok(["service", "stop"]);
  await env.ok(["service", "start"]);
  const agent = (await env.json<{ agent: { pid: number } }>(["status"])).agent.pid;
  const service = (await env.json<{ pid: number }>(["service", "status"])).pid;
  await delay(5_000);
  const before = [processorTime(agent), processorTime(service)];
  await delay(IDLE_SECONDS * 1_000);
  for (
    const [index, [name, pid]] of ([["agent", agent], ["service", service]] as const).entries()
  ) {
    const load = (processorTime(pid) - before[index]) / IDLE_SECONDS * 100;
    const memory = `${(residentMemory(pid) / 1e6).toFixed(0)} MB`;
    line(`${name}, resident memory, idle`, memory, "at most 110 MB");
    line(`${name}, processor, idle for ${IDLE_SECONDS} s`, `${load.toFixed(2)} %`, "below 0.5 %");
  }
}

async function main(): Promise<number> {
  await buildWhenStale(ROOT);
  describeMachine();
  console.log(
    (await capture(Deno.execPath(), ["run", "-A", join(ROOT, "scripts", "bench_executor.ts")]))
      .trimEnd(),
  );
  await using env = new TestEnv({ env: { PATH: PATH_WITH_PYTHON } });
  await benchStart(env);
  await benchService(env);
  await benchIdle(env);
  return 0;
}

Deno.exitCode = await main();
