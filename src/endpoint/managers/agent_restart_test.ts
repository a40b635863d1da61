/** What becomes of tasks at managers when the agent is killed and started again. */
import type { ResultMessage } from "../../contract/protocol/messages.ts";
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { withTimeout } from "../../lib/async.ts";
import { fromFileUrl, join } from "../../lib/path.ts";
import { AgentHome } from "../testing/agent_home.ts";
import { type FakeLink, FakeService } from "../testing/fake_service.ts";
import { FUNCTION_ID, taskMessage } from "../testing/tasks.ts";
import { executorIn, ManagerChild, shell } from "./testing/pool_stage.ts";

/** A service, an agent and managers, each but the first a process. */
class RestartStage implements AsyncDisposable {
  readonly service = new FakeService();
  readonly #home = new AgentHome();
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-restart-" });
  readonly #children: Deno.ChildProcess[] = [];
  readonly #reattachSeconds: number;

  constructor(reattachSeconds = 60) {
    this.#reattachSeconds = reattachSeconds;
    this.#home.publish(this.service);
  }

  get connection(): string {
    return join(this.folder, "block", "connection.json");
  }

  startAgent(): Deno.ChildProcess {
    const profile = this.#home.profile();
    const executor = executorIn(this.folder);
    const link = { ...executor.link, reattachSeconds: this.#reattachSeconds };
    const agent = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "--no-check",
        `--config=${fromFileUrl(new URL("../../../deno.json", import.meta.url))}`,
        fromFileUrl(new URL("./testing/agent_main.ts", import.meta.url)),
        this.#home.home.root,
        JSON.stringify({ ...profile, executor: { ...executor, link } }),
        join(this.folder, "block"),
      ],
      stdin: "null",
    }).spawn();
    this.#children.push(agent);
    return agent;
  }

  async linkOf(): Promise<FakeLink> {
    const link = await this.service.accept();
    await link.welcome();
    return link;
  }

  startManager(): ManagerChild {
    const manager = new ManagerChild(this.connection, join(this.folder, "node"));
    this.#children.push(manager.child);
    return manager;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended.
      }
    }
    for (const child of this.#children) {
      if (await withTimeout(child.status, 15_000) === "timeout") child.kill("SIGKILL");
      await child.status;
    }
    await this.service[Symbol.asyncDispose]();
    this.#home[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function give(link: FakeLink, template: string, max_attempts = 2): string {
  const task = taskMessage({ max_attempts });
  const code = new TextEncoder().encode(shell(template));
  link.send({ type: "tasks", functions: [{ function_id: FUNCTION_ID, code }], tasks: [task] });
  return task.task_id;
}

async function untilRunning(link: FakeLink): Promise<void> {
  for (;;) {
    const { events } = await link.messages.next("task_events");
    if (events.some(({ event }) => event.state === "running")) return;
  }
}

async function resultOf(link: FakeLink): Promise<ResultMessage> {
  const { results } = await link.messages.next("results");
  link.send({ type: "result_ack", task_ids: results.map(({ task_id }) => task_id) });
  return results[0]!;
}

Deno.test("a task at a manager outlives a kill of the agent, and runs once", async () => {
  await using stage = new RestartStage();
  const fifo = join(stage.folder, "go");
  new Deno.Command("mkfifo", { args: [fifo] }).outputSync();
  const first = stage.startAgent();
  const before = await stage.linkOf();
  stage.startManager();
  const ran = join(stage.folder, "ran");
  const taskId = give(before, `echo run >> ${ran}; read line < ${fifo}; echo $line`, 1);
  await untilRunning(before);
  first.kill("SIGKILL");
  await first.status;
  stage.startAgent();
  const after = await stage.linkOf();
  Deno.writeTextFileSync(fifo, "after\n");
  const result = await resultOf(after);
  assertEquals([result.task_id, result.state, result.attempt], [taskId, "success", 1]);
  assertEquals(Deno.readTextFileSync(ran), "run\n");
});

Deno.test("a task that ended while there was no agent is told to the next one", async () => {
  await using stage = new RestartStage();
  const first = stage.startAgent();
  const before = await stage.linkOf();
  stage.startManager();
  const [fifo, done] = [join(stage.folder, "go"), join(stage.folder, "done")];
  new Deno.Command("mkfifo", { args: [fifo, done] }).outputSync();
  give(before, `read line < ${fifo}; echo $line > ${done}; echo $line`, 1);
  await untilRunning(before);
  first.kill("SIGKILL");
  await first.status;
  Deno.writeTextFileSync(fifo, "meanwhile\n");
  assertEquals(Deno.readTextFileSync(done), "meanwhile\n");
  stage.startAgent();
  const result = await resultOf(await stage.linkOf());
  assertEquals(result.state, "success");
});

Deno.test("a task whose manager went with the agent is made again, and says so", async () => {
  await using stage = new RestartStage(3);
  const first = stage.startAgent();
  const before = await stage.linkOf();
  const manager = stage.startManager();
  const marker = join(stage.folder, "marker");
  give(before, `if [ -e ${marker} ]; then echo again; else touch ${marker}; sleep 1000; fi`);
  await untilRunning(before);
  first.kill("SIGKILL");
  manager.kill("SIGKILL");
  await first.status;
  stage.startAgent();
  const after = await stage.linkOf();
  stage.startManager();
  const result = await resultOf(after);
  assertEquals([result.state, result.attempt], ["success", 2]);
  const lost = result.timeline.find(({ detail }) => detail !== undefined);
  assertMatch(lost!.detail!, /not back: manager [0-9a-f]{8} on node .* \(block block-1\)/);
});

Deno.test("an agent that is stopped lets tasks at managers finish, and ends the managers", async () => {
  await using stage = new RestartStage();
  const fifo = join(stage.folder, "go");
  new Deno.Command("mkfifo", { args: [fifo] }).outputSync();
  const agent = stage.startAgent();
  const link = await stage.linkOf();
  const manager = stage.startManager();
  give(link, `read line < ${fifo}; echo $line`, 1);
  await untilRunning(link);
  agent.kill("SIGTERM");
  Deno.writeTextFileSync(fifo, "in time\n");
  assertEquals((await resultOf(link)).state, "success");
  assertEquals((await agent.status).code, 0);
  assertEquals((await manager.status).code, 0);
});

Deno.test("a manager without an agent ends when it has waited long enough", async () => {
  await using stage = new RestartStage(1);
  const agent = stage.startAgent();
  const link = await stage.linkOf();
  const manager = stage.startManager();
  give(link, "sleep 1000; :");
  await untilRunning(link);
  agent.kill("SIGKILL");
  const { code } = await manager.status;
  assertEquals(code, 69);
  assertEquals(
    [...Deno.readDirSync(join(stage.folder, "node"))].flatMap((
      { name },
    ) => [...Deno.readDirSync(join(stage.folder, "node", name))]),
    [],
  );
});
