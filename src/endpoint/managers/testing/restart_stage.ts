/** A service that is played, an agent and managers as processes of their own, for tests that end them. */
import type { ResultMessage } from "../../../contract/protocol/messages.ts";
import { withTimeout } from "../../../lib/async.ts";
import { fromFileUrl, join } from "../../../lib/path.ts";
import { AgentHome } from "../../testing/agent_home.ts";
import { type FakeLink, FakeService } from "../../testing/fake_service.ts";
import { FUNCTION_ID, taskMessage } from "../../testing/tasks.ts";
import { executorIn, ManagerChild, shell } from "./pool_stage.ts";

export class RestartStage implements AsyncDisposable {
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
        `--config=${fromFileUrl(new URL("../../../../deno.json", import.meta.url))}`,
        fromFileUrl(new URL("./agent_main.ts", import.meta.url)),
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

/** @returns the task's id */
export function give(link: FakeLink, template: string, max_attempts = 2): string {
  const task = taskMessage({ max_attempts });
  const code = new TextEncoder().encode(shell(template));
  link.send({ type: "tasks", functions: [{ function_id: FUNCTION_ID, code }], tasks: [task] });
  return task.task_id;
}

/** @param attempt any, unless it is named */
export async function untilRunning(link: FakeLink, attempt?: number): Promise<void> {
  for (;;) {
    const { events } = await link.messages.next("task_events");
    const isMeant = ({ event }: typeof events[number]): boolean =>
      event.state === "running" && event.attempt === (attempt ?? event.attempt);
    if (events.some(isMeant)) return;
  }
}

/** The next one, acknowledged. */
export async function resultOf(link: FakeLink): Promise<ResultMessage> {
  const { results } = await link.messages.next("results");
  link.send({ type: "result_ack", task_ids: results.map(({ task_id }) => task_id) });
  return results[0]!;
}
