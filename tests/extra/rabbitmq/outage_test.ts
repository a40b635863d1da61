/**
 * `deno task test:rabbitmq`: a RabbitMQ that is away, refuses or takes nothing costs time and no
 * result; the service serves all else meanwhile, and says how it is.
 */
import { connect } from "amqplib";
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { jsonPayload } from "../../../src/contract/envelope.ts";
import type { BrokerStatus } from "../../../src/contract/control.ts";
import { decodeGlobusMessage } from "../../../src/contract/globus_messages.ts";
import { writePrivateFile } from "../../../src/lib/files.ts";
import { join } from "../../../src/lib/path.ts";
import { RabbitNode, rabbitObstacle } from "../../helpers/rabbitmq.ts";
import { ServiceUnderTest } from "../../helpers/service.ts";
import { TestEnv } from "../../helpers/test_env.ts";
import { until } from "../../helpers/until.ts";

const obstacle = await rabbitObstacle();
if (obstacle !== undefined) console.log(`Skipped: ${obstacle}`);

/** Milliseconds for what an Erlang node on busy cores, and dialling again, take. */
const PATIENCE = 120_000;

class Stage {
  readonly node: RabbitNode;
  readonly env: TestEnv;
  readonly loginFile: string;
  #service: ServiceUnderTest | undefined;
  #endpoint = "";
  #function = "";

  constructor(node: RabbitNode, env: TestEnv) {
    this.node = node;
    this.env = env;
    this.loginFile = join(env.home, "rabbit-login");
    writePrivateFile(this.loginFile, node.login);
  }

  get service(): ServiceUnderTest {
    return this.#service!;
  }

  async startService(): Promise<void> {
    const { amqpUrl, managementUrl } = this.node;
    await this.env.ok([
      ...["service", "start", "--listen=127.0.0.1:0", `--amqp=${amqpUrl}`],
      ...[`--amqp-login=${this.loginFile}`, `--amqp-management=${managementUrl}`],
    ]);
    this.#service = await ServiceUnderTest.of(this.env);
  }

  async startEndpoint(): Promise<void> {
    await this.env.ok(["configure", "default"]);
    await this.env.ok(["start", "default"]);
    this.#endpoint = (await this.env.json<{ id: string }>(["status", "default"])).id;
    // Slow enough that results come for some seconds.
    const code = "sh\nslow:sleep 0.2";
    const { body } = await this.service.post("/v3/functions", {
      function_name: "slow",
      function_code: `${code.length}\n${code}`,
    });
    this.#function = String(body.function_uuid);
  }

  async broker(): Promise<BrokerStatus> {
    return (await this.env.json<{ amqp: BrokerStatus }>(["service", "status"])).amqp;
  }

  async brokerIs(state: BrokerStatus["state"]): Promise<BrokerStatus> {
    return await until(`a broker that is ${state}`, async () => {
      const broker = await this.broker();
      return broker.state === state && broker;
    }, PATIENCE);
  }

  /** Submits tasks as the official SDK does. */
  async submit(count: number): Promise<{ readonly group: string; readonly ids: string[] }> {
    const { status, body, text } = await this.service.post(
      `/v3/endpoints/${this.#endpoint}/submit`,
      { create_queue: true, tasks: { [this.#function]: Array(count).fill(jsonPayload([])) } },
    );
    assertTrue(status === 200, text);
    const { task_group_id: group, tasks } = body as {
      task_group_id: string;
      tasks: Record<string, string[]>;
    };
    return { group, ids: tasks[this.#function]! };
  }

  /** Waits until REST says that all have ended. */
  async ended(ids: readonly string[]): Promise<void> {
    await until("the end of the tasks", async () => {
      const { body } = await this.service.post("/v2/batch_status", { task_ids: ids });
      const results = body.results as Record<string, { readonly completion_t?: string }>;
      return ids.every((id) => results[id]?.completion_t !== undefined);
    }, PATIENCE);
  }

  /** The ids of tasks whose results the queue has, as the official SDK reads them. */
  async results(group: string, count: number): Promise<string[]> {
    const { body } = await until("a login", async () => {
      const answer = await this.service.request("GET", "/v2/get_amqp_result_connection_url");
      return answer.status === 200 && answer;
    }, PATIENCE);
    const { queue_prefix, connection_url } = body as Record<string, string>;
    const model = await connect(connection_url!);
    model.on("error", () => {});
    const channel = await model.createChannel();
    channel.on("error", () => {});
    const found = new Set<string>();
    await channel.consume(`${queue_prefix}${group}`, (message) => {
      const { data } = decodeGlobusMessage(new Uint8Array(message!.content));
      if ("task_id" in data) found.add(data.task_id);
      channel.ack(message!);
    });
    await until(`${count} results`, () => found.size === count, PATIENCE);
    await model.close();
    return [...found].sort();
  }

  /** What the service wrote into its log, which no secret of the broker is in. */
  log(): string {
    const text = Deno.readTextFileSync(
      join(this.env.state, "service", "logs", "service.log"),
    );
    assertTrue(!text.includes(this.node.password));
    return text;
  }
}

function outageTest(
  name: string,
  body: (stage: Stage) => Promise<void>,
  options: { readonly isUp: boolean },
): void {
  Deno.test({
    name,
    ignore: obstacle !== undefined,
    fn: async () => {
      await using node = RabbitNode.prepare();
      if (options.isUp) await node.up();
      await using env = new TestEnv();
      try {
        await body(new Stage(node, env));
      } catch (thrown) {
        env.keep();
        throw thrown;
      }
    },
  });
}

outageTest(
  "a service starts without its broker, and brings the results when it comes",
  async (stage) => {
    await stage.startService();
    const { code, hint } = await stage.brokerIs("away");
    assertEquals(code, "BROKER_UNREACHABLE");
    assertMatch(String(hint), /wait on this disk/);
    assertMatch(await stage.env.ok(["service", "status"]), /RabbitMQ, away.*BROKER_UNREACHABLE/);
    await stage.startEndpoint();
    const { group, ids } = await stage.submit(20);
    await stage.ended(ids);
    assertMatch(stage.log(), /no link to .*BROKER_UNREACHABLE/);
    await stage.node.up();
    await stage.brokerIs("connected");
    await queueNames(stage, group);
    assertEquals(await stage.results(group, ids.length), [...ids].sort());
  },
  { isUp: false },
);

/** The queue of the group, as soon as RabbitMQ has it. */
async function queueNames({ node }: Stage, group: string): Promise<string[]> {
  return await until("the queue", async () => {
    const queues = await (await node.api("queues?columns=name")).json() as { name: string }[];
    const names = queues.map(({ name }) => name).filter((name) => name.endsWith(group));
    return names.length > 0 && names;
  }, PATIENCE);
}

outageTest(
  "a login that is refused is told apart, and nothing of it is written down",
  async (stage) => {
    writePrivateFile(stage.loginFile, "funcx:not the password");
    await stage.startService();
    const { code, hint, reason } = await stage.brokerIs("away");
    assertEquals(code, "BROKER_REFUSED");
    assertMatch(String(hint), /login file/);
    const status = await stage.env.ok(["service", "status"]);
    assertMatch(status, /BROKER_REFUSED[\s\S]*To mend: +Mend the login file/);
    assertMatch(stage.log(), /BROKER_REFUSED/);
    assertTrue(!`${reason}${status}${stage.log()}`.includes("not the password"));
    const refused = await stage.service.request("GET", "/v2/get_amqp_result_connection_url");
    assertEquals([refused.status, refused.body.code], [503, "SERVICE_BUSY"]);
    await stage.startEndpoint();
    const { group, ids } = await stage.submit(3);
    await stage.ended(ids);

    await stage.env.ok(["service", "stop"]);
    writePrivateFile(stage.loginFile, stage.node.login);
    await stage.startService();
    await queueNames(stage, group);
    assertEquals(await stage.results(group, ids.length), [...ids].sort());
  },
  { isUp: true },
);

outageTest("a broker that is killed while results go out loses none", async (stage) => {
  await stage.startService();
  await stage.startEndpoint();
  const { group, ids } = await stage.submit(100);
  const [queue] = await queueNames(stage, group);
  await until("the first results", async () => await stage.node.waiting(queue!) > 0, PATIENCE);
  await stage.node.kill();
  await stage.brokerIs("away");
  await stage.ended(ids);
  await stage.node.up();
  await stage.brokerIs("connected");
  assertEquals(await stage.results(group, ids.length), [...ids].sort());
}, { isUp: true });

outageTest("a broker whose disk is full is waited for", async (stage) => {
  await stage.startService();
  await stage.startEndpoint();
  await stage.node.fillDisk();
  // RabbitMQ says so to those who publish.
  const first = await stage.submit(5);
  const { code, hint } = await stage.brokerIs("blocked");
  assertEquals(code, "BROKER_BLOCKED");
  assertMatch(String(hint), /disk or memory/);
  assertMatch(stage.log(), /BROKER_BLOCKED/);
  const second = await stage.submit(5);
  await stage.ended([...first.ids, ...second.ids]);
  await stage.node.freeDisk();
  await stage.brokerIs("connected");
  for (const { group, ids } of [first, second]) {
    await queueNames(stage, group);
    assertEquals(await stage.results(group, ids.length), [...ids].sort());
  }
}, { isUp: true });
