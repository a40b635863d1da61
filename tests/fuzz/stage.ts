/**
 * What is fuzzed: a private service and an endpoint of the built program, in a scratch home, with a
 * task of its own that has to end right, once, before and after.
 */
import { ERROR_KINDS } from "../../src/contract/errors.ts";
import { Client } from "../../src/client/mod.ts";
import { shell } from "../../src/client/mod.ts";
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { filesUnder } from "../../scripts/build/bundle.ts";
import { residentMemory } from "../helpers/processes.ts";
import { PATH_WITH_PYTHON } from "../helpers/python.ts";
import { ServiceUnderTest } from "../helpers/service.ts";
import { TestEnv } from "../helpers/test_env.ts";

/** Above what any of the fuzzed frames and bodies can justify. */
const MAX_MEMORY = 600e6;
/** A stack trace of V8 or Python, or what the runtime says when nobody has caught. */
const TRACE = /^\s+at .*:\d+:\d+|Traceback \(most recent|Uncaught|INTERNAL_ERROR/m;

export class Stage implements AsyncDisposable {
  readonly env: TestEnv;
  readonly service: ServiceUnderTest;
  readonly endpointId: string;
  readonly #client: Client;
  readonly #canary: string;
  readonly #pids: Readonly<Record<"agent" | "service", number>>;
  #canaries = 0;

  private constructor(
    env: TestEnv,
    service: ServiceUnderTest,
    parts: { endpointId: string; canary: string; client: Client; pids: Stage["pids"] },
  ) {
    this.env = env;
    this.service = service;
    this.endpointId = parts.endpointId;
    this.#client = parts.client;
    this.#canary = parts.canary;
    this.#pids = parts.pids;
  }

  static async open(): Promise<Stage> {
    const env = new TestEnv({ env: { PATH: PATH_WITH_PYTHON } });
    try {
      await env.ok(["start"]);
      const service = await ServiceUnderTest.of(env);
      const client = new Client({ url: service.url, token: service.token });
      const ledger = join(env.root, "ledger");
      const { functionId } = await client.register(shell(`echo {line} >> ${ledger}`));
      const { id } = await env.json<{ id: string }>(["status"]);
      const pids = await currentPids(env);
      return new Stage(env, service, { endpointId: id, canary: functionId, client, pids });
    } catch (thrown) {
      await env[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  get client(): Client {
    return this.#client;
  }

  get pids(): Readonly<Record<"agent" | "service", number>> {
    return this.#pids;
  }

  /** A task that writes a line of its own; the line has to be there once. */
  async canary(): Promise<void> {
    const line = `canary-${++this.#canaries}`;
    const { tasks } = await this.#client.submit(this.endpointId, {
      tasks: { [this.#canary]: [keywordPayload({ line })] },
    });
    const taskId = tasks[this.#canary]![0]!;
    const detail = await this.#finished(taskId);
    assertEquals(detail, { status: "success", attempt: 1 });
    const ledger = Deno.readTextFileSync(join(this.env.root, "ledger")).trim().split("\n");
    assertEquals(ledger.filter((each) => each === line).length, 1);
  }

  async #finished(taskId: string): Promise<{ status: string; attempt: number }> {
    for await (const event of this.#client.follow(taskId)) if (event.event === "finished") break;
    const { status, attempt } = await this.#client.call("taskDetail", {
      params: { task_id: taskId },
    });
    return { status, attempt };
  }

  /** The same processes, within their memory, with nothing unexpected in their logs; a task works. */
  async assertUnharmed(): Promise<void> {
    await this.canary();
    assertEquals(await currentPids(this.env), this.#pids);
    for (const [name, pid] of Object.entries(this.#pids)) {
      const memory = residentMemory(pid);
      assertTrue(memory < MAX_MEMORY, `the ${name} takes ${Math.round(memory / 1e6)} MB`);
    }
    for (const path of filesUnder(this.env.state)) {
      if (!/\.(log|out)$/.test(path)) continue;
      const text = Deno.readTextFileSync(path);
      const found = TRACE.exec(text);
      if (found === null) continue;
      const around = text.slice(Math.max(0, found.index - 500), found.index + 800);
      throw new Error(`${path} has what nobody expected:\n${around}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.env[Symbol.asyncDispose]();
  }
}

async function currentPids(env: TestEnv): Promise<Stage["pids"]> {
  const { agent } = await env.json<{ agent: { pid: number } }>(["status"]);
  const { pid } = await env.json<{ pid: number }>(["service", "status"]);
  return { agent: agent.pid, service: pid };
}

function keywordPayload(keyword: Readonly<Record<string, unknown>>): string {
  const named = `11\n${JSON.stringify(keyword)}`;
  return `5\n11\n[]${named.length}\n${named}`;
}

/** A refusal says what is wrong in words: a known code, a line of reason, no stack. */
export function assertRefusal(status: number, body: unknown): void {
  const { code, reason } = (body ?? {}) as { code?: unknown; reason?: unknown };
  const shown = `${status} ${JSON.stringify(body)?.slice(0, 500)}`;
  assertTrue(typeof code === "string" && Object.hasOwn(ERROR_KINDS, code), `no code in ${shown}`);
  assertTrue(code !== "INTERNAL_ERROR" && (status < 500 || status === 503), `a fault: ${shown}`);
  assertTrue(typeof reason === "string" && reason !== "", `no reason in ${shown}`);
  assertTrue(reason.length < 2_000 && !TRACE.test(reason), `not a line of reason: ${shown}`);
}
