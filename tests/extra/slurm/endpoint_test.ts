/**
 * An endpoint whose workers are in blocks of a real Slurm of three nodes with two cores each; see
 * `provider_test.ts`. Each test has an endpoint of its own and leaves the queue empty.
 */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { capture } from "../../../scripts/build/command.ts";
import { Client, Executor, payloadOf, shell, typescript } from "../../../src/client/mod.ts";
import type { AgentStatus, BlockStatus } from "../../../src/contract/control.ts";
import { withTimeout } from "../../../src/lib/async.ts";
import { join } from "../../../src/lib/path.ts";
import { signal } from "../../helpers/processes.ts";
import { SlurmCluster, slurmObstacle } from "../../helpers/slurm_cluster.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { until } from "../../helpers/until.ts";

const OBSTACLE = await slurmObstacle();
/** Blocks come and go in seconds here; the test waits for what happens, however long it takes. */
const PATIENCE = 90_000;

/** With Slurm's programs, which other tests do without. */
const PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

let cluster: SlurmCluster | undefined;

Deno.test.beforeAll(async () => {
  if (OBSTACLE === undefined) cluster = await SlurmCluster.start(3);
});
Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

/** A service and an endpoint with the provider of a test. */
class Site implements AsyncDisposable {
  readonly env = new TestEnv({ env: { PATH, ...cluster!.env } });

  static async start(provider: object = {}, executor: object = {}): Promise<Site> {
    const site = new Site();
    const { env } = site;
    await env.ok(["init"]);
    const profile = {
      executor: {
        workersPerNode: 2,
        ...executor,
        provider: {
          type: "slurm",
          partition: "debug",
          walltime: "00:05:00",
          maxBlocks: 3,
          maxIdleTime: 3,
          pollInterval: 2,
          ...provider,
        },
      },
    };
    const text = `export default ${JSON.stringify(profile, null, 2)};\n`;
    env.file(join(".funcx", "default", "config.ts"), text);
    await env.ok(["service", "start"]);
    await env.ok(["start"]);
    return site;
  }

  async client(): Promise<Client> {
    const { url } = await this.env.json<{ url: string }>(["service", "status"]);
    const { token } = await this.env.json<{ token: string }>(["service", "token", "create"]);
    return new Client({ url, token });
  }

  async agent(): Promise<AgentStatus> {
    const { agent } = await this.env.json<{ agent: AgentStatus | null }>(["status"]);
    assertTrue(agent !== null, "the agent does not answer");
    return agent;
  }

  async endpointId(): Promise<string> {
    return (await this.agent()).endpoint_id!;
  }

  /** Those that have a job. */
  async blocks(): Promise<BlockStatus[]> {
    const { cluster } = await this.agent();
    return cluster!.blocks.filter(({ state }) => state !== "ended");
  }

  /** Waits for so many managers that are there. */
  managers(count: number): Promise<BlockStatus[]> {
    return until(`${count} managers`, async () => {
      const blocks = await this.blocks();
      const managers = blocks.flatMap((block) => block.managers);
      return managers.filter(({ state }) => state === "attached").length === count && blocks;
    }, PATIENCE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.env[Symbol.asyncDispose]();
  }
}

/** Ids of jobs that are in the queue, whatever their state. */
async function queue(): Promise<string[]> {
  const text = await slurm(["squeue", "--noheader", "--format=%i"]);
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

async function slurm([program, ...args]: readonly string[]): Promise<string> {
  return await capture("env", [...pairs(cluster!.env), program!, ...args]);
}

function pairs(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

function slurmTest(name: string, body: () => Promise<void>): void {
  Deno.test({
    name: `an endpoint on Slurm: ${name}`,
    ignore: OBSTACLE !== undefined,
    fn: async () => {
      await body();
      await until("an empty queue", async () => (await queue()).length === 0, PATIENCE);
    },
  });
}

interface Shell {
  readonly stdout: string;
}

/** All results, or the test fails. */
async function results<T>(tasks: readonly PromiseLike<unknown>[]): Promise<T[]> {
  const all = await withTimeout(Promise.all(tasks), 2 * PATIENCE);
  assertTrue(all !== "timeout", `not all of ${tasks.length} results came`);
  return all as T[];
}

const DOUBLE = typescript("export default (x: number) => x * 2;\n");

slurmTest("blocks follow the load, up to their number and down to none", async () => {
  await using site = await Site.start();
  const client = await site.client();
  const endpoint_id = await site.endpointId();
  // Only nodes know what is installed on nodes.
  assertEquals((await site.agent()).load.python_version, undefined);
  await using executor = new Executor(client, endpoint_id);
  const numbers = Array.from({ length: 20_000 }, (_, index) => index);
  const doubled = await results<number>(numbers.map((x) => executor.submit(DOUBLE, x)));
  assertEquals(doubled, numbers.map((x) => x * 2));
  const slow = shell("sleep 1; echo $SLURM_JOB_ID");
  const running = Array.from({ length: 300 }, () => executor.submit(slow));
  await site.managers(3);
  const jobs = new Set((await results<Shell>(running)).map(({ stdout }) => stdout.trim()));
  assertEquals(jobs.size, 3);
  await until("no block", async () => (await site.blocks()).length === 0, PATIENCE);
  const { problem, load } = await site.agent();
  assertEquals(problem, null);
  assertMatch(load.python_version!, /^3\.\d+\.\d+$/);
  const { details } = await client.call("getEndpoint", { params: { endpoint_id } });
  assertEquals(details!.python_version, load.python_version);
});

slurmTest("a block that is cancelled under its tasks loses none, and no attempt", async () => {
  await using site = await Site.start();
  const client = await site.client();
  const id = await site.endpointId();
  await using executor = new Executor(client, id);
  const tasks = Array.from({ length: 8 }, () => executor.submit(shell("sleep 4; echo done")));
  const [block] = await site.managers(3);
  await until("its tasks", async () => (await site.agent()).load.outstanding_tasks >= 6, PATIENCE);
  await slurm(["scancel", block.job_id!]);
  const ended = await results<Shell>(tasks);
  assertEquals(ended.map(({ stdout }) => stdout), Array(8).fill("done\n"));
  const { items } = await client.call("listTasks", { query: { endpoint_id: id } });
  const again = items.filter(({ attempt }) => attempt > 1);
  assertTrue(again.length > 0, "none of them ran there");
  for (const { task_id } of again) {
    const { timeline } = await client.taskDetail(task_id);
    const back = timeline.find(({ state, detail }) =>
      state === "waiting-for-nodes" && detail !== undefined
    );
    assertMatch(back!.detail!, /^moved: block .* was told to end/);
  }
});

slurmTest("a manager that is killed is noticed, and its tasks run elsewhere", async () => {
  await using site = await Site.start({ maxBlocks: 2 });
  const client = await site.client();
  const id = await site.endpointId();
  const { functionId } = await client.register(shell("sleep 3; echo done"));
  await using executor = new Executor(client, id);
  const tasks = Array.from({ length: 4 }, () => executor.submit(functionId));
  await site.managers(2);
  await until("its tasks", async () => (await site.agent()).load.outstanding_tasks === 4, PATIENCE);
  const [manager] = site.env.processes().filter(({ command }) => command.includes("manager"));
  signal(manager!.pid, "SIGKILL");
  const ended = await results<Shell>(tasks);
  assertEquals(ended.map(({ stdout }) => stdout), Array(4).fill("done\n"));
  const { items } = await client.call("listTasks", { query: { endpoint_id: id } });
  const attempts = items.map(({ attempt }) => attempt).sort();
  assertEquals(attempts, [1, 1, 2, 2]);
  const retried = items.find(({ attempt }) => attempt === 2)!;
  const { timeline } = await client.taskDetail(retried.task_id);
  const moved = timeline.find(({ state, detail }) =>
    state === "waiting-for-nodes" && detail !== undefined
  );
  assertMatch(moved!.detail!, /manager .* on node .* \(block .*\) was lost/);
});

slurmTest("managers and what they run outlive a kill of the agent", async () => {
  await using site = await Site.start({ maxBlocks: 1 });
  const client = await site.client();
  const ran = site.env.file("ran", "");
  await using executor = new Executor(client, await site.endpointId());
  const task = executor.submit(shell(`echo once >> ${ran}; sleep 6; echo done`));
  const [before] = await site.managers(1);
  await until("its beginning", () => Deno.readTextFileSync(ran) !== "", PATIENCE);
  signal((await site.agent()).pid, "SIGKILL");
  await site.env.ok(["start"]);
  const [{ stdout }] = await results<Shell>([task]);
  assertEquals(stdout, "done\n");
  assertEquals(Deno.readTextFileSync(ran), "once\n");
  const [after] = await site.managers(1);
  assertEquals([after.block_id, after.job_id], [before.block_id, before.job_id]);
  assertEquals(after.managers[0]!.manager_id, before.managers[0]!.manager_id);
});

for (
  const [what, wrong, words] of [
    ["partition", { partition: "nowhere" }, /invalid partition/i],
    ["account", { account: "nobody" }, /invalid account/i],
  ] as const
) {
  slurmTest(`a wrong ${what} is told in Slurm's words, and three times at most`, async () => {
    await using site = await Site.start(wrong);
    const client = await site.client();
    const { functionId } = await client.register(DOUBLE);
    const id = await site.endpointId();
    const submitted = await client.submit(id, {
      tasks: { [functionId]: [payloadOf([1], {})] },
    });
    const [taskId] = submitted.tasks[functionId]!;
    const { problem, cluster } = await until("the end of it", async () => {
      const agent = await site.agent();
      return agent.problem?.message.startsWith("no more blocks are asked for") && agent;
    }, PATIENCE);
    assertMatch(problem!.message, words);
    assertMatch(problem!.hint!, /executor\.provider/);
    assertEquals(cluster!.scheduler_commands, 3);
    const told = await until("the service to know", async () => {
      const { waiting_for } = await client.taskDetail(taskId!);
      return waiting_for !== undefined && waiting_for.message.includes("3 in a row") && waiting_for;
    }, PATIENCE);
    assertMatch(told.message, words);
    assertMatch(await site.env.ok(["task", "show", taskId!]), words);
    assertMatch(await site.env.ok(["status"]), words);
    await client.cancel([taskId!]);
  });
}

slurmTest("a job that ends before its manager is there is told with what it printed", async () => {
  await using site = await Site.start({
    launcher: { type: "wrapped", command: ["/no/such/wrapper"] },
    initBlocks: 1,
  });
  const { problem } = await until("its failure", async () => {
    const agent = await site.agent();
    return agent.problem !== null && agent;
  }, PATIENCE);
  assertMatch(problem!.message, /\/no\/such\/wrapper/);
  const { cluster } = await site.agent();
  const { block_id } = cluster!.blocks.at(-1)!;
  assertMatch(await site.env.ok(["logs", "--block", block_id]), /\/no\/such\/wrapper/);
});

slurmTest(
  "a wrong workerInit is told in the shell's words, and costs three blocks at most",
  async () => {
    await using site = await Site.start({}, {
      workerInit: "echo no such module: cray-python >&2; exit 3",
    });
    const client = await site.client();
    const { functionId } = await client.register(DOUBLE);
    const submitted = await client.submit(await site.endpointId(), {
      tasks: { [functionId]: [payloadOf([1], {})] },
    });
    const [taskId] = submitted.tasks[functionId]!;
    const words = /workerInit failed on node \S+, run by \/bin\/sh: .*no such module: cray-python/;
    const { problem, cluster } = await until("the end of it", async () => {
      const agent = await site.agent();
      return agent.problem?.message.startsWith("no more blocks are asked for") && agent;
    }, PATIENCE);
    assertMatch(problem!.message, words);
    assertEquals(cluster!.blocks.length, 3);
    const told = await until("the service to know", async () => {
      const { waiting_for } = await client.taskDetail(taskId!);
      return waiting_for !== undefined && waiting_for.message.includes("3 in a row") && waiting_for;
    }, PATIENCE);
    assertMatch(told.message, words);
    assertMatch(await site.env.ok(["task", "show", taskId!]), /no such module: cray-python/);
    assertMatch(await site.env.ok(["status"]), /no such module: cray-python/);
    assertMatch(await site.env.ok(["logs"]), /no such module: cray-python/);
    await client.cancel([taskId!]);
  },
);

slurmTest("a task that no block has the time for is refused, with both times", async () => {
  await using site = await Site.start({ maxBlocks: 1 });
  const client = await site.client();
  await using executor = new Executor(client, await site.endpointId(), {
    walltimeSeconds: 600,
  });
  const refused = await executor.submit(DOUBLE, 1).then(() => "", (error) => String(error));
  assertMatch(refused, /may take 600 s, and a block lasts 300 s/);
});

slurmTest("stop ends what runs in blocks and leaves no job", async () => {
  await using site = await Site.start({ initBlocks: 3 });
  await site.managers(3);
  const text = await until("Slurm's word on all of them", async () => {
    const status = await site.env.ok(["status"]);
    return /Scheduler: +slurm, .* ago: 3 running/.test(status) && status;
  }, PATIENCE);
  assertEquals(text.match(/\| running \| node\d/g)?.length, 3);
  await site.env.ok(["stop"]);
  await until("an empty queue", async () => (await queue()).length === 0, PATIENCE);
  assertEquals(site.env.processes().filter(({ command }) => command.includes("manager")), []);
});
