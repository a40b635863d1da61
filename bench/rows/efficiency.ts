/** Row 5 through the service: how much of two workers' time goes to tasks that wait. */
import { Executor } from "../../src/client/mod.ts";
import { Deployment, WORKERS } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";
import { EFFICIENCY_TASKS, WAIT } from "./wait_task.ts";

export const serviceEfficiency: Scenario = {
  name: "through the service, tasks that wait",
  subject: OURS,
  rows: [5],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    const { functionId } = await client.register(WAIT);
    await using executor = new Executor(client, id);
    const batch = async (count: number, duration: number): Promise<void> => {
      await Promise.all(
        Array.from({ length: count }, () => executor.submit(functionId, duration)),
      );
    };
    await batch(sized(context, 500, 4), 1);
    for (const { duration, tasks } of EFFICIENCY_TASKS) {
      const count = sized(context, tasks, 10);
      const begun = performance.now();
      await batch(count, duration);
      const spent = WORKERS * (performance.now() - begun);
      context.record(`5.service_${duration}ms`, count * duration / spent);
    }
  },
};
