/** The built program in a scratch home: a private service, one endpoint of two workers, a client. */
import { Client, type FunctionSource, python, shell, typescript } from "../src/client/mod.ts";
import type { AgentStatus } from "../src/contract/control.ts";
import { join } from "../src/lib/path.ts";
import { PATH_WITH_PYTHON } from "../tests/helpers/python.ts";
import { signal } from "../tests/helpers/processes.ts";
import { TestEnv } from "../tests/helpers/test_env.ts";
import { until } from "../tests/helpers/until.ts";
import { processorSeconds, processTree } from "./process_usage.ts";

export const WORKERS = 2;

/** The same no-op in every runtime. */
export const NO_OP = {
  typescript: typescript("export default (x) => x;\n"),
  python: python("def noop(x=None):\n    return x\n"),
  shell: shell("/bin/true"),
} as const satisfies Record<string, FunctionSource>;

export interface EndpointStatus {
  readonly id: string;
  readonly status: string;
  readonly agent: AgentStatus | null;
}

/** Stops what it has started when it is disposed of, and fails if anything outlives that. */
export class Deployment implements AsyncDisposable {
  readonly env: TestEnv;

  private constructor(env: TestEnv) {
    this.env = env;
    running.add(this);
  }

  /** A home with a profile and a running service; the endpoint is not started. */
  static async prepare(
    executor: Record<string, unknown> = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<Deployment> {
    const deployment = new Deployment(new TestEnv({ env: { PATH: PATH_WITH_PYTHON, ...env } }));
    try {
      await deployment.env.ok(["init"]);
      deployment.profile({ workersPerNode: WORKERS, ...executor });
      await deployment.env.ok(["service", "start"]);
      return deployment;
    } catch (thrown) {
      await deployment[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** The same with a running endpoint. */
  static async start(
    executor: Record<string, unknown> = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<Deployment> {
    const deployment = await Deployment.prepare(executor, env);
    try {
      await deployment.env.ok(["start"]);
      return deployment;
    } catch (thrown) {
      await deployment[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Writes the profile `default`. */
  profile(executor: Record<string, unknown>): void {
    const text = `export default ${JSON.stringify({ executor }, null, 2)};\n`;
    this.env.file(join(".funcx", "default", "config.ts"), text);
  }

  /** What a client needs. */
  async access(): Promise<{ readonly url: string; readonly token: string }> {
    const { url } = await this.env.json<{ url: string }>(["service", "status"]);
    const { token } = await this.env.json<{ token: string }>(["service", "token", "create"]);
    return { url, token };
  }

  async client(): Promise<Client> {
    return new Client(await this.access());
  }

  status(): Promise<EndpointStatus> {
    return this.env.json(["status"]);
  }

  async agentPid(): Promise<number> {
    const { agent } = await this.status();
    if (agent === null) throw new Error("the agent does not answer");
    return agent.pid;
  }

  async servicePid(): Promise<number> {
    return (await this.env.json<{ pid: number }>(["service", "status"])).pid;
  }

  /** Waits until the agent runs nothing and holds nothing. */
  async idle(): Promise<void> {
    await until("an idle agent", async () => {
      const { agent } = await this.status();
      return agent?.load.pending_tasks === 0 && agent.load.outstanding_tasks === 0;
    }, 120_000);
  }

  /**
   * Runs `action`, and gives the seconds that it took and the seconds of processor time that
   * service, agent and workers used meanwhile.
   */
  async measure(action: () => Promise<unknown>): Promise<{ seconds: number; processor: number }> {
    const roots = [await this.agentPid(), await this.servicePid()];
    const before = processorOf(roots);
    const begun = performance.now();
    await action();
    const seconds = (performance.now() - begun) / 1_000;
    return { seconds, processor: processorOf(roots) - before };
  }

  /** Ends all its processes at once: where much is left to do, a polite stop takes long. */
  async kill(): Promise<void> {
    for (const { pid } of this.env.processes()) signal(pid, "SIGKILL");
    await this.env.noProcessIsLeft();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    running.delete(this);
    await this.env[Symbol.asyncDispose]();
  }
}

const running = new Set<Deployment>();

/** Ends whatever a scenario has started: what it waits for ends with it. */
export async function endEverything(): Promise<void> {
  for (const deployment of running) await deployment.kill().catch(() => {});
  for (const pid of processTree(Deno.pid).slice(1)) signal(pid, "SIGKILL");
}

/** The same for a bench that ends before its time: its scratch homes go too. */
export async function abandonEverything(): Promise<void> {
  await endEverything();
  for (const deployment of [...running]) await deployment[Symbol.asyncDispose]().catch(() => {});
}

function processorOf(roots: readonly number[]): number {
  return roots.flatMap(processTree).reduce((sum, pid) => sum + processorSeconds(pid), 0);
}
