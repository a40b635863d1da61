/** `deno task test:rabbitmq`: the `Executor` of the official SDK, whose results come from a RabbitMQ. */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { writePrivateFile } from "../../../src/lib/files.ts";
import { join } from "../../../src/lib/path.ts";
import { globusSdk, GlobusStage, NEWEST_SDK } from "../../helpers/globus_sdk.ts";
import { OwnNetwork } from "../../helpers/own_network.ts";
import { RabbitNode, rabbitObstacle } from "../../helpers/rabbitmq.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { until } from "../../helpers/until.ts";

const obstacle = await rabbitObstacle();
if (obstacle !== undefined) console.log(`Skipped: ${obstacle}`);
const { environment: sdk } = await globusSdk(NEWEST_SDK);

interface Scene {
  readonly node: RabbitNode;
  readonly stage: GlobusStage;
  readonly env: TestEnv;
  /** Words for `service start`. */
  readonly flags: readonly string[];
}

function executorTest(name: string, body: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    ignore: obstacle !== undefined || sdk.kind === "obstacle",
    fn: async () => {
      if (sdk.kind === "obstacle") return;
      await using network = await OwnNetwork.open();
      await using node = await RabbitNode.start({ enter: network.enter });
      await using env = new TestEnv({ enter: network.enter });
      try {
        const loginFile = join(env.home, "rabbit-login");
        writePrivateFile(loginFile, node.login);
        const flags = [
          `--amqp=${node.amqpUrl}`,
          `--amqp-login=${loginFile}`,
          `--amqp-management=${node.managementUrl}`,
        ];
        const stage = await GlobusStage.begin(env, network, sdk, { serviceFlags: flags });
        await stage.startEndpoint();
        await body({ node, stage, env, flags });
      } catch (thrown) {
        env.keep();
        throw thrown;
      }
    },
  });
}

interface ServiceStatus {
  readonly pid: number;
  readonly amqp: { readonly kind: string; readonly address: string; readonly state: string };
}

const EXECUTOR = `
from local import client, ENDPOINT, show
from globus_compute_sdk import Executor

def executor(**options):
    return Executor(ENDPOINT, client=client(), **options)
`;

executorTest("an Executor gets its results, and finds them again", async ({ node, stage, env }) => {
  const { amqp } = await env.json<ServiceStatus>(["service", "status"]);
  assertEquals(amqp.kind, "rabbitmq");
  assertEquals(amqp.state, "connected");
  assertEquals(amqp.address, node.amqpUrl);
  assertMatch(await env.ok(["service", "status"]), /AMQP: .*RabbitMQ, connected for /);

  const shown = await stage.value<Record<string, unknown>>(`${EXECUTOR}
def square(n):
    return n * n

def broken(n):
    return 1 / n

with executor() as ex:
    one = ex.submit(square, 7).result(60)
    try:
        ex.submit(broken, 0).result(60)
    except Exception as error:
        failure = [type(error).__name__, "ZeroDivisionError" in str(error)]
    first = [future.result(60) for future in [ex.submit(square, n) for n in range(10)]]
    second = [future.result(60) for future in [ex.submit(square, n) for n in range(10)]]
    group = str(ex.task_group_id)
with executor(task_group_id=group) as ex:
    again = [future for future in ex.reload_tasks()]
    values = sorted(future.result(60) for future in again if not future.exception(60))
show(dict(one=one, failure=failure, first=first, second=second, again=len(again), values=values))
`);
  const squares = Array.from({ length: 10 }, (_, n) => n * n);
  const all = [49, ...squares, ...squares].sort((a, b) => a - b);
  assertEquals(shown, {
    one: 49,
    failure: ["TaskExecutionFailed", true],
    first: squares,
    second: squares,
    again: 22,
    values: all,
  });
});

/** Submits what waits for a file, says so, and shows what the future gives. */
const WAITING = `${EXECUTOR}
import os

def wait(path):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.05)
    return "went on"

with executor() as ex:
    future = ex.submit(wait, os.environ["GO"])
    while future.task_id is None:
        pass
    show("submitted")
    show(future.result(120))
`;

executorTest("futures outlive the service and the broker", async ({ node, stage, env, flags }) => {
  const outage = async (go: string, happens: () => Promise<void>): Promise<void> => {
    const file = join(env.home, go);
    await using program = stage.startPython(WAITING, { GO: file });
    await until("the submit", () => program.stdout.includes("submitted"), 60_000);
    await happens();
    Deno.writeTextFileSync(file, "");
    const { code, stdout, stderr } = await program.finished(120_000);
    assertTrue(code === 0 && stdout.includes("went on"), `${stdout}\n${stderr}`);
  };
  await outage("service", async () => {
    const { pid } = await env.json<ServiceStatus>(["service", "status"]);
    Deno.kill(pid, "SIGKILL");
    await env.ok(["service", "start", ...flags]);
  });
  await outage("broker", async () => {
    await node.kill();
    const state = async (): Promise<string> =>
      (await env.json<ServiceStatus>(["service", "status"])).amqp.state;
    await until("the service to notice", async () => await state() === "away", 60_000);
    // Not through the SDK, which tries for long what may work later.
    const refused = await stage.python(`
import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from local import TOKEN, show
url = "http://localhost:5000/v2/get_amqp_result_connection_url"
try:
    urlopen(Request(url, headers={"Authorization": f"Bearer {TOKEN}"}))
except HTTPError as error:
    show([error.code, json.load(error)["code"]])
`);
    assertEquals(refused, [[503, "SERVICE_BUSY"]]);
    await node.up();
    await until("the service to be back", async () => await state() === "connected", 90_000);
  });
});
