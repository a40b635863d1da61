import { setImmediate } from "node:timers/promises";
import { newId } from "../../contract/ids.ts";
import { MAX_FRAME_BYTES } from "../../contract/limits.ts";
import { encode } from "../../contract/protocol/codec.ts";
import { reject } from "../../contract/protocol/handshake.ts";
import type { Hello, Reject } from "../../contract/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../contract/protocol/version.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import type { Failure, Outcome } from "../../lib/outcome.ts";
import type { SessionMessage } from "../session.ts";
import { FakeService } from "../testing/fake_service.ts";
import { UnreadService } from "../testing/unread_service.ts";
import { connect, type Connection, type Ending } from "./connection.ts";

const STATUS = {
  managers: 0,
  total_workers: 0,
  idle_workers: 0,
  pending_tasks: 0,
  outstanding_tasks: 0,
  completed_tasks: 0,
};

function hello(): Hello {
  return {
    type: "hello",
    protocol_version: PROTOCOL_VERSION,
    endpoint_id: newId(),
    spool_id: newId(),
    instance_id: newId(),
    software_version: "0.0.0",
    hostname: "login1",
    runtimes: [],
    task_credits: 10,
    status: STATUS,
  };
}

type Attempt = Promise<Outcome<Connection, Failure | Reject>>;

function attempt(
  url: string,
  message: (message: SessionMessage) => void = () => undefined,
  signal = new AbortController().signal,
  maximumBacklog?: number,
): Attempt {
  return connect({
    target: { url, token: "fx_secret" },
    hello: hello(),
    status: () => STATUS,
    now: () => 1,
    opened: () => undefined,
    message,
    signal,
    maximumBacklog,
  });
}

function forwarder(service: FakeService): string {
  return `ws://127.0.0.1:${service.port}/v3/forwarder`;
}

async function open(
  service: FakeService,
  changes: Parameters<Awaited<ReturnType<FakeService["accept"]>>["welcome"]>[0] = {},
): Promise<{ connection: Connection; link: Awaited<ReturnType<FakeService["accept"]>> }> {
  const trying = attempt(forwarder(service));
  const link = await service.accept();
  await link.welcome(changes);
  const outcome = await trying;
  assertTrue(outcome.kind === "ok");
  return { connection: outcome.value, link };
}

Deno.test("a session: token, hello, welcome, messages, goodbye", async () => {
  await using service = new FakeService();
  const received: string[] = [];
  const trying = attempt(forwarder(service), (message) => received.push(message.type));
  const link = await service.accept();
  assertEquals(link.token, "Bearer fx_secret");
  await link.welcome();
  // In the same breath as the welcome, so before anybody has waited for the connection.
  link.send({ type: "cancel", task_ids: [] });
  const outcome = await trying;
  assertTrue(outcome.kind === "ok");
  link.send({ type: "shutdown", drain: true });
  link.send({ type: "goodbye", reason: "restart" });
  assertEquals(await outcome.value.ended, { kind: "goodbye", reason: "restart" });
  assertEquals(received, ["cancel", "shutdown", "goodbye"]);
});

Deno.test("a service that was told something wrong says so", async () => {
  await using service = new FakeService();
  const { connection, link } = await open(service);
  link.send({ type: "goodbye", reason: "a second hello", violation: true });
  assertEquals(await connection.ended, { kind: "accused", reason: "a second hello" });
});

Deno.test("leaving says goodbye and closes", async () => {
  await using service = new FakeService();
  const { connection, link } = await open(service);
  connection.leave("stopped");
  assertEquals((await link.messages.expect("goodbye")).reason, "stopped");
  assertEquals((await link.closed).code, 1000);
  assertEquals(await connection.ended, { kind: "left" });
});

Deno.test("a service that refuses the upgrade is believed by its code", async () => {
  await using service = new FakeService();
  const answers = [
    [401, "INVALID_AUTH_TOKEN", "fatal"],
    [404, "ENDPOINT_NOT_FOUND", "fatal"],
    [503, "SERVICE_STOPPING", "retryable"],
  ] as const;
  for (const [status, code, kind] of answers) {
    service.refusal = Response.json({ code, reason: "no", hint: "mend" }, { status });
    assertEquals(await attempt(forwarder(service)), {
      kind,
      failure: { code, message: "no", hint: "mend" },
    });
  }
  service.refusal = new Response("<html>proxy</html>", { status: 502 });
  const odd = await attempt(forwarder(service));
  assertTrue(odd.kind === "retryable" && /502/.test(odd.failure.message));
});

Deno.test("nobody there is retryable", async () => {
  const service = new FakeService();
  const url = forwarder(service);
  await service[Symbol.asyncDispose]();
  const outcome = await attempt(url);
  assertTrue(outcome.kind === "retryable" && outcome.failure.code === "SERVICE_UNAVAILABLE");
});

Deno.test("a service that speaks another version tells both clearly", async () => {
  await using service = new FakeService();
  const trying = attempt(forwarder(service));
  const link = await service.accept();
  await link.messages.expect("hello");
  const message = "the endpoint speaks version 1, the service speaks versions 7 to 9";
  link.send({ ...reject("PROTOCOL_VERSION_UNSUPPORTED", message), protocol_version: 9 });
  const outcome = await trying;
  assertTrue(outcome.kind === "fatal");
  assertEquals(outcome.failure.message, message);
});

Deno.test("a first frame that is no answer is retryable", async () => {
  await using service = new FakeService();
  const frames = [
    encode({ type: "welcome" }),
    new Uint8Array([0xc1]),
    encode({ type: "goodbye", reason: "" }),
  ];
  for (const frame of frames) {
    const trying = attempt(forwarder(service));
    const link = await service.accept();
    await link.messages.expect("hello");
    link.sendRaw(frame);
    const outcome = await trying;
    assertTrue(outcome.kind === "retryable" && outcome.failure.code === "PROTOCOL_VIOLATION");
    await link.closed;
  }
});

Deno.test("a link that ends before its welcome is retryable", async () => {
  await using service = new FakeService();
  const trying = attempt(forwarder(service));
  const link = await service.accept();
  await link.messages.expect("hello");
  link.close();
  assertEquals((await trying).kind, "retryable");
});

Deno.test("a broken frame ends the session with a reason, and nothing else", async () => {
  await using service = new FakeService();
  const task_ack = encode({ type: "result_ack", task_ids: [newId()] });
  const frames: [Uint8Array<ArrayBuffer> | string, RegExp][] = [
    [task_ack.slice(0, task_ack.length - 5), /msgpack/],
    [encode({ type: "teleport" }), /type/],
    [encode({ type: "cancel", task_ids: ["not an id"] }), /task_ids/],
    ["text", /text message/],
    [encode({ ...(await helloAsWelcome()) }), /middle of a session/],
  ];
  for (const [frame, reason] of frames) {
    const { connection, link } = await open(service);
    link.sendRaw(frame);
    const ending = await connection.ended;
    assertTrue(ending.kind === "violation");
    assertMatch(ending.reason, reason);
    assertMatch((await link.messages.expect("goodbye")).reason, reason);
    assertEquals((await link.closed).code, 1002);
  }
});

async function helloAsWelcome(): Promise<Record<string, unknown>> {
  const { welcome } = await import("../testing/fake_session.ts");
  return { ...welcome() };
}

Deno.test("a frame that is too large ends the session", async () => {
  await using service = new FakeService();
  const { connection, link } = await open(service);
  link.sendRaw(new Uint8Array(MAX_FRAME_BYTES + 1));
  const ending = await connection.ended;
  assertEquals(ending.kind, "violation");
  await link.closed;
});

Deno.test("a silent service is given up, one that sends heartbeats is not", async () => {
  await using service = new FakeService();
  service.keepsHeartbeats = true;
  const { connection, link } = await open(service, { heartbeat_interval: 100 });
  const beat = await link.messages.expect("heartbeat");
  assertEquals(beat.status, STATUS);
  link.send({ type: "heartbeat", at: 1 });
  link.messages.ignore("heartbeat");
  const ending = await connection.ended;
  assertTrue(ending.kind === "silent" && ending.milliseconds >= 300);
  await link.closed;
});

Deno.test("a service that reads nothing loses its link", async () => {
  await using service = new UnreadService();
  const signal = new AbortController().signal;
  const outcome = await attempt(service.url, () => undefined, signal, 64 * 1024);
  assertTrue(outcome.kind === "ok");
  const connection = outcome.value;
  let ending: Ending | undefined;
  void connection.ended.then((value) => ending = value);
  const frame = new Uint8Array(1024 * 1024);
  for (let sent = 0; ending === undefined; sent++) {
    assertTrue(sent < 100, "everything was taken");
    connection.sendFrame(frame);
    await setImmediate();
  }
  assertTrue(ending.kind === "unread" && ending.bytes <= 64 * 1024 + 2 * frame.length);
});

Deno.test("an attempt can be given up while it shakes hands", async () => {
  await using service = new FakeService();
  const stop = new AbortController();
  const trying = attempt(forwarder(service), () => undefined, stop.signal);
  const link = await service.accept();
  await link.messages.expect("hello");
  stop.abort();
  assertEquals((await trying).kind, "retryable");
  await link.closed;
});
