/** `deno task test:globus-endpoint`: the endpoint agent of Globus Compute runs tasks of this service. */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { type GlobusAgent, PATIENCE } from "../../helpers/globus_agent.ts";
import { agentTest } from "../../helpers/globus_endpoint.ts";
import { until } from "../../helpers/until.ts";

const TASKS_PY = `
import os
from globus_compute_sdk import ShellFunction
from local import client, executor, result_of, show

def square(n):
    return n * n

def broken(key):
    return {}[key]

def word():
    import os
    return os.environ["CHOSEN_WORD"]

service = client()
function = service.register_function(square)
polled = result_of(service, service.run(7, endpoint_id=os.environ["ENDPOINT"], function_id=function), 120)
with executor() as ours:
    squares = [future.result(120) for future in [ours.submit(square, n) for n in range(10)]]
    error = ours.submit(broken, "k").exception(120)
    shell = ours.submit(ShellFunction("echo {what}; exit 3"), what="words").result(120)
    plain = ours.submit(word).result(120)
    ours.user_endpoint_config = {"workers": 1, "word": "second"}
    second = ours.submit(word).result(120)
    ours.user_endpoint_config = {"workers": 100}
    refused = ours.submit(word).exception(120)
show(dict(polled=polled, squares=squares, error=[type(error).__name__, str(error)],
          shell=[shell.returncode, shell.stdout.strip()], words=[plain, second],
          refused=str(refused), online=service.get_endpoint_status(os.environ["ENDPOINT"])["status"]))
`;

agentTest("an agent serves the SDK and this program", ["built-in", "rabbitmq"], async (agent) => {
  const { env } = agent.stage;
  const endpoint = await agent.start();
  const shown = await agent.stage.value<Record<string, unknown>>(TASKS_PY, { ENDPOINT: endpoint });
  const { error, refused, ...rest } = shown;
  assertEquals(rest, {
    polled: 49,
    squares: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81],
    shell: [3, "words"],
    words: ["none", "second"],
    online: "online",
  });
  const [type, text] = error as [string, string];
  assertEquals(type, "TaskExecutionFailed");
  assertMatch(text, /Traceback[\s\S]*in broken[\s\S]*KeyError: 'k'/);
  assertMatch(String(refused), /Request payload failed validation[\s\S]*100 is greater than/);
  await runsFiles(agent);
  await isStoppedAndDeleted(agent, endpoint);
  await env.ok(["service", "stop"]);
  await env.noProcessIsLeft();
});

/** By the commands of this program. */
async function runsFiles({ stage: { env }, name }: GlobusAgent): Promise<void> {
  env.file("double.py", "def double(n):\n    return 2 * n\n");
  assertEquals(await env.ok(["run", "double.py", "21", "--endpoint", name]), "42\n");
  env.file("fail.py", "def fail(n):\n    return 1 / n\n");
  const failed = await env.run(["run", "fail.py", "0", "--endpoint", name]);
  assertTrue(failed.code !== 0, failed.stdout);
  assertMatch(failed.stderr, /Traceback[\s\S]*ZeroDivisionError: division by zero/);
  env.file("other.ts", "export default () => 1;");
  const refused = await env.run(["run", "other.ts", "--endpoint", name]);
  assertMatch(refused.stderr, /runs Python functions, and this is one of typescript/);
}

async function isStoppedAndDeleted(agent: GlobusAgent, endpoint: string): Promise<void> {
  await agent.stop();
  await until("the farewell", async () => await agent.status() === "Inactive", PATIENCE);
  const { code, stdout, stderr } = await agent.command("delete", "--yes", agent.name).finished();
  assertEquals({ code, said: code === 0 ? "" : stdout + stderr }, { code: 0, said: "" });
  const listed = await agent.stage.env.json<{ id: string }[]>(["list", "--all"]);
  assertTrue(listed.every(({ id }) => id !== endpoint));
}
