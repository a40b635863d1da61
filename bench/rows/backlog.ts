/** Rows 6 and 8: a million tasks that wait; the agent that holds them is killed and started again. */
import type { Client } from "../../src/client/mod.ts";
import { delay } from "../../src/lib/async.ts";
import { signal } from "../../tests/helpers/processes.ts";
import { Deployment } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { memoryUse } from "../process_usage.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { median } from "../statistics.ts";
import { Backlog } from "./gated_tasks.ts";

const MANY = 1_000_000;
const FEW = 10_000;
/** Of one window of results, over which a rate is taken. */
const WINDOW = 10_000;
/** Milliseconds between two looks at what the agent has, and looks without a change that will do. */
const LOOK = 500;
const UNCHANGED_LOOKS = 10;
/** Seconds that a start may take which replays a million tasks. */
const START_PATIENCE = 300;

/** Waits until what the agent holds no longer grows, or is all that was submitted. */
async function settled(deployment: Deployment, count: number): Promise<number> {
  for (let earlier = -1, unchanged = 0;;) {
    const { agent } = await deployment.status();
    const held = (agent?.load.pending_tasks ?? 0) + (agent?.load.outstanding_tasks ?? 0);
    unchanged = held === earlier ? unchanged + 1 : 0;
    if (held >= count || (held > 0 && unchanged === UNCHANGED_LOOKS)) return held;
    earlier = held;
    await delay(LOOK);
  }
}

async function killAndReplay(context: ScenarioContext, deployment: Deployment): Promise<void> {
  signal(await deployment.agentPid(), "SIGKILL");
  const begun = performance.now();
  await deployment.env.ok(["start", "--wait", String(START_PATIENCE)], {
    timeout: START_PATIENCE * 1_000,
  });
  context.record("8.replay", (performance.now() - begun) / 1_000);
}

class Peak {
  service = 0;
  agent = 0;

  async look(deployment: Deployment): Promise<void> {
    this.service = Math.max(this.service, memoryUse(await deployment.servicePid()).peak);
    this.agent = Math.max(this.agent, memoryUse(await deployment.agentPid()).peak);
  }
}

/** What both are measured on. */
interface Target {
  readonly context: ScenarioContext;
  readonly deployment: Deployment;
  readonly client: Client;
  readonly endpointId: string;
}

/** The rates of windows, of which the first warms everything up. */
async function ratesOf({ context }: Target, backlog: Backlog): Promise<number[]> {
  const rates = await backlog.rates(sized(context, WINDOW, 500), context.repeats + 1);
  return rates.slice(1);
}

async function withFew(target: Target): Promise<number[]> {
  const { context, deployment, client, endpointId } = target;
  const count = sized(context, FEW, 500);
  const backlog = await Backlog.at(deployment, client, endpointId);
  await backlog.submit(count);
  await settled(deployment, count);
  const rates = await ratesOf(target, backlog);
  await deployment.idle();
  return rates;
}

async function withMany(target: Target): Promise<number[]> {
  const { context, deployment, client, endpointId } = target;
  const count = sized(context, MANY, 5_000);
  const peak = new Peak();
  const backlog = await Backlog.at(deployment, client, endpointId);
  const begun = performance.now();
  await backlog.submit(count);
  context.record("6.submit", count / ((performance.now() - begun) / 1_000));
  const held = await settled(deployment, count);
  if (held < count) context.note(`the agent held ${held} of the ${count} tasks of rows 6 and 8`);
  await peak.look(deployment);
  if (context.wants(8)) {
    for (let kill = 0; kill < context.repeats; kill++) await killAndReplay(context, deployment);
  }
  if (!context.wants(6)) return [];
  const rates = await ratesOf(target, backlog);
  await peak.look(deployment);
  context.record("6.service_peak", peak.service);
  context.record("6.agent_peak", peak.agent);
  context.record("6.service_pss", memoryUse(await deployment.servicePid()).proportional);
  context.record("6.agent_pss", memoryUse(await deployment.agentPid()).proportional);
  return rates;
}

export const backlog: Scenario = {
  name: "a million tasks that wait",
  subject: OURS,
  rows: [6, 8],
  repeats: 1,
  minutes: 12,
  run: async (context) => {
    await using deployment = await Deployment.start({
      maxAttempts: 100,
      runtimes: { typescript: { permissions: { read: true } }, python: false },
    });
    const client = await deployment.client();
    const { id } = await deployment.status();
    const target = { context, deployment, client, endpointId: id };
    const few = context.wants(6) ? await withFew(target) : [];
    for (const rate of few) context.record("6.rate_few", rate);
    for (const rate of await withMany(target)) {
      context.record("6.rate_many", rate);
      context.record("6.ratio", rate / median(few));
    }
    await deployment.kill();
  },
};
