/** Row 4 through the service: `/bin/true` as a shell task. */
import { Executor } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";

const TASKS = 4_000;

export const shellService: Scenario = {
  name: "/bin/true through the service",
  subject: OURS,
  rows: [4],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    const { functionId } = await client.register(NO_OP.shell);
    await using executor = new Executor(client, id);
    const batch = async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, () => executor.submit(functionId)));
    };
    await batch(sized(context, TASKS / 5, 4));
    const tasks = sized(context, TASKS, 50);
    const { seconds, processor } = await deployment.measure(() => batch(tasks));
    context.record("4.service", tasks / seconds);
    context.record("4.service.cpu", processor / tasks * 1_000);
  },
};
