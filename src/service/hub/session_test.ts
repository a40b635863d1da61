import { newId } from "../../contract/ids.ts";
import { encodeMessage } from "../../contract/protocol/codec.ts";
import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { hello, IDLE } from "./testing/fake_endpoint.ts";
import { HubFixture } from "./testing/hub_fixture.ts";

Deno.test("a hello is welcomed with what the endpoint has to know", async () => {
  await using fixture = await HubFixture.open({ heartbeatInterval: 5_000 });
  const endpoint = await fixture.stored.endpoint();
  await using fake = await fixture.dial(endpoint);
  assertEquals(fixture.hub.isOnline(endpoint), false);
  fake.send(hello(endpoint));
  const welcome = await fake.expect("welcome");
  assertEquals(welcome.service_id, fixture.stored.store.serviceId);
  assertEquals(welcome.heartbeat_interval, 5_000);
  assertEquals(welcome.allowed_functions, undefined);
  assertEquals([fixture.hub.isOnline(endpoint), fixture.hub.onlineCount], [true, 1]);
  assertEquals(fixture.hub.status(endpoint), IDLE);
  await fake.expectNothing();
});

Deno.test("allowed functions are in the welcome", async () => {
  await using fixture = await HubFixture.open();
  const [endpoint, code] = [await fixture.stored.endpoint(), await fixture.stored.function()];
  const stored = await fixture.stored.store.endpoints.get(endpoint);
  await fixture.stored.store.endpoints.update(endpoint, {
    ...stored!,
    allowedFunctions: [code],
    token: { tokenId: newId(), hash: crypto.getRandomValues(new Uint8Array(32)) },
    at: 2_000,
  });
  await using fake = await fixture.dial(endpoint);
  fake.send(hello(endpoint));
  assertEquals((await fake.expect("welcome")).allowed_functions, [code]);
});

for (
  const [name, change, code] of [
    ["a version from the future", { protocol_version: 99 }, "PROTOCOL_VERSION_UNSUPPORTED"],
    ["another endpoint's id", { endpoint_id: newId() }, "ENDPOINT_NOT_FOUND"],
  ] as const
) {
  Deno.test(`${name} in the hello is rejected`, async () => {
    await using fixture = await HubFixture.open();
    const endpoint = await fixture.stored.endpoint();
    await using fake = await fixture.dial(endpoint);
    fake.send(hello(endpoint, change));
    const reject = await fake.expect("reject");
    assertEquals([reject.code, reject.retryable], [code, false]);
    assertEquals((await fake.expect("closed")).code, 1000);
    assertEquals(fixture.hub.isOnline(endpoint), false);
  });
}

Deno.test("an endpoint that was deleted is rejected", async () => {
  await using fixture = await HubFixture.open();
  const endpoint = await fixture.stored.endpoint();
  await fixture.stored.store.endpoints.delete(endpoint, 2_000);
  await using fake = await fixture.dial(endpoint);
  fake.send(hello(endpoint));
  assertEquals((await fake.expect("reject")).code, "ENDPOINT_NOT_FOUND");
  await fake.expect("closed");
});

Deno.test("who says no hello is turned away, and may come again", async () => {
  await using fixture = await HubFixture.open({ handshakeTimeout: 20 });
  await using fake = await fixture.dial(await fixture.stored.endpoint());
  const { message, retryable } = await fake.expect("reject");
  assertMatch(message, /no hello/);
  assertEquals(retryable, true);
  assertEquals((await fake.expect("closed")).code, 1000);
});

const frame = encodeMessage({ type: "heartbeat", at: 1 });
for (
  const [name, send] of [
    ["a frame cut in half", frame.slice(0, frame.length >> 1)],
    ["no msgpack at all", new Uint8Array([0xc1])],
    ["an empty frame", new Uint8Array(0)],
    ["a text message", "hello"],
    ["an unknown type", encodeMessage({ type: "dance" } as never)],
    ["a second hello", encodeMessage(hello(newId()))],
    ["a message of the other side", encodeMessage({ type: "cancel", task_ids: [] })],
    ["more results than fit a batch", resultsFrame(1_001)],
    ["nesting without end", new Uint8Array(10_000).fill(0x91)],
  ] as const
) {
  Deno.test(`${name} ends the session, and nothing else`, async () => {
    await using fixture = await HubFixture.open();
    const [endpoint, code] = [await fixture.stored.endpoint(), await fixture.stored.function()];
    const other = await fixture.stored.endpoint();
    await using bystander = await fixture.connect(other);
    await using fake = await fixture.connect(endpoint);
    fake.sendRaw(send);
    const { reason, violation } = await fake.expect("goodbye");
    assertMatch(reason, /^protocol violation: /);
    assertEquals(violation, true);
    assertEquals((await fake.expect("closed")).code, 1002);
    await fixture.submit(other, code, 1);
    await bystander.expectTasks();
    await using again = await fixture.connect(endpoint);
    await again.expectNothing();
  });

  Deno.test(`${name} instead of a hello is rejected`, async () => {
    await using fixture = await HubFixture.open();
    const endpoint = await fixture.stored.endpoint();
    await using fake = await fixture.dial(endpoint);
    fake.sendRaw(name === "a second hello" ? frame : send);
    assertEquals((await fake.expect("reject")).code, "PROTOCOL_VIOLATION");
    assertEquals((await fake.expect("closed")).code, 1002);
  });
}

function resultsFrame(count: number): Uint8Array<ArrayBuffer> {
  const result = { task_id: newId(), attempt: 0, state: "cancelled", timeline: [] } as const;
  return encodeMessage({ type: "results", results: Array(count).fill(result) });
}

Deno.test("another agent of the same endpoint is rejected, and named, while the first one lives", async () => {
  await using fixture = await HubFixture.open();
  const endpoint = await fixture.stored.endpoint();
  const instance_id = newId();
  await using first = await fixture.connect(endpoint, { instance_id, hostname: "login1" });
  await using second = await fixture.dial(endpoint);
  second.send(hello(endpoint, { hostname: "login2" }));
  const reject = await second.expect("reject");
  assertEquals([reject.code, reject.retryable], ["ENDPOINT_CONNECTED_ELSEWHERE", true]);
  assertMatch(reject.message, /login1/);
  await second.expect("closed");
  await first.expectNothing();
  await first.cut();
  await fixture.offline(endpoint);
  await using third = await fixture.connect(endpoint);
  await third.expectNothing();
});

Deno.test("the same agent replaces its own connection", async () => {
  await using fixture = await HubFixture.open();
  const [endpoint, code] = [await fixture.stored.endpoint(), await fixture.stored.function()];
  const identity = { instance_id: newId(), spool_id: newId() };
  await using first = await fixture.connect(endpoint, identity);
  await using second = await fixture.connect(endpoint, identity);
  await first.expect("goodbye");
  assertEquals((await first.expect("closed")).code, 1000);
  assertEquals([fixture.hub.isOnline(endpoint), fixture.hub.onlineCount], [true, 1]);
  const { ids } = await fixture.submit(endpoint, code, 2);
  assertEquals((await second.takeTasks(2)).map(({ task_id }) => task_id), ids);
});

Deno.test("both sides' heartbeats keep the session, silence ends it", async () => {
  await using fixture = await HubFixture.open({ heartbeatInterval: 100 });
  const endpoint = await fixture.stored.endpoint();
  await using fake = await fixture.connect(endpoint);
  const busy = { ...IDLE, idle_workers: 0, outstanding_tasks: 2 };
  // Five intervals: more than the silence that is allowed.
  for (let count = 0; count < 5; count++) {
    await fake.expect("heartbeat");
    fake.send({ type: "heartbeat", at: count, status: busy });
  }
  assertEquals(fixture.hub.status(endpoint), busy);
  let last = await fake.next();
  while (last.type === "heartbeat") last = await fake.next();
  assertEquals(last, { type: "closed", code: 1001 });
  assertEquals(fixture.hub.isOnline(endpoint), false);
});

Deno.test("a goodbye shows the endpoint offline, and when it was seen last", async () => {
  await using fixture = await HubFixture.open({ now: () => 7_777 });
  const endpoint = await fixture.stored.endpoint();
  await using fake = await fixture.connect(endpoint, { hostname: "node9" });
  fake.send({ type: "goodbye", reason: "stopping" });
  assertEquals((await fake.expect("closed")).code, 1000);
  await fixture.offline(endpoint);
  await fixture.hub.close();
  const stored = await fixture.stored.store.endpoints.get(endpoint);
  assertEquals([stored?.lastSeen, stored?.hostname, stored?.runtimes], [
    7_777,
    "node9",
    ["typescript"],
  ]);
});

Deno.test("the owner's stop and the end of the service reach the endpoint", async () => {
  await using fixture = await HubFixture.open();
  const endpoint = await fixture.stored.endpoint();
  assertEquals(fixture.hub.shutdownEndpoint(endpoint, true), false);
  await using fake = await fixture.connect(endpoint);
  assertEquals(fixture.hub.shutdownEndpoint(endpoint, true), true);
  assertEquals((await fake.expect("shutdown")).drain, true);
  await fixture.hub.close();
  assertMatch((await fake.expect("goodbye")).reason, /stopping/);
  assertEquals((await fake.expect("closed")).code, 1000);
  await using late = await fixture.dial(endpoint);
  late.send(hello(endpoint));
  const reject = await late.expect("reject");
  assertEquals([reject.code, reject.retryable], ["SERVICE_STOPPING", true]);
  await late.expect("closed");
});

Deno.test("who listens for statuses is told when an endpoint comes, reports and goes", async () => {
  await using fixture = await HubFixture.open();
  const endpoint = await fixture.stored.endpoint();
  let told = Promise.withResolvers<string>();
  const next = async (): Promise<string> => {
    const endpointId = await told.promise;
    told = Promise.withResolvers();
    return endpointId;
  };
  fixture.hub.onStatus((endpointId) => told.resolve(endpointId));
  await using fake = await fixture.connect(endpoint);
  assertEquals(await next(), endpoint);
  fake.send({ type: "heartbeat", at: 5_000, status: { ...IDLE, pending_tasks: 7 } });
  assertEquals(await next(), endpoint);
  assertEquals(fixture.hub.status(endpoint)?.pending_tasks, 7);
  await fake.cut();
  assertEquals(await next(), endpoint);
  assertEquals(fixture.hub.isOnline(endpoint), false);
});

Deno.test("an endpoint was heard when its last frame came, also after its link was cut", async () => {
  let now = 1_000;
  await using fixture = await HubFixture.open({ now: () => now, heartbeatInterval: 1_600 });
  const { hub, stored } = fixture;
  const endpoint = await stored.endpoint();
  await using fake = await fixture.connect(endpoint);
  assertEquals(hub.heardAt(endpoint), 1_000);
  now = 60_000;
  assertEquals(hub.heardAt(endpoint), 1_000);
  while (hub.heardAt(endpoint) !== 60_000) {
    const { promise: told, resolve } = Promise.withResolvers<string>();
    const end = hub.onStatus(resolve);
    fake.send({ type: "heartbeat", at: now, status: IDLE });
    await told;
    end();
  }
  // Nothing of that is on its way when the time goes on.
  await fake.expectNothing();
  now = 90_000;
  await fake.cut();
  await fixture.offline(endpoint);
  assertEquals(hub.heardAt(endpoint) ?? 60_000, 60_000);
  await hub.close();
  assertEquals(hub.heardAt(endpoint), undefined);
  assertEquals((await stored.store.endpoints.get(endpoint))?.lastSeen, 60_000);
});
