/** Row 13: one task at a time, while another client's hundred thousand wait for the same endpoint. */
import { type Client, Executor, payloadOf } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";
import { quantile } from "../statistics.ts";
import { timed } from "../timing.ts";

const QUEUED = 100_000;
/** Of one request. */
const BATCH = 10_000;
const TRIPS = 300;
/** Milliseconds after which fewer trips have to do. */
const TRIPS_LIMIT = 20_000;

export const fairness: Scenario = {
  name: "one task at a time beside 100,000 of another client",
  subject: OURS,
  rows: [13],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    const { functionId } = await client.register(NO_OP.typescript);
    await using small = new Executor(client, id);
    const trips = sized(context, TRIPS, 10);
    const p99 = async (): Promise<number> =>
      quantile(await timed(trips, () => small.submit(functionId, 1), TRIPS_LIMIT), 0.99);
    await timed(sized(context, 100, 5), () => small.submit(functionId, 1));
    const alone = await p99();
    const count = sized(context, QUEUED, 2_000);
    const group = await submitMany(client, id, functionId, count);
    const beside = await p99();
    await allResults(client, group, count);
    context.record("13.alone", alone);
    context.record("13.beside", beside);
    context.record("13.ratio", beside / alone);
  },
};

async function submitMany(
  client: Client,
  endpointId: string,
  functionId: string,
  count: number,
): Promise<string> {
  const task_group_id = crypto.randomUUID();
  const payload = payloadOf([1], {});
  for (let left = count; left > 0; left -= BATCH) {
    const tasks = { [functionId]: Array(Math.min(BATCH, left)).fill(payload) };
    await client.submit(endpointId, { tasks, task_group_id });
  }
  return task_group_id;
}

async function allResults(client: Client, group: string, count: number): Promise<void> {
  let results = 0;
  for await (const { tasks } of client.results(group)) {
    results += tasks.length;
    if (results >= count) return;
  }
}
