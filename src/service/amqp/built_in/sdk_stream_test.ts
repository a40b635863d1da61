/** The server as a client sees it, byte by byte, with a real service behind it. */
import { newId } from "../../../contract/ids.ts";
import { HANDSHAKE_TIMEOUT, MAX_AMQP_STRANGERS } from "../../../contract/limits.ts";
import { jsonPayload } from "../../../contract/envelope.ts";
import { decodeGlobusMessage } from "../../../contract/globus_messages.ts";
import { assertEquals, assertMatch } from "../../../lib/assert.ts";
import { delay, withTimeout } from "../../../lib/async.ts";
import { finishTasks } from "../../testing/finish_tasks.ts";
import { ServiceFixture } from "../../testing/service_fixture.ts";
import type { BuiltInBroker } from "./built_in_broker.ts";
import { FRAME, FrameReader, writeFrame } from "./frames.ts";
import { type MethodArguments, type MethodName, readMethod, writeMethod } from "./methods.ts";

class Peer implements AsyncDisposable {
  readonly #socket: Deno.TcpConn;
  readonly #reader = new FrameReader(1_000_000);

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  static async dial(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ port }));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#socket.write(bytes.subarray(sent));
    }
  }

  send<N extends MethodName>(channel: number, name: N, args: MethodArguments<N>): Promise<void> {
    return this.write(writeFrame(FRAME.method, channel, writeMethod(name, args)));
  }

  /** A method with its arguments as text, a piece of a body, or undefined at the end. */
  async next(): Promise<string | Uint8Array | undefined> {
    while (true) {
      const frame = this.#reader.next();
      if (frame?.type === FRAME.method) {
        const { name, args } = readMethod(frame.payload);
        return `${name} ${JSON.stringify(args)}`;
      }
      if (frame?.type === FRAME.body) return frame.payload;
      if (frame !== undefined) continue;
      const buffer = new Uint8Array(65_536);
      const length = await this.#socket.read(buffer);
      if (length === null) return undefined;
      this.#reader.push(buffer.subarray(0, length));
    }
  }

  async login(url: URL): Promise<string> {
    await this.write(Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]));
    assertMatch(String(await this.next()), /^connection\.start /);
    await this.send(0, "connection.start-ok", {
      clientProperties: {},
      mechanism: "PLAIN",
      response: new TextEncoder().encode(`\0${url.username}\0${url.password}`),
      locale: "en_US",
    });
    const answer = String(await this.next());
    if (!answer.startsWith("connection.tune ")) return answer;
    await this.send(0, "connection.tune-ok", { channelMax: 10, frameMax: 131_072, heartbeat: 60 });
    await this.send(0, "connection.open", { vhost: "/", reserved1: "", reserved2: false });
    return String(await this.next());
  }

  async consume(queue: string): Promise<string> {
    await this.send(1, "channel.open", { reserved1: "" });
    await this.next();
    await this.send(1, "basic.consume", {
      reserved1: 0,
      queue,
      consumerTag: "c",
      noLocal: false,
      noAck: false,
      exclusive: false,
      noWait: false,
      arguments: {},
    });
    return String(await this.next());
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error("it did not come to be");
    await delay(5);
  }
}

async function submitted(
  service: ServiceFixture,
): Promise<{ token: string; group: string; endpoint: string }> {
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const { id: endpoint } = await service.registerEndpoint(token);
  const { body } = await service.call("POST", `/v3/endpoints/${endpoint}/submit`, {
    token,
    body: { create_queue: true, tasks: { [fn]: [jsonPayload([21]), jsonPayload([1])] } },
  });
  return { token, group: body.task_group_id, endpoint };
}

async function grant(
  service: ServiceFixture,
  token: string,
): Promise<{ url: URL; prefix: string }> {
  const { body } = await service.call("GET", "/v2/get_amqp_result_connection_url", { token });
  return { url: new URL(body.connection_url), prefix: body.queue_prefix };
}

Deno.test("results come once, and again until they are acknowledged", async () => {
  await using service = await ServiceFixture.open();
  const { token, group, endpoint } = await submitted(service);
  const { url, prefix } = await grant(service, token);
  const ids = await finishTasks(service.parts.store, endpoint);
  const read = async (peer: Peer): Promise<string> => {
    assertMatch(String(await peer.next()), /^basic\.deliver /);
    const message = decodeGlobusMessage(await peer.next() as Uint8Array);
    return "task_id" in message.data ? message.data.task_id : message.type;
  };
  {
    await using peer = await Peer.dial(Number(url.port));
    assertMatch(await peer.login(url), /^connection\.open-ok/);
    assertMatch(await peer.consume(prefix + group), /^basic\.consume-ok/);
    assertEquals([await read(peer), await read(peer)], [...ids]);
  }
  {
    await using peer = await Peer.dial(Number(url.port));
    await peer.login(url);
    await peer.consume(prefix + group);
    assertEquals([await read(peer), await read(peer)], [...ids]);
    await peer.send(1, "basic.ack", { deliveryTag: 2, multiple: true });
    await peer.send(1, "basic.cancel", { consumerTag: "c", noWait: false });
    assertMatch(String(await peer.next()), /^basic\.cancel-ok/);
  }
  const { resultQueues } = service.parts.store;
  await eventually(() => resultQueues.isDone(group));
  // Nothing of what is over is kept.
  const broker = service.parts.amqp.broker as BuiltInBroker;
  await eventually(() => broker.size === 0);
});

Deno.test("nobody reads what is not his, or without the password", async () => {
  await using service = await ServiceFixture.open();
  const { token, group } = await submitted(service);
  const { url, prefix } = await grant(service, token);
  const other = await grant(service, await service.token("bob"));
  for (
    const [queue, reply] of [
      [prefix + group, /"replyCode":403/],
      [other.prefix + group, /"replyCode":404/],
      [other.prefix + newId(), /"replyCode":404/],
    ] as const
  ) {
    await using peer = await Peer.dial(Number(url.port));
    await peer.login(other.url);
    assertMatch(await peer.consume(queue), reply);
  }
  await using peer = await Peer.dial(Number(url.port));
  url.password = other.url.password;
  assertMatch(await peer.login(url), /connection\.close .*403.*ACCESS_REFUSED/);
});

Deno.test("a reader's connection ends with its token", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const { url } = await grant(service, token);
  const { body } = await service.call("GET", "/v3/whoami", { token });
  await using peer = await Peer.dial(Number(url.port));
  await peer.login(url);
  await service.call("DELETE", `/v3/tokens/${body.token_id}`, { token });
  assertMatch(String(await peer.next()), /connection\.close .*320.*revoked/);
  await using later = await Peer.dial(Number(url.port));
  assertMatch(await later.login(url), /403/);
});

Deno.test("peers that only connect keep nobody out, and whoever has logged in stays", async () => {
  await using service = await ServiceFixture.open();
  const { url } = await grant(service, await service.token());
  await using known = await Peer.dial(Number(url.port));
  assertMatch(await known.login(url), /^connection\.open-ok/);
  await using strangers = new AsyncDisposableStack();
  const stranger = async (): Promise<Peer> => strangers.use(await Peer.dial(Number(url.port)));
  const first = await stranger();
  await Promise.all(Array.from({ length: MAX_AMQP_STRANGERS - 1 }, stranger));
  await using peer = await Peer.dial(Number(url.port));
  assertMatch(await peer.login(url), /^connection\.open-ok/);
  // Long before its own time is over.
  assertEquals(await withTimeout(first.next(), HANDSHAKE_TIMEOUT / 2), undefined);
  await known.send(1, "channel.open", { reserved1: "" });
  assertMatch(String(await known.next()), /^channel\.open-ok/);
});

Deno.test("an agent reads its queues until its login is withdrawn, or another one given", async () => {
  await using service = await ServiceFixture.open();
  const { broker } = service.parts.amqp;
  const queues = { reads: ["mine.tasks"], writes: ["mine.results"] };
  for (const queue of ["mine.tasks", "mine.results", "other.tasks"]) await broker.declare(queue);
  // A user endpoint has no record as an endpoint.
  const id = newId();
  const ends = [
    () => broker.grantAgent(id, queues),
    () => broker.revokeAgent(id),
  ];
  for (const end of ends) {
    const url = new URL((await broker.grantAgent(id, queues)).url);
    await using stranger = await Peer.dial(Number(url.port));
    assertMatch(await stranger.login(url), /^connection\.open-ok/);
    assertMatch(await stranger.consume("other.tasks"), /"replyCode":403/);
    await using peer = await Peer.dial(Number(url.port));
    await peer.login(url);
    assertMatch(await peer.consume("mine.tasks"), /^basic\.consume-ok/);
    await end();
    assertMatch(String(await peer.next()), /connection\.close .*320.*password/);
    await using later = await Peer.dial(Number(url.port));
    assertMatch(await later.login(url), /403/);
  }
});

Deno.test("malformed bytes end their connection and nothing else", async () => {
  await using service = await ServiceFixture.open();
  const { url } = await grant(service, await service.token());
  for (let round = 0; round < 300; round++) {
    await using peer = await Peer.dial(Number(url.port));
    if (round % 3 > 0) await peer.login(url);
    if (round % 3 > 1) await peer.send(1, "channel.open", { reserved1: "" });
    const noise = crypto.getRandomValues(new Uint8Array(1 + round));
    await peer.write(round % 2 ? noise : writeFrame(1 + round % 4, round % 2, noise));
  }
  await using peer = await Peer.dial(Number(url.port));
  assertMatch(await peer.login(url), /^connection\.open-ok/);
});
