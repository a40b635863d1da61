/** Rows 1, 4 and 5: the executor alone, as an agent uses it, in a process of its own. */
import { capture } from "../../scripts/build/command.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { OURS } from "../figures.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import type { ExecutorJob, ExecutorRate } from "./executor_process.ts";
import { EFFICIENCY_TASKS } from "./wait_task.ts";

const PROCESS = fromFileUrl(new URL("./executor_process.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));

async function run(context: ScenarioContext, job: ExecutorJob): Promise<ExecutorRate> {
  const folder = Deno.makeTempDirSync({ dir: context.folder });
  const args = ["run", "-A", "--quiet", "--no-check", `--config=${CONFIG}`, PROCESS];
  const printed = await capture(Deno.execPath(), [...args, folder, JSON.stringify(job)], {
    cwd: join(folder),
  });
  return JSON.parse(printed);
}

function rate(name: string, row: number, figure: string, full: ExecutorJob): Scenario {
  return {
    name,
    subject: OURS,
    rows: [row],
    run: async (context) => {
      const tasks = sized(context, full.tasks, Math.min(500, full.tasks));
      const { seconds, processor } = await run(context, { ...full, tasks });
      context.record(figure, tasks / seconds);
      context.record(`${figure}.cpu`, processor / tasks * 1_000);
    },
  };
}

const efficiency: Scenario = {
  name: "executor alone, tasks that wait",
  subject: OURS,
  rows: [5],
  run: async (context) => {
    for (const { duration, tasks } of EFFICIENCY_TASKS) {
      const count = sized(context, tasks, 10);
      const { seconds } = await run(context, { kind: "wait", tasks: count, duration });
      context.record(`5.executor_${duration}ms`, count * duration / 1_000 / 2 / seconds);
    }
  },
};

export const executorScenarios: readonly Scenario[] = [
  rate("executor alone, TypeScript", 1, "1.typescript", { kind: "typescript", tasks: 400_000 }),
  rate("executor alone, Python", 1, "1.python", { kind: "python", tasks: 200_000 }),
  rate("executor alone, /bin/true", 4, "4.executor", { kind: "shell", tasks: 2_000 }),
  efficiency,
];
