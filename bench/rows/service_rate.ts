/** Row 2: no-op tasks in batches through the service, from the client's call to results in its hand. */
import { Executor } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";

/** Several seconds of tasks after a fifth of them, as the peers have it. */
const TASKS = 60_000;
const WARM_UP = 12_000;

export const serviceRate: Scenario = {
  name: "through the service, in batches",
  subject: OURS,
  rows: [2],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    for (const runtime of ["typescript", "python"] as const) {
      await using executor = new Executor(client, id);
      const { functionId } = await client.register(NO_OP[runtime]);
      const batch = async (count: number): Promise<void> => {
        let results = 0;
        for await (const _ of executor.map(functionId, Array(count).keys())) results++;
        if (results !== count) throw new Error(`${results} results of ${count} tasks`);
      };
      await batch(sized(context, WARM_UP, 100));
      const tasks = sized(context, TASKS, 500);
      const { seconds, processor } = await deployment.measure(() => batch(tasks));
      context.record(`2.${runtime}`, tasks / seconds);
      context.record(`2.${runtime}.cpu`, processor / tasks * 1_000);
    }
  },
};
