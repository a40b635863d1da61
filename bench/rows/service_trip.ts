/** Row 3: one task at a time through the service. */
import { Executor } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";
import { median, quantile } from "../statistics.ts";
import { timed } from "../timing.ts";

const TRIPS = 1_000;
const WARM_UP = 200;

export const serviceTrip: Scenario = {
  name: "through the service, one at a time",
  subject: OURS,
  rows: [3],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    const { functionId } = await client.register(NO_OP.typescript);
    await using executor = new Executor(client, id);
    await timed(sized(context, WARM_UP, 5), () => executor.submit(functionId, 1));
    const trips = sized(context, TRIPS, 20);
    let times: number[] = [];
    const { processor } = await deployment.measure(async () => {
      times = await timed(trips, () => executor.submit(functionId, 1));
    });
    context.record("3.p50", median(times));
    context.record("3.p99", quantile(times, 0.99));
    context.record("3.p50.cpu", processor / trips * 1_000);
  },
};
