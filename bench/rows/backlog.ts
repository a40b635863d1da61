/**
 * Rows 6 and 8: a million tasks that wait. Their function's module waits for a file, the gate, before
 * it is loaded, so the workers are held up at their first task and run at full speed once it is
 * there; meanwhile the agent is killed and started again.
 */
import { type Client, payloadOf, typescript } from "../../src/client/mod.ts";
import { delay } from "../../src/lib/async.ts";
import { join } from "../../src/lib/path.ts";
import { signal } from "../../tests/helpers/processes.ts";
import { Deployment } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { memoryUse } from "../process_usage.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { median } from "../statistics.ts";

const MANY = 1_000_000;
const FEW = 10_000;
/** Of one request, and requests at a time. */
const BATCH = 10_000;
const REQUESTS = 4;
/** Results that come before the clock runs: workers that begin are not what is measured. */
const RAMP = 0.1;
/** Milliseconds between two looks at what the agent has, and looks without a change that will do. */
const LOOK = 500;
const UNCHANGED_LOOKS = 10;
/** Seconds that a start may take which replays a million tasks. */
const START_PATIENCE = 300;

function gated(gate: string): ReturnType<typeof typescript> {
  return typescript(`
    for (;;) {
      try {
        Deno.statSync(${JSON.stringify(gate)});
        break;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    export default (x) => x;
  `);
}

/** Tasks of one function that wait at their gate. */
class Backlog {
  readonly #client: Client;
  readonly #gate: string;
  readonly #groupId = crypto.randomUUID();
  readonly #count: number;

  constructor(client: Client, folder: string, count: number) {
    this.#client = client;
    this.#gate = join(folder, crypto.randomUUID());
    this.#count = count;
  }

  async submit(endpointId: string): Promise<void> {
    const { functionId } = await this.#client.register(gated(this.#gate));
    const payload = payloadOf([1], {});
    let left = this.#count;
    const requests = async (): Promise<void> => {
      while (left > 0) {
        const size = Math.min(BATCH, left);
        left -= size;
        await this.#client.submit(endpointId, {
          tasks: { [functionId]: Array(size).fill(payload) },
          task_group_id: this.#groupId,
        });
      }
    };
    await Promise.all(Array.from({ length: REQUESTS }, requests));
  }

  open(): void {
    Deno.writeTextFileSync(this.#gate, "");
  }

  /** Opens the gate, and gives the rate of each of `windows` windows of `size` results. */
  async drain(size: number, windows: number): Promise<number[]> {
    const rates: number[] = [];
    let results = 0;
    let begun: number | undefined;
    this.open();
    for await (const { tasks } of this.#client.results(this.#groupId)) {
      results += tasks.length;
      const now = performance.now();
      if (results >= size * RAMP) begun ??= now;
      if (results < size) continue;
      rates.push(size * (1 - RAMP) / ((now - begun!) / 1_000));
      if (rates.length === windows) break;
      results -= size;
      begun = undefined;
    }
    return rates;
  }
}

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

async function many(
  context: ScenarioContext,
  deployment: Deployment,
  few: readonly number[],
): Promise<void> {
  const client = await deployment.client();
  const { id } = await deployment.status();
  const count = sized(context, MANY, 5_000);
  const peak = new Peak();
  const backlog = new Backlog(client, deployment.env.root, count);
  const begun = performance.now();
  await backlog.submit(id);
  context.record("6.submit", count / ((performance.now() - begun) / 1_000));
  const held = await settled(deployment, count);
  if (held < count) context.note(`the agent held ${held} of the ${count} tasks of rows 6 and 8`);
  await peak.look(deployment);
  if (context.wants(8)) {
    for (let kill = 0; kill < context.repeats; kill++) await killAndReplay(context, deployment);
  }
  if (!context.wants(6)) return;
  const size = sized(context, FEW, 500);
  const windows = await backlog.drain(size, context.repeats + 1);
  await peak.look(deployment);
  for (const rate of withoutFirst(windows)) {
    context.record("6.rate_many", rate);
    context.record("6.ratio", rate / median(few));
  }
  context.record("6.service_peak", peak.service);
  context.record("6.agent_peak", peak.agent);
  context.record("6.service_pss", memoryUse(await deployment.servicePid()).proportional);
  context.record("6.agent_pss", memoryUse(await deployment.agentPid()).proportional);
}

async function fewAtATime(context: ScenarioContext, deployment: Deployment): Promise<number[]> {
  const client = await deployment.client();
  const { id } = await deployment.status();
  const size = sized(context, FEW, 500);
  const rates: number[] = [];
  for (let drain = 0; drain < context.repeats + 1; drain++) {
    const backlog = new Backlog(client, deployment.env.root, size);
    await backlog.submit(id);
    await settled(deployment, size);
    rates.push(...await backlog.drain(size, 1));
    await deployment.idle();
  }
  return withoutFirst(rates);
}

/** The first one warms everything up. */
function withoutFirst(rates: readonly number[]): number[] {
  return rates.slice(1);
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
    const few = context.wants(6) ? await fewAtATime(context, deployment) : [];
    for (const rate of few) context.record("6.rate_few", rate);
    await many(context, deployment, few);
    await deployment.kill();
  },
};
