/** Tasks at an agent of Globus Compute outlive the agent, the service and its broker's connections. */
import { assertEquals, assertTrue } from "../../../src/lib/assert.ts";
import { join } from "../../../src/lib/path.ts";
import { type GlobusAgent, PATIENCE } from "../../helpers/globus_agent.ts";
import { agentTest } from "../../helpers/globus_endpoint.ts";
import type { Running } from "../../helpers/running.ts";
import { until } from "../../helpers/until.ts";

/** Tasks note their begin, and wait for a file. */
const WAITING_PY = `
import os
from local import executor, show, until

def wait(folder, n):
    import os, time
    open(os.path.join(folder, f"begun_{n}"), "w").close()
    while not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.05)
    return n * n

with executor() as ours:
    futures = [ours.submit(wait, os.environ["FOLDER"], n) for n in range(6)]
    until(lambda: all(one.task_id for one in futures))
    show("submitted")
    show([future.result(400) for future in futures])
`;

/** What they give when all is well again, whatever happened. */
async function expectResults(program: Running, folder: string): Promise<void> {
  Deno.writeTextFileSync(join(folder, "go"), "");
  const { code, stdout, stderr } = await program.finished(400_000);
  assertTrue(code === 0 && stdout.includes("\x02[0, 1, 4, 9, 16, 25]"), `${stdout}\n${stderr}`);
}

/** Resolves when as many tasks have begun as there are workers, and the others wait. */
async function begun(folder: string): Promise<void> {
  const count = (): number =>
    [...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith("begun_")).length;
  await until("two tasks to begin", () => count() === 2, PATIENCE);
}

function submit({ stage }: GlobusAgent, endpoint: string, folder: string): Running {
  Deno.mkdirSync(folder);
  return stage.startPython(WAITING_PY, { ENDPOINT: endpoint, FOLDER: folder });
}

agentTest(
  "no task is lost with an agent that is killed",
  ["built-in"],
  async (agent) => {
    const endpoint = await agent.start();
    const folder = join(agent.stage.env.home, "agent");
    await using program = submit(agent, endpoint, folder);
    await begun(folder);
    agent.kill();
    assertEquals(await agent.start(), endpoint);
    await expectResults(program, folder);
  },
);

agentTest(
  "tasks and registration outlive a service that is killed",
  ["rabbitmq"],
  async (agent) => {
    const endpoint = await agent.start();
    const { env } = agent.stage;
    const before = agent.processes().length;
    const folder = join(env.home, "service");
    await using program = submit(agent, endpoint, folder);
    await begun(folder);
    assertTrue(agent.processes().length > before);
    await agent.stage.restartService();
    await until("the agent to come back", async () => await agent.status() === "Active", PATIENCE);
    await expectResults(program, folder);
    env.file("double.py", "def double(n):\n    return 2 * n\n");
    assertEquals(await env.ok(["run", "double.py", "21", "--endpoint", endpoint]), "42\n");
  },
);
