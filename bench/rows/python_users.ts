/**
 * Row 17: what users of the official SDK get, from this program's endpoint and, side by side, from the
 * endpoint agent of Globus Compute, both of two workers with the same Python, behind the same service
 * with its own broker. Each has the machine for itself. Takes root on Linux, and PyPI once.
 */
import { delay } from "../../src/lib/async.ts";
import { fromFileUrl } from "../../src/lib/path.ts";
import { GLOBUS_ENDPOINT, GlobusAgent } from "../../tests/helpers/globus_agent.ts";
import { globusSdk, GlobusStage, NEWEST_SDK } from "../../tests/helpers/globus_sdk.ts";
import { OwnNetwork } from "../../tests/helpers/own_network.ts";
import { TestEnv } from "../../tests/helpers/test_env.ts";
import { until } from "../../tests/helpers/until.ts";
import { FLOOR, OURS, PEERS } from "../figures.ts";
import { memoryUse, processTree } from "../process_usage.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { median } from "../statistics.ts";

const PROGRAM = Deno.readTextFileSync(
  fromFileUrl(new URL("./python_users_process.py", import.meta.url)),
);
const TRIPS = 40;
const QUICK_TRIPS = 200;
const TASKS = 5_000;
/** Seconds between the SDK's looks at what has come: its own, and one that is no hindrance. */
const SDK_POLL = 0.5;
const QUICK_POLL = 0.001;
/** Milliseconds after which processes that were just used count as idle. */
const SETTLING = 3_000;
const PATIENCE = 180_000;

/** One of the two. */
interface Endpoint {
  readonly subject: string;
  /** Returns when the process that starts it is there. */
  start(): Promise<void>;
  /** Returns its id when it can be asked. */
  ready(): Promise<string>;
  stop(): Promise<void>;
  /** Of all its processes. */
  pids(): Promise<readonly number[]>;
}

export const pythonUsers: Scenario = {
  name: "the official SDK",
  subject: OURS,
  rows: [17],
  minutes: 12,
  run: async (context) => {
    const { environment } = await globusSdk(NEWEST_SDK, {
      also: [GLOBUS_ENDPOINT],
    });
    if (environment.kind === "obstacle") return context.note(`no SDK here: ${environment.reason}`);
    await using network = await OwnNetwork.open();
    await using env = new TestEnv({ enter: network.enter });
    const stage = await GlobusStage.begin(env, network, environment);
    context.record("floor.sdk_poll", SDK_POLL * 1_000, FLOOR);
    for (const endpoint of [ours(stage), await theirs(stage)]) {
      await measure(context, stage, endpoint);
      await endpoint.stop();
    }
    await env.ok(["service", "stop"]);
  },
};

async function measure(
  context: ScenarioContext,
  stage: GlobusStage,
  endpoint: Endpoint,
): Promise<void> {
  const { subject } = endpoint;
  const record = (figure: string, value: number): void => context.record(figure, value, subject);
  // Once before: what an endpoint does at its very first start is no part of a start.
  await endpoint.start();
  const id = await endpoint.ready();
  const run = <T>(phase: string, count: number, poll = SDK_POLL): Promise<T> =>
    stage.value<T>(PROGRAM, { ...settings(phase, count, poll), ENDPOINT: id });
  await run("trips", 1);
  await endpoint.stop();
  record("17.first", await firstResult(stage, endpoint, id));
  record("17.trip", median(await run<number[]>("trips", sized(context, TRIPS, 2))));
  const quick = await run<number[]>("trips", sized(context, QUICK_TRIPS, 2), QUICK_POLL);
  record("17.quick_trip", median(quick));
  record("17.rate", await run<number>("rate", sized(context, TASKS, 50)));
  await delay(sized(context, SETTLING, 100));
  const uses = (await endpoint.pids()).map(memoryUse);
  record("17.memory", uses.reduce((sum, { proportional }) => sum + proportional, 0));
}

/** Seconds from the start of an endpoint to the result of a task that waits for it. */
async function firstResult(stage: GlobusStage, endpoint: Endpoint, id: string): Promise<number> {
  const env = { ...settings("first", 1, QUICK_POLL), ENDPOINT: id };
  await using program = stage.startPython(PROGRAM, env);
  await program.untilPrinted(/submitted/);
  const begun = Date.now();
  await endpoint.start();
  const { code, stdout, stderr } = await program.finished(PATIENCE);
  if (code !== 0) throw new Error(`${stdout}\n${stderr}`);
  return (JSON.parse(stdout.slice(stdout.indexOf("\x02") + 1)) - begun) / 1_000;
}

function settings(phase: string, count: number, poll: number): Record<string, string> {
  const common = { PHASE: phase, COUNT: String(count) };
  return poll === SDK_POLL ? common : { ...common, POLL: String(poll) };
}

function ours(stage: GlobusStage): Endpoint {
  const { env } = stage;
  const status = (): Promise<{ id: string; agent: { pid: number } }> => env.json(["status"]);
  let isConfigured = false;
  return {
    subject: OURS,
    start: async () => {
      if (isConfigured) await env.ok(["start"]);
      else await stage.startEndpoint();
      isConfigured = true;
    },
    ready: async () => (await status()).id,
    stop: async () => void await env.ok(["stop"]),
    pids: async () => processTree((await status()).agent.pid),
  };
}

async function theirs(stage: GlobusStage): Promise<Endpoint> {
  const agent = new GlobusAgent(stage);
  await agent.configure();
  return {
    subject: PEERS.globus,
    start: () => Promise.resolve(void agent.launch()),
    ready: async () => {
      await until("the agent", async () => await agent.status() === "Active", PATIENCE);
      return agent.id!;
    },
    stop: () => agent.stop(),
    pids: () => Promise.resolve(agent.processes().map(({ pid }) => pid)),
  };
}
