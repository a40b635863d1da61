/** `deno task test:rabbitmq`: logins of readers end with the tokens by which they were asked for. */
import { type ChannelModel, connect } from "amqplib";
import { newId } from "../../../src/contract/ids.ts";
import { assertEquals, assertMatch, assertRejects } from "../../../src/lib/assert.ts";
import { messageOf } from "../../../src/lib/outcome.ts";
import { until } from "../../helpers/until.ts";
import { type BrokerStage, rabbitTest } from "./broker_stage.ts";

/** A connection that waits to be ended. */
async function reading(
  url: string,
): Promise<{ readonly model: ChannelModel; readonly ended: () => Promise<string> }> {
  const model = await connect(url);
  model.on("error", () => {});
  let reason: string | undefined;
  model.on("close", (error) => reason = messageOf(error));
  const ended = async (): Promise<string> => {
    await until("the end of the connection", () => reason !== undefined);
    return reason!;
  };
  return { model, ended };
}

async function refused(url: string): Promise<void> {
  const found = await connect(url).then((model) => model.close(), messageOf);
  assertMatch(String(found), /ACCESS.REFUSED|403/i);
}

/** Names of the readers' logins that RabbitMQ has. */
async function logins({ node }: BrokerStage): Promise<string[]> {
  const users = await (await node.api("users?columns=name")).json() as { name: string }[];
  return users.map(({ name }) => name).filter((name) => name.startsWith("funcx-reader."));
}

rabbitTest("a token that is revoked takes its logins and connections along", async (stage) => {
  const broker = stage.broker();
  const first = await stage.granted(broker, "ann");
  const other = await stage.granted(broker, "ann");
  const [open, spared] = [await reading(first.url), await reading(other.url)];
  await stage.revoke("ann", first.tokenId);
  assertMatch(await open.ended(), /deleted|320|closed/i);
  await refused(first.url);
  // What was asked for with another token stays, also of the same user.
  await spared.model.createChannel();
  await spared.model.close();
  const left = await logins(stage);
  assertEquals([left.length, left[0]?.includes(other.tokenId)], [1, true]);
  const late = { id: first.tokenId, expiresAt: null };
  await assertRejects(
    () => broker.grantReader({ user: "ann", token: late, queuePrefix: first.queuePrefix }),
    /just ended/,
  );
  await until("no login of the ended token", async () => (await logins(stage)).length === 1);
});

rabbitTest("a token that expires does the same", async (stage) => {
  const broker = stage.broker();
  const { url } = await stage.granted(broker, "ann", Date.now() + 10_000);
  const open = await reading(url);
  await open.ended();
  await refused(url);
});

rabbitTest("an end that RabbitMQ, or the service, was away for is not missed", async (stage) => {
  const { node } = stage;
  const broker = stage.broker();
  const [first, second] = [await stage.granted(broker, "ann"), await stage.granted(broker, "bob")];
  const stranger = stage.broker({ serviceId: newId() });
  await stage.granted(stranger, "eve").then(({ tokenId }) => stage.revoke("eve", tokenId));
  await until("the end of eve's login", async () => (await logins(stage)).length === 2);

  await node.kill();
  await stage.revoke("ann", first.tokenId);
  await node.up();
  await until("the end of ann's login", async () => (await logins(stage)).length === 1, 60_000);
  await refused(first.url);

  await stage.close(broker);
  await stage.revoke("bob", second.tokenId);
  assertEquals((await logins(stage)).length, 1);
  // Another service at the same RabbitMQ leaves it alone.
  const eve = await stage.granted(stranger, "eve");
  await stage.revoke("eve", eve.tokenId);
  await until("the end of eve's login", async () => (await logins(stage)).length === 1);
  stage.broker();
  await until("the end of bob's login", async () => (await logins(stage)).length === 0);
});
