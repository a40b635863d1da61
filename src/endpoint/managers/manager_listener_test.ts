/** What the listener does with those who are no managers of it, and managers with agents that are not theirs. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import WebSocket from "ws";
import { newId } from "../../contract/ids.ts";
import { MAX_FRAME_BYTES, MAX_UNKNOWN_CONNECTIONS } from "../../contract/limits.ts";
import {
  AGENT_SERVER_NAME,
  type ManagerConnection,
  managerPath,
} from "../../contract/manager_connection.ts";
import { encode } from "../../contract/protocol/codec.ts";
import { decodeAgentMessage } from "../../contract/protocol/manager_codec.ts";
import type { AgentMessage, ManagerHello } from "../../contract/protocol/manager_messages.ts";
import { MANAGER_SUBPROTOCOL } from "../../contract/protocol/version.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { dial } from "../forwarder/ws_transport.ts";
import { makeCredentials } from "./certificate.ts";
import { ManagerListener } from "./manager_listener.ts";
import { PoolStage, shell } from "./testing/pool_stage.ts";

function connectionOf(stage: PoolStage, blockId = "block-1"): ManagerConnection {
  return JSON.parse(Deno.readTextFileSync(stage.block(blockId)));
}

function hello(changes: Partial<ManagerHello> = {}): ManagerHello {
  return {
    type: "hello",
    protocol_version: 1,
    manager_id: newId(),
    hostname: "node1",
    pid: 1,
    software_version: "0.0.0",
    node: { cores: 1, memory: 1, accelerators: [] },
    workers: 1,
    runtimes: ["shell"],
    limit: 1,
    running: [],
    finished: [],
    ...changes,
  };
}

/** A link whose frames are the test's. */
class RawManager {
  readonly received: AgentMessage[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #opened = Promise.withResolvers<void>();
  #next = Promise.withResolvers<void>();

  constructor({ port, token, certificate, block_id }: ManagerConnection) {
    this.#socket = new WebSocket(`wss://127.0.0.1:${port}${managerPath(block_id)}`, [
      MANAGER_SUBPROTOCOL,
    ], {
      ...{ servername: AGENT_SERVER_NAME },
      ca: [certificate],
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    this.closed = promise;
    this.#socket.on("open", () => this.#opened.resolve());
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", (code: number) => resolve(code));
    this.#socket.on("message", (bytes: Uint8Array) => {
      const decoded = decodeAgentMessage(bytes);
      assertTrue(decoded.kind === "message");
      this.received.push(decoded.message);
      this.#next.resolve();
      this.#next = Promise.withResolvers();
    });
  }

  async send(...frames: readonly (Uint8Array | string)[]): Promise<void> {
    await this.#opened.promise;
    for (const frame of frames) this.#socket.send(frame);
  }

  async until(type: AgentMessage["type"]): Promise<AgentMessage> {
    for (;;) {
      const next = this.#next.promise;
      const found = this.received.find((message) => message.type === type);
      if (found !== undefined) return found;
      await next;
    }
  }

  close(): void {
    this.#socket.terminate();
  }
}

async function refusalOf(
  connection: ManagerConnection,
  changes: { token?: string; block?: string; certificate?: string; serverName?: string },
): Promise<string> {
  const outcome = await dial({
    url: `wss://127.0.0.1:${connection.port}${managerPath(changes.block ?? connection.block_id)}`,
    token: changes.token ?? connection.token,
    subprotocol: MANAGER_SUBPROTOCOL,
    pinned: {
      certificate: changes.certificate ?? connection.certificate,
      serverName: changes.serverName ?? AGENT_SERVER_NAME,
    },
  }, {
    frame: () => undefined,
    malformed: () => undefined,
    closed: () => undefined,
  }, new AbortController().signal);
  assertTrue(outcome.kind !== "ok", "it was let in");
  return `${outcome.kind} ${outcome.failure.code} ${outcome.failure.message}`;
}

Deno.test("only the block's own token opens its door", async () => {
  await using stage = await PoolStage.start();
  const connection = connectionOf(stage);
  const other = connectionOf(stage, "block-2");
  assertTrue(connection.token !== other.token && connection.token.length >= 43);
  assertMatch(await refusalOf(connection, { token: "wrong" }), /^fatal INVALID_AUTH_TOKEN/);
  assertMatch(await refusalOf(connection, { token: other.token }), /^fatal INVALID_AUTH_TOKEN/);
  assertMatch(await refusalOf(connection, { block: "none" }), /^fatal INVALID_AUTH_TOKEN/);
  assertMatch(await refusalOf(connection, { block: "__proto__" }), /^fatal INVALID_AUTH_TOKEN/);
  stage.access.ended("block-1", "over");
  assertMatch(await refusalOf(connection, {}), /^fatal INVALID_AUTH_TOKEN/);
});

Deno.test("a manager takes the agent's own certificate, and no other", async () => {
  await using stage = await PoolStage.start();
  const connection = connectionOf(stage);
  const { certificate } = await makeCredentials();
  assertMatch(await refusalOf(connection, { certificate }), /^retryable .*certificate/);
  assertMatch(await refusalOf(connection, { serverName: "other" }), /^retryable .*altnames/);
});

Deno.test("an authority's signature is not enough for another agent's certificate", async () => {
  await using stage = await PoolStage.start();
  const connection = connectionOf(stage);
  // Somebody else's listener, with a certificate for the same name.
  const credentials = await makeCredentials();
  const other = await ManagerListener.listen({
    hostnames: ["127.0.0.1"],
    ports: [0],
    credentials,
    tokenOf: () => connection.token,
    opened: () => {
      throw new Error("a manager showed its token to somebody else");
    },
  });
  const refusal = await refusalOf({ ...connection, port: other.port }, {});
  assertMatch(refusal, /^retryable .*certificate/);
  await other.close();
});

Deno.test("secrets are in 0600 files of 0700 folders", async () => {
  await using stage = await PoolStage.start();
  const path = stage.block();
  const mode = (name: string): number => Deno.statSync(name).mode! & 0o777;
  assertEquals(mode(path), 0o600);
  assertEquals(mode(`${stage.folder}/blocks/block-1`), 0o700);
  assertEquals(mode(`${stage.folder}/managers/link.json`), 0o600);
  assertEquals(mode(`${stage.folder}/managers`), 0o700);
  const { key } = JSON.parse(Deno.readTextFileSync(`${stage.folder}/managers/link.json`));
  assertTrue(!Deno.readTextFileSync(path).includes(key));
});

Deno.test("what is no TLS, or says nothing, is closed", async () => {
  const opened: string[] = [];
  const listener = await ManagerListener.listen({
    hostnames: ["127.0.0.1"],
    ports: [0],
    credentials: await makeCredentials(),
    tokenOf: () => "token",
    opened: (_, blockId) => opened.push(blockId),
    handshakeTimeout: 300,
  });
  const ended = (socket: Socket): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.on("error", () => undefined).on("close", () => resolve()).resume();
    return promise;
  };
  const plain = (): Socket => connectPlain(listener.port, "127.0.0.1");
  const garbage = plain();
  garbage.write("GET /managers/block-1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  await ended(garbage);
  await ended(plain());
  const tls = (): Socket =>
    connectTls({ port: listener.port, host: "127.0.0.1", rejectUnauthorized: false });
  await ended(tls());
  const long = tls();
  long.write(`GET / HTTP/1.1\r\nx: ${"y".repeat(100_000)}\r\n`);
  await ended(long);
  const many = Array.from({ length: MAX_UNKNOWN_CONNECTIONS + 8 }, plain);
  await Promise.all(many.map(ended));
  assertEquals(opened, []);
  await listener.close();
});

Deno.test("frames that are not of the protocol end the link, and nothing else", async () => {
  await using stage = await PoolStage.start();
  const connection = connectionOf(stage);
  for (
    const frame of [
      new Uint8Array([0xc1]),
      "text",
      encode({ type: "teleport" }),
      encode({ ...hello(), limit: -1 }),
      encode({ type: "room", limit: 1 }),
    ]
  ) {
    const raw = new RawManager(connection);
    await raw.send(frame);
    await raw.until("reject");
    await raw.closed;
  }
  assertEquals(stage.pool.managers, []);
  const frames = [new Uint8Array([0xc1]), encode({ type: "ended", attempts: 1 }), "text"];
  for (const frame of frames) {
    const raw = new RawManager(connection);
    await raw.send(encode(hello()), frame);
    const goodbye = await raw.until("goodbye");
    assertTrue(goodbye.type === "goodbye" && goodbye.violation === true);
    await raw.closed;
  }
  const large = new RawManager(connection);
  await large.send(encode(hello()));
  await large.until("welcome");
  await large.send(new Uint8Array(MAX_FRAME_BYTES + 1));
  await large.closed;
  // The pool serves as before.
  await stage.attached(`${stage.folder}/blocks/block-1/connection.json`);
  const [taskId] = stage.run({ code: shell(":") });
  assertEquals((await stage.end(taskId!)).outcome.kind, "success");
});

Deno.test("another version is refused for good", async () => {
  await using stage = await PoolStage.start();
  const raw = new RawManager(connectionOf(stage));
  await raw.send(encode(hello({ protocol_version: 2 })));
  const answer = await raw.until("reject");
  assertTrue(answer.type === "reject" && !answer.retryable);
  assertMatch(answer.message, /version 2 .* 1$/);
});

Deno.test("what a manager holds that is nobody's is unwanted", async () => {
  await using stage = await PoolStage.start();
  const held = { task_id: newId(), attempt: 1 };
  const raw = new RawManager(connectionOf(stage));
  await raw.send(encode(hello({ running: [held] })));
  const welcome = await raw.until("welcome");
  assertTrue(welcome.type === "welcome");
  assertEquals(welcome.unwanted, [held]);
  raw.close();
});

Deno.test("an attempt that never reached its manager is given back when that dials again", async () => {
  await using stage = await PoolStage.start();
  const connection = connectionOf(stage);
  const own = hello();
  const first = new RawManager(connection);
  await first.send(encode(own));
  await first.until("welcome");
  const [taskId] = stage.run({ code: shell(":") });
  await first.until("run");
  first.close();
  await stage.until(() => stage.pool.managers[0]!.state === "away");
  const second = new RawManager(connection);
  await second.send(encode(own));
  assertEquals((await stage.end(taskId!)).outcome.kind, "returned");
  second.close();
});
