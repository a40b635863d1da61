/** `deno task test:rabbitmq`: the service's side of a real RabbitMQ, which Debian's package gives. */
import { type ConfirmChannel, connect } from "amqplib";
import { Buffer } from "node:buffer";
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { messageOf } from "../../../src/lib/outcome.ts";
import type { BrokerMessage } from "../../../src/service/amqp/broker.ts";
import { CERTIFICATE, CERTIFICATE_KEY } from "../../../src/service/testing/certificate.ts";
import { until } from "../../helpers/until.ts";
import { message, rabbitTest, textOf } from "./broker_stage.ts";

/** What `action` on a channel of its own is refused with; fails when it is not. */
async function refused(
  url: string,
  action: (channel: ConfirmChannel) => Promise<unknown>,
): Promise<string> {
  const model = await connect(url);
  model.on("error", () => {});
  try {
    const channel = await model.createConfirmChannel();
    channel.on("error", () => {});
    await action(channel);
  } catch (thrown) {
    return messageOf(thrown);
  } finally {
    await model.close();
  }
  throw new Error("it was not refused");
}

rabbitTest(
  "messages are confirmed, read in order, and survive a kill of RabbitMQ",
  async (stage) => {
    const { node } = stage;
    const broker = stage.broker();
    const signal = new AbortController().signal;
    const wanted = broker.wanted("results", signal);
    await broker.declare("results");
    await wanted;
    await broker.publish("results", message("one"));
    await broker.publish("results", message("two"));
    const missing = await broker.publish("nowhere", message("x")).catch(messageOf);
    assertMatch(String(missing), /no queue nowhere/);

    await node.kill();
    await until("the loss", () => broker.state.kind === "away");
    const later = broker.publish("results", message("three"));
    await node.up();
    await later;

    const seen: BrokerMessage[] = [];
    let failing = true;
    const reading = await broker.read("results", (got) => {
      if (failing && seen.length === 1) {
        failing = false;
        throw new Error("not now");
      }
      seen.push(got);
      return Promise.resolve();
    });
    await until("three messages", () => seen.length === 3);
    assertEquals(seen.map(textOf), ["one", "two", "three"]);
    assertEquals(seen[0].headers, { task_uuid: "one" });
    assertEquals(seen[0].timestamp, 1_700_000_000);
    await reading.close();
    await broker.remove("results");
  },
);

rabbitTest("logins may do what they are for, and nothing else", async (stage) => {
  const broker = stage.broker();
  const ann = await stage.granted(broker, "ann");
  const other = await stage.granted(broker, "ann.b");
  const again = await stage.granted(broker, "ann");
  assertTrue(again.url !== ann.url);
  await broker.declare(`${ann.queuePrefix}g`);
  await broker.declare(`${other.queuePrefix}g`);
  await broker.publish(`${ann.queuePrefix}g`, message("for ann"));

  const model = await connect(ann.url);
  const channel = await model.createChannel();
  const got = await channel.get(`${ann.queuePrefix}g`);
  assertTrue(got !== false && got.content.toString() === "for ann");
  await model.close();

  assertMatch(
    await refused(ann.url, (c) => c.consume(`${other.queuePrefix}g`, () => {})),
    /ACCESS_REFUSED/,
  );
  assertMatch(
    await refused(ann.url, (c) => c.assertQueue(`${ann.queuePrefix}mine`)),
    /ACCESS_REFUSED/,
  );
  for (const exchange of ["", "funcx"]) {
    await refused(ann.url, async (c) => {
      c.publish(exchange, `${ann.queuePrefix}g`, Buffer.from("forged"), {});
      await c.waitForConfirms();
    });
  }

  const queues = { reads: ["e.tasks"], writes: ["e.results"] };
  const endpoint = "6a0ddc0e-9de1-4a40-a42f-7a5f3f1d0d6e";
  const agent = await broker.grantAgent(endpoint, queues);
  const heard: string[] = [];
  const reading = await broker.read("e.results", (m) => {
    heard.push(textOf(m));
    return Promise.resolve();
  });
  const agentModel = await connect(agent.url);
  const agentChannel = await agentModel.createConfirmChannel();
  await agentChannel.checkExchange("funcx");
  await agentChannel.checkQueue("e.results");
  agentChannel.publish("funcx", "e.results", Buffer.from("done"), { mandatory: true });
  await agentChannel.waitForConfirms();
  await until("the agent's result", () => heard[0] === "done");
  await agentModel.close();
  assertMatch(
    await refused(agent.url, (c) => c.consume("e.results", () => {})),
    /ACCESS_REFUSED/,
  );
  await refused(agent.url, async (c) => {
    c.publish("funcx", `${ann.queuePrefix}g`, Buffer.from("forged"), {});
    await c.waitForConfirms();
  });
  await broker.grantAgent(endpoint, queues);
  const old = await connect(agent.url).catch(messageOf);
  assertMatch(String(old), /ACCESS.REFUSED|403/i);
  await reading.close();
});

rabbitTest("TLS is checked against the authority that is named", async (stage) => {
  const stranger = stage.broker();
  await until("a refusal", () => stranger.state.kind === "away");
  const broker = stage.broker({ ca: CERTIFICATE });
  await broker.declare("q");
  await broker.publish("q", message("sealed"));
  assertMatch((await stage.granted(broker, "ann")).url, /^amqps:/);
}, { certificate: { cert: CERTIFICATE, key: CERTIFICATE_KEY } });
