/** Row 12: commands that people and scripts wait for. */
import { Executor } from "../../src/client/mod.ts";
import { join } from "../../src/lib/path.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, sized } from "../scenario.ts";
import { median } from "../statistics.ts";
import { timed } from "../timing.ts";

const PROFILES = 100;
const TASKS = 10_000;
/** Of each command in one repeat; their median is one value. */
const TIMES = 5;

export const commands: Scenario = {
  name: "commands: --version, list, task list",
  subject: OURS,
  rows: [12],
  run: async (context) => {
    await using deployment = await Deployment.start();
    const { env } = deployment;
    const tasks = sized(context, TASKS, 100);
    for (let count = 1; count < PROFILES; count++) {
      env.file(join(".funcx", `profile${count}`, "config.ts"), "export default {};\n");
    }
    const { id } = await deployment.status();
    await using executor = new Executor(await deployment.client(), id);
    for await (const _ of executor.map(NO_OP.typescript, Array(tasks).keys()));
    const measure = async (figure: string, args: readonly string[]): Promise<void> => {
      await env.ok(args);
      context.record(figure, median(await timed(sized(context, TIMES, 1), () => env.ok(args))));
    };
    await measure("12.version", ["--version"]);
    await measure("12.list", ["list"]);
    const listed = await env.json<unknown[]>(["task", "list", "--limit", String(tasks)]);
    if (listed.length !== tasks) throw new Error(`${listed.length} of ${tasks} tasks are listed`);
    await measure("12.tasks", ["task", "list", "--limit", String(tasks), "--json"]);
  },
};
