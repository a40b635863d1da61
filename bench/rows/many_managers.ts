/** Row 14: an agent with thousands of managers: all idle, at work, and after its own death. */
import { type Client, Executor } from "../../src/client/mod.ts";
import { CONNECTION_FILE } from "../../src/contract/manager_connection.ts";
import { delay } from "../../src/lib/async.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { signal } from "../../tests/helpers/processes.ts";
import { until } from "../../tests/helpers/until.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { connectionsAllowed, Fleet } from "../fleet.ts";
import { memoryUse, processorSeconds } from "../process_usage.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";

const MANAGERS = 2_000;
/** Each speaks for its share of the managers. */
const PROCESSES = 2;
const TASKS = 60_000;
const WARM_UP = 12_000;
const IDLE_SECONDS = 30;
/** Milliseconds after which a fake worker ends an attempt. */
const TASK_TIME = 0;
const PATIENCE = 120_000;

const PROCESS = fromFileUrl(new URL("./many_managers_process.ts", import.meta.url));

/** One job, which runs and does nothing: its managers are the fleets'. */
const PROVIDER = {
  type: "exec",
  initBlocks: 1,
  minBlocks: 1,
  maxBlocks: 1,
  submit: ["sh", "-c", "echo 1", "{script}"],
  status: ["sh", "-c", 'for job; do echo "$job running"; done', "sh", "{jobs}"],
  cancel: ["true", "{jobs}"],
};

async function connectionFile({ env }: Deployment): Promise<string> {
  const blocks = join(env.state, "default", "blocks");
  return await until("a block", () => {
    const [folder] = foldersIn(blocks);
    const path = join(blocks, folder ?? "", CONNECTION_FILE);
    return folder !== undefined && isThere(path) && path;
  }, PATIENCE);
}

function foldersIn(path: string): string[] {
  if (!isThere(path)) return [];
  return [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory).map(({ name }) => name);
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

async function runTasks(
  context: ScenarioContext,
  deployment: Deployment,
  client: Client,
): Promise<void> {
  const { id } = await deployment.status();
  await using executor = new Executor(client, id);
  const { functionId } = await client.register(NO_OP.typescript);
  const batch = async (count: number): Promise<void> => {
    let results = 0;
    for await (const _ of executor.map(functionId, Array(count).keys())) results++;
    if (results !== count) throw new Error(`${results} results of ${count} tasks`);
  };
  await batch(sized(context, WARM_UP, 100));
  const tasks = sized(context, TASKS, 500);
  const { seconds, processor } = await deployment.measure(() => batch(tasks));
  context.record("14.rate", tasks / seconds);
  context.record("14.rate.cpu", processor / tasks * 1_000);
}

export const manyManagers: Scenario = {
  name: "2,000 managers",
  subject: OURS,
  rows: [14],
  repeats: 3,
  minutes: 6,
  run: async (context) => {
    const wanted = sized(context, MANAGERS, 50);
    const count = await connectionsAllowed(wanted);
    if (count < wanted) context.note(`row 14 has only ${count} managers, by ulimit -n`);
    const executor = { address: "127.0.0.1", provider: PROVIDER };
    await using deployment = await Deployment.start(executor);
    const client = await deployment.client();
    const file = await connectionFile(deployment);
    const agent = await deployment.agentPid();
    await delay(sized(context, 2_000, 100));
    const before = memoryUse(agent).resident;
    const grown = (): number => (memoryUse(agent).resident - before) * 1_000 / count;
    await using fleets = new AsyncDisposableStack();
    const share = Math.ceil(count / PROCESSES);
    const all = Array.from({ length: PROCESSES }, (_, index) => {
      const size = Math.min(share, count - index * share);
      return fleets.use(new Fleet(PROCESS, size, [file, String(size), String(TASK_TIME)]));
    });
    const connected = (): Promise<unknown> =>
      until("all managers", () => all.every((fleet) => fleet.connected === fleet.size), PATIENCE);
    await connected();
    const seconds = sized(context, IDLE_SECONDS, 1);
    const processor = processorSeconds(agent);
    await delay(seconds * 1_000);
    context.record("14.processor", (processorSeconds(agent) - processor) / seconds * 100);
    context.record("14.memory", grown());
    await runTasks(context, deployment, client);
    context.record("14.busy_memory", grown());
    signal(agent, "SIGKILL");
    await until("no manager", () => all.every((fleet) => fleet.connected === 0), PATIENCE);
    const begun = performance.now();
    await deployment.env.ok(["start"]);
    await connected();
    context.record("14.return", (performance.now() - begun) / 1_000);
  },
};
