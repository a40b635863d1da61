/** Row 11: from `start` to Active, and to the first result, beside a running service. */
import { Executor } from "../../src/client/mod.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import type { Scenario } from "../scenario.ts";

export const start: Scenario = {
  name: "start to Active and to the first result",
  subject: OURS,
  rows: [11],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const client = await deployment.client();
    const { id } = await deployment.status();
    const { functionId } = await client.register(NO_OP.typescript);
    await deployment.env.ok(["stop"]);
    await using executor = new Executor(client, id);
    const begun = performance.now();
    await deployment.env.ok(["start"]);
    context.record("11.active", performance.now() - begun);
    await executor.submit(functionId, 1);
    context.record("11.result", performance.now() - begun);
  },
};
