/** Managers that reach their agent by the service alone: real processes, and what becomes of them. */
import { CONNECTION_FILE, type ManagerConnection } from "../../src/contract/manager_connection.ts";
import { Client, Executor, python, shell, typescript } from "../../src/client/mod.ts";
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { JOBS } from "../helpers/job_commands.ts";
import { signal } from "../helpers/processes.ts";
import { PATH_WITH_PYTHON } from "../helpers/python.ts";
import { freePorts } from "../helpers/slurm_cluster.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";
import { until } from "../helpers/until.ts";

const PATIENCE = 60_000;

/** Service, agent and one block, whose manager has come. */
class Stage {
  readonly env: TestEnv;
  readonly client: Client;
  readonly executor: Executor;

  private constructor(env: TestEnv, client: Client, endpointId: string) {
    this.env = env;
    this.client = client;
    this.executor = new Executor(client, endpointId);
  }

  static async open(env: TestEnv): Promise<Stage> {
    await env.ok(["init"]);
    const provider = { type: "exec", initBlocks: 1, minBlocks: 1, maxBlocks: 1, ...JOBS };
    const executor = { address: "service", workersPerNode: 2, provider };
    env.file(
      join(".funcx", "default", "config.ts"),
      `export default ${JSON.stringify({ executor }, null, 2)};\n`,
    );
    // Not at the preferred port, which another service may take while this one is away.
    await env.ok(["service", "start", "--listen", "127.0.0.1:0"]);
    await env.ok(["start"]);
    const { id } = await env.json<{ id: string }>(["status"]);
    return new Stage(env, await clientOf(env), id);
  }

  /** A shell task that writes to the ledger, and ends when `go` was called. */
  async held(maxAttempts = 1): Promise<{ readonly result: Promise<unknown>; go(): void }> {
    const [ledger, gate] = [join(this.env.root, "ledger"), join(this.env.root, "gate")];
    const executor = new Executor(this.client, this.executor.endpointId, { maxAttempts });
    const result = executor.submit(shell(
      `echo run >> ${ledger}; while ! [ -e ${gate} ]; do sleep 0.05; done; echo done`,
    ));
    result.catch(() => undefined);
    await this.runs(1);
    return { result, go: () => Deno.writeTextFileSync(gate, "") };
  }

  /** Waits until the held task has begun so often. */
  async runs(count: number): Promise<void> {
    await until(`run ${count}`, () => this.ledger.length >= count, PATIENCE);
  }

  get ledger(): readonly string[] {
    return linesOf(join(this.env.root, "ledger"));
  }

  async kill(part: "agent" | "service" | "manager"): Promise<void> {
    const pid = await this.#pid(part);
    signal(pid, "SIGKILL");
    await until(
      `the end of the ${part}`,
      () => !this.env.processes().some((each) => each.pid === pid),
    );
  }

  async #pid(part: "agent" | "service" | "manager"): Promise<number> {
    if (part === "service") {
      return (await this.env.json<{ pid: number }>(["service", "status"])).pid;
    }
    if (part === "agent") {
      return (await this.env.json<{ agent: { pid: number } }>(["status"])).agent.pid;
    }
    const isManager = ({ command }: { readonly command: readonly string[] }): boolean =>
      command.includes("--connection") && !/(^|\/)sh$/.test(command[0]!);
    return await until("a manager", () => this.env.processes().find(isManager)?.pid, PATIENCE);
  }

  connections(): { readonly path: string; readonly connection: ManagerConnection }[] {
    const blocks = join(this.env.state, "default", "blocks");
    return [...Deno.readDirSync(blocks)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => join(blocks, name, CONNECTION_FILE))
      .map((path) => ({ path, connection: JSON.parse(Deno.readTextFileSync(path)) }));
  }
}

async function clientOf(env: TestEnv): Promise<Client> {
  const { url } = await env.json<{ url: string }>(["service", "status"]);
  const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
  return new Client({ url, token });
}

function linesOf(path: string): readonly string[] {
  try {
    return Deno.readTextFileSync(path).trim().split("\n");
  } catch {
    return [];
  }
}

function relayTest(name: string, body: (stage: Stage) => Promise<void>): void {
  processTest(name, async (env) => await body(await Stage.open(env)), { path: PATH_WITH_PYTHON });
}

relayTest("by the service come tasks of all runtimes, small and large", async (stage) => {
  const { executor } = stage;
  const text = "x".repeat(6_000_000);
  const all = await Promise.all([
    executor.submit((x: number) => x * 2, 21),
    executor.submit(python("def f(x):\n    return x + 1\n"), 41),
    executor.apply(shell("echo {word}"), [], { word: "hello" }),
    executor.submit(typescript("export default (text) => text + text;\n"), text),
    executor.submit(python("def f(text):\n    return text + text\n"), text),
  ]);
  assertEquals(all.slice(0, 2), [42, 42]);
  assertMatch(JSON.stringify(all[2]), /hello/);
  assertEquals(all.slice(3).map((each) => String(each).length), [12_000_000, 12_000_000]);
  // Nothing else leads to the agent, and the secrets are the user's alone.
  for (const { path, connection } of stage.connections()) {
    assertEquals(connection.addresses, ["agent.funcx.internal"]);
    assertMatch(connection.relay!.url, /^ws:.*\/v3\/endpoints\/[0-9a-f-]{36}\/relay\/manager$/);
    assertTrue(connection.relay!.token !== connection.token);
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  }
});

relayTest("kill -9 of the service: managers and agent meet at the next one", async (stage) => {
  const held = await stage.held();
  const { url } = await stage.env.json<{ url: string }>(["service", "status"]);
  await stage.kill("service");
  // It is away for longer than a manager may be whose own connection was closed.
  await until(
    "silence",
    async () => /nothing was heard for .*waited for 600000 ms/.test(await stage.env.ok(["logs"])),
    PATIENCE,
  );
  await stage.env.ok(["service", "start", "--listen", new URL(url).host]);
  held.go();
  await held.result;
  assertEquals(stage.ledger, ["run"]);
  assertEquals(await stage.executor.submit((x: number) => x * 2, 21), 42);
});

relayTest("a service that comes back at another port is found there by both", async (stage) => {
  const held = await stage.held();
  const { url: before } = await stage.env.json<{ url: string }>(["service", "status"]);
  // Its old port is taken still, so this one is another.
  const [port] = freePorts(1);
  await stage.kill("service");
  await stage.env.ok(["service", "start", "--listen", `127.0.0.1:${port}`]);
  const { url: after } = await stage.env.json<{ url: string }>(["service", "status"]);
  assertTrue(after !== before, after);
  held.go();
  const executor = new Executor(await clientOf(stage.env), stage.executor.endpointId);
  assertEquals(await executor.submit((x: number) => x * 2, 21), 42);
  assertEquals(stage.ledger, ["run"]);
  const urls = stage.connections().map(({ connection }) => new URL(connection.relay!.url).host);
  assertEquals(urls, [new URL(after).host]);
});

relayTest("kill -9 of the agent: its managers hand over to the next one", async (stage) => {
  const held = await stage.held();
  await stage.kill("agent");
  await stage.env.ok(["start"]);
  held.go();
  await held.result;
  assertEquals(stage.ledger, ["run"]);
});

relayTest("kill -9 of a manager: its tasks run again in the next block", async (stage) => {
  const held = await stage.held(2);
  await stage.kill("manager");
  await stage.runs(2);
  held.go();
  await held.result;
  assertEquals(stage.ledger, ["run", "run"]);
});
