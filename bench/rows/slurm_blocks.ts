/**
 * Row 15: workers in blocks of a real Slurm, of three nodes with two cores each on this machine;
 * takes root and Debian's packages.
 */
import { capture } from "../../scripts/build/command.ts";
import { type Client, Executor, payloadOf, shell } from "../../src/client/mod.ts";
import type { AgentStatus, BlockStatus } from "../../src/contract/control.ts";
import { delay } from "../../src/lib/async.ts";
import { signal } from "../../tests/helpers/processes.ts";
import { SlurmCluster, slurmObstacle } from "../../tests/helpers/slurm_cluster.ts";
import { until } from "../../tests/helpers/until.ts";
import { Deployment, NO_OP } from "../deployment.ts";
import { OURS } from "../figures.ts";
import { type Scenario, type ScenarioContext, sized } from "../scenario.ts";
import { median } from "../statistics.ts";
import { timed } from "../timing.ts";

const TASKS = 30_000;
const TRIPS = 200;
const BLOCKS = 50;
/** Over which the scheduler's commands are counted, milliseconds. */
const COUNTED_TIME = 60_000;
/** With Slurm's programs. */
const PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PATIENCE = 120_000;

export const slurmBlocks: Scenario = {
  name: "blocks of Slurm",
  subject: OURS,
  rows: [15],
  minutes: 10,
  run: async (context) => {
    const obstacle = await slurmObstacle();
    if (obstacle !== undefined) return context.note(`no Slurm here: ${obstacle}`);
    await using cluster = await SlurmCluster.start(3);
    await measureRate(context, cluster);
    await measureDeaths(context, cluster);
    if (!context.isSmoke) await countCommands(context, cluster);
  },
};

function slurmEndpoint(cluster: SlurmCluster, provider: object): Promise<Deployment> {
  const common = { type: "slurm", partition: "debug", walltime: "00:30:00", maxIdleTime: 600 };
  return Deployment.start({ provider: { ...common, ...provider } }, { PATH, ...cluster.env });
}

/** One block of one node against the pool of the agent, both with two workers. */
async function measureRate(context: ScenarioContext, cluster: SlurmCluster): Promise<void> {
  const local = await rateOf(context, await Deployment.start());
  await using deployment = await slurmEndpoint(cluster, { maxBlocks: 1 });
  const client = await deployment.client();
  const { id } = await deployment.status();
  const { functionId } = await client.register(NO_OP.typescript);
  await using executor = new Executor(client, id);
  const begun = performance.now();
  await executor.submit(functionId, 1);
  context.record("15.cold", performance.now() - begun);
  const trip = (): PromiseLike<unknown> => executor.submit(functionId, 1);
  await timed(sized(context, TRIPS / 10, 2), trip);
  context.record("15.first", median(await timed(sized(context, TRIPS, 5), trip)));
  const rate = await batches(context, executor, functionId);
  context.record("15.local_rate", local);
  context.record("15.rate", rate);
  context.record("15.ratio", rate / local);
}

async function rateOf(context: ScenarioContext, deployed: Deployment): Promise<number> {
  await using deployment = deployed;
  const client = await deployment.client();
  const { id } = await deployment.status();
  const { functionId } = await client.register(NO_OP.typescript);
  await using executor = new Executor(client, id);
  return await batches(context, executor, functionId);
}

async function batches(
  context: ScenarioContext,
  executor: Executor,
  functionId: string,
): Promise<number> {
  const batch = async (count: number): Promise<void> => {
    for await (const _ of executor.map(functionId, Array(count).keys()));
  };
  const tasks = sized(context, TASKS, 500);
  await batch(tasks / 5);
  const begun = performance.now();
  await batch(tasks);
  return tasks / ((performance.now() - begun) / 1_000);
}

/** How long each death goes unnoticed. */
async function measureDeaths(context: ScenarioContext, cluster: SlurmCluster): Promise<void> {
  await using deployment = await slurmEndpoint(cluster, { maxBlocks: 2, initBlocks: 2 });
  const client = await deployment.client();
  const work = new RunningWork(deployment, client);
  await work.start();

  const [first] = await work.managerPids();
  let at = Date.now();
  signal(first!, "SIGKILL");
  context.record("15.manager_killed", await work.waitsAgain(at) - at);

  const [block] = await work.attached(2);
  await work.start();
  at = Date.now();
  await capture("env", [...assignments(cluster.env), "scancel", block.job_id!]);
  context.record("15.block_cancelled", await work.waitsAgain(at) - at);

  await work.attached(2);
  at = Date.now();
  const [stopped] = await work.managerPids();
  signal(stopped!, "SIGSTOP");
  await until("a manager that is away", async () => {
    const managers = (await work.blocks()).flatMap((each) => each.managers);
    return managers.some(({ state }) => state === "away");
  }, PATIENCE);
  context.record("15.manager_stopped", Date.now() - at);
  signal(stopped!, "SIGCONT");
  await work.attached(2);

  signal(await deployment.agentPid(), "SIGKILL");
  at = Date.now();
  await deployment.env.ok(["start"]);
  await work.attached(2);
  context.record("15.agent_killed", Date.now() - at);
}

/** Tasks that are long enough to be interrupted, one for each worker. */
class RunningWork {
  readonly #deployment: Deployment;
  readonly #client: Client;
  readonly #taskIds: string[] = [];

  constructor(deployment: Deployment, client: Client) {
    this.#deployment = deployment;
    this.#client = client;
  }

  async #agent(): Promise<AgentStatus> {
    const { agent } = await this.#deployment.status();
    if (agent === null) throw new Error("the agent does not answer");
    return agent;
  }

  async blocks(): Promise<BlockStatus[]> {
    return (await this.#agent()).cluster!.blocks.filter(({ state }) => state !== "ended");
  }

  /** Waits for so many managers; gives their blocks. */
  attached(count: number): Promise<BlockStatus[]> {
    return until(`${count} managers`, async () => {
      const blocks = (await this.blocks()).filter(({ managers }) =>
        managers.some(({ state }) => state === "attached")
      );
      return blocks.length === count && blocks;
    }, PATIENCE);
  }

  managerPids(): Promise<number[]> {
    const found = this.#deployment.env.processes()
      .filter(({ command }) => command.includes("manager"));
    return Promise.resolve(found.map(({ pid }) => pid));
  }

  /** Gives every worker a task, and waits until all run. */
  async start(): Promise<void> {
    await this.attached(2);
    await this.#client.cancel(this.#taskIds.splice(0));
    await until(
      "idle workers",
      async () => (await this.#agent()).load.idle_workers === 4,
      PATIENCE,
    );
    const { id } = await this.#deployment.status();
    const { functionId } = await this.#client.register(shell("sleep 600"));
    const payload = payloadOf([], {});
    const { tasks } = await this.#client.submit(id, {
      tasks: { [functionId]: Array(4).fill(payload) },
    });
    this.#taskIds.push(...tasks[functionId]!);
    await until(
      "running tasks",
      async () => (await this.#agent()).load.idle_workers === 0,
      PATIENCE,
    );
    for (const taskId of this.#taskIds) {
      await until("a task that runs", () => this.#moved(taskId, "running", 0), PATIENCE);
    }
  }

  /** When the first task was put back after `since`; milliseconds since 1970. */
  async waitsAgain(since: number): Promise<number> {
    return await until("a task that waits again", async () => {
      const events = await Promise.all(
        this.#taskIds.map((taskId) => this.#moved(taskId, "waiting-for-nodes", since)),
      );
      return events.find((at) => at !== undefined);
    }, PATIENCE);
  }

  /** When the task came into the state after `since`; undefined while it has not. */
  async #moved(taskId: string, state: string, since: number): Promise<number | undefined> {
    const { timeline } = await this.#client.taskDetail(taskId);
    return timeline.find((event) => event.state === state && event.at > since)?.at;
  }
}

/** Jobs that wait: their number counts, not what they do. */
async function countCommands(context: ScenarioContext, cluster: SlurmCluster): Promise<void> {
  const provider = { partition: "closed", initBlocks: BLOCKS, maxBlocks: BLOCKS };
  await using deployment = await slurmEndpoint(cluster, provider);
  const commands = async (): Promise<number> => {
    const { agent } = await deployment.status();
    return agent!.cluster!.scheduler_commands;
  };
  await until(`${BLOCKS} jobs`, async () => {
    const { agent } = await deployment.status();
    const blocks = agent!.cluster!.blocks.filter(({ job_id }) => job_id !== null);
    return blocks.length === BLOCKS;
  }, PATIENCE);
  const before = await commands();
  await delay(COUNTED_TIME);
  context.record("15.commands", await commands() - before);
}

function assignments(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
