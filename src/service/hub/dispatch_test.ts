import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { newId } from "../../contract/ids.ts";
import { TASKS_PER_FRAME } from "../../contract/limits.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { OWNER, StoreFixture, success, taskIdsOf } from "../store/testing/store_fixture.ts";
import { SendWindow } from "../../contract/protocol/ack_window.ts";
import { Signal } from "../../lib/async.ts";
import type { QueueStore } from "../store/store.ts";
import { Dispatcher } from "./dispatch.ts";
import type { FakeEndpoint } from "./testing/fake_endpoint.ts";
import { opened } from "./testing/hub_fixture.ts";

function finish(fake: FakeEndpoint, taskIds: readonly string[]): void {
  fake.send({ type: "results", results: taskIds.map((taskId) => success(taskId)) });
}

/** Bytes that are still referred to; what waits for the collector does not count. */
function liveHeap(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return Deno.memoryUsage().heapUsed;
}

/** A dispatcher of its own on a real store, whose queue a test may look into as it is asked. */
class Dispatching implements AsyncDisposable {
  readonly stored: StoreFixture;
  readonly endpointId: string;
  readonly functionId: string;
  readonly window = new SendWindow(4);
  readonly sent: string[] = [];
  readonly dispatcher: Dispatcher;
  readonly #changed = new Signal();

  private constructor(
    stored: StoreFixture,
    ids: { readonly endpointId: string; readonly functionId: string },
    watched: (self: Dispatching) => Partial<QueueStore>,
  ) {
    this.stored = stored;
    this.endpointId = ids.endpointId;
    this.functionId = ids.functionId;
    const { queue } = stored.store;
    this.dispatcher = new Dispatcher({
      endpointId: ids.endpointId,
      queue: {
        claim: (query) => queue.claim(query),
        sent: (query) => queue.sent(query),
        sentAt: (query) => queue.sentAt(query),
        codes: (functionIds) => queue.codes(functionIds),
        ...watched(this),
      },
      window: this.window,
      send: ({ tasks }) => {
        this.sent.push(...tasks.map(({ task_id }) => task_id));
        this.#changed.notify();
      },
    });
  }

  static async open(
    watched: (self: Dispatching) => Partial<QueueStore>,
  ): Promise<Dispatching> {
    const stored = await StoreFixture.open();
    const ids = { endpointId: await stored.endpoint(), functionId: await stored.function() };
    return new Dispatching(stored, ids, watched);
  }

  async hasSent(count: number): Promise<string[]> {
    for (let next = this.#changed.next(); this.sent.length < count; next = this.#changed.next()) {
      await next;
    }
    return this.sent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispatcher.stop();
    await this.stored[Symbol.asyncDispose]();
  }
}

Deno.test("a claim that wakes the dispatcher from within loses nothing", async () => {
  await using dispatching = await Dispatching.open((self) => ({
    claim: (query) => {
      self.dispatcher.wake();
      return self.stored.store.queue.claim(query);
    },
    sent: (query) => {
      self.dispatcher.wake();
      return self.stored.store.queue.sent(query);
    },
  }));
  const { stored, endpointId, functionId, dispatcher, window } = dispatching;
  const ids = taskIdsOf(await stored.submit(endpointId, functionId, 12));
  dispatcher.wake();
  for (let sent = 4; sent <= 12; sent += 4) {
    assertEquals(await dispatching.hasSent(sent), ids.slice(0, sent));
    window.acknowledged(ids.slice(0, sent));
    dispatcher.wake();
  }
});

Deno.test("while nothing waits, the store is asked for what was submitted and nothing else", async () => {
  let claims = 0;
  const nothingWaits = Promise.withResolvers<void>();
  await using dispatching = await Dispatching.open((self) => ({
    claim: async (query) => {
      claims++;
      const tasks = await self.stored.store.queue.claim(query);
      if (tasks.length === 0) nothingWaits.resolve();
      return tasks;
    },
  }));
  const { stored, endpointId, functionId, dispatcher, window } = dispatching;
  const [first] = taskIdsOf(await stored.submit(endpointId, functionId, 1));
  dispatcher.wake();
  await dispatching.hasSent(1);
  await nothingWaits.promise;
  while (!dispatcher.reserve(1)) await Promise.resolve();
  const before = claims;
  const [second] = taskIdsOf(
    await stored.submit(endpointId, functionId, 1, {
      state: "received",
      queued: (position) => {
        dispatcher.unreserve(1);
        dispatcher.submitted({ first: position, count: 1 });
      },
    }),
  );
  assertEquals(await dispatching.hasSent(2), [first, second]);
  window.acknowledged([first!, second!]);
  dispatcher.roomFreed();
  await dispatcher.stop();
  assertEquals(claims, before);
});

Deno.test("what is marked while the store is asked what was marked is sent", async () => {
  const ids: string[] = [];
  await using dispatching = await Dispatching.open((self) => ({
    sent: async (query) => {
      const { stored, endpointId, functionId, dispatcher } = self;
      const tasks = await stored.store.queue.sent(query);
      if (ids.length === 0) {
        const receipt = await stored.submit(endpointId, functionId, 1, {
          state: "received",
          queued: (first) => dispatcher.submitted({ first, count: 1 }),
        });
        ids.push(...taskIdsOf(receipt));
      }
      return tasks;
    },
  }));
  dispatching.dispatcher.wake();
  assertEquals(await dispatching.hasSent(1), ids);
});

Deno.test("a task goes out when it is submitted, and its result is acknowledged when stored", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint);
  await fake.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 1);
  const batch = await fake.expect("tasks");
  assertEquals(batch.tasks.map(({ task_id }) => task_id), ids);
  assertEquals(batch.functions.map(({ function_id }) => function_id), [code]);
  assertEquals(batch.tasks.map(({ owner_id }) => owner_id), [OWNER]);
  assertEquals(new TextDecoder().decode(batch.tasks[0]!.payload), "0");
  assertEquals(await fixture.stored.timeline(ids[0]!), ["received service 0"]);
  fake.send({ type: "task_ack", task_ids: ids });
  finish(fake, ids);
  assertEquals((await fake.expect("result_ack")).task_ids, ids);
  assertEquals((await fixture.stored.detail(ids[0]!)).state, "success");
});

Deno.test("a function's code goes out once in a session, and again in the next", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const spool_id = newId();
  {
    await using fake = await fixture.connect(endpoint, { spool_id });
    await fixture.submit(endpoint, code, 1);
    assertEquals((await fake.expect("tasks")).functions.length, 1);
    await fixture.submit(endpoint, code, 1);
    assertEquals((await fake.expect("tasks")).functions.length, 0);
  }
  await fixture.offline(endpoint);
  await using fake = await fixture.connect(endpoint, { spool_id });
  assertEquals((await fake.expect("tasks")).functions.length, 1);
});

Deno.test("no more tasks are in flight than the endpoint granted", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint, { task_credits: 3 });
  await fake.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 8);
  assertEquals(await fake.expectTasks(), ids.slice(0, 3));
  await fake.expectNothing();
  fake.send({ type: "task_ack", task_ids: ids.slice(0, 2) });
  assertEquals(await fake.expectTasks(), ids.slice(3, 5));
  // A result says as much as an acknowledgement.
  finish(fake, ids.slice(2, 3));
  await fake.expect("result_ack");
  assertEquals(await fake.expectTasks(), ids.slice(5, 6));
  fake.send({ type: "task_ack", task_ids: [...ids.slice(0, 2), newId()] });
  await fake.expectNothing();
  const late = await fixture.submit(endpoint, code, 1);
  assertEquals((await fixture.stored.detail(late.ids[0]!)).state, "waiting-for-ep");
});

Deno.test("an endpoint that grants nothing gets nothing, and stays connected", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint, { task_credits: 0 });
  await fixture.submit(endpoint, code, 1);
  await fake.expectNothing();
});

Deno.test("batches are bounded in items and in bytes, and keep the order", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const { ids, groupId } = await fixture.submit(endpoint, code, 2_500);
  const large = await fixture.submit(endpoint, code, 0, {
    taskGroupId: groupId,
    tasks: [{ functionId: code, payloads: ["x".repeat(700_000), "y".repeat(700_000)] }],
  });
  await using fake = await fixture.connect(endpoint);
  const received: string[] = [];
  while (received.length < 2_502) {
    const batch = await fake.expectTasks();
    assertTrue(batch.length <= TASKS_PER_FRAME);
    fake.send({ type: "task_ack", task_ids: batch });
    assertTrue(batch.filter((id) => large.ids.includes(id)).length <= 1);
    received.push(...batch);
  }
  assertEquals(received, [...ids, ...large.ids]);
});

Deno.test("after a cut the same spool gets what it did not acknowledge, and nothing else", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const spool_id = newId();
  const first = await fixture.connect(endpoint, { spool_id, task_credits: 4 });
  await first.expectNothing();
  const { ids } = await fixture.submit(endpoint, code, 6);
  await first.takeTasks(4);
  first.send({ type: "task_ack", task_ids: ids.slice(0, 1) });
  assertEquals(await first.expectTasks(), ids.slice(4, 5));
  await first.cut();
  await fixture.offline(endpoint);
  await using second = await fixture.connect(endpoint, { spool_id });
  const again = await second.takeTasks(5);
  assertEquals(again.map(({ task_id }) => task_id), ids.slice(1));
  assertEquals(again.map(({ attempts_made }) => attempts_made), [0, 0, 0, 0, 0]);
  await second.expectNothing();
});

Deno.test("a new spool gets accepted tasks again with one attempt more, or they fail", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const first = await fixture.connect(endpoint);
  await first.expectNothing();
  const twice = await fixture.submit(endpoint, code, 1, { options: { max_attempts: 2 } });
  const once = await fixture.submit(endpoint, code, 1, { options: { max_attempts: 1 } });
  const ids = [...twice.ids, ...once.ids];
  await first.takeTasks(2);
  first.send({ type: "task_ack", task_ids: ids });
  await first.expectNothing();
  await first.cut();
  await fixture.offline(endpoint);
  await using second = await fixture.connect(endpoint);
  const [again] = await second.takeTasks(1);
  assertEquals([again!.task_id, again!.attempts_made], [twice.ids[0], 1]);
  await second.expectNothing();
  const lost = await fixture.stored.detail(once.ids[0]!);
  assertEquals([lost.state, lost.result?.error?.code], ["failed", "ENDPOINT_LOST"]);
});

Deno.test("a result that comes twice is acknowledged twice and stored once", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint);
  const { ids } = await fixture.submit(endpoint, code, 1);
  await fake.takeTasks(1);
  finish(fake, ids);
  await fake.expect("result_ack");
  fake.send({
    type: "results",
    results: [{ task_id: ids[0]!, attempt: 2, state: "cancelled", timeline: [] }],
  });
  assertEquals((await fake.expect("result_ack")).task_ids, ids);
  assertEquals((await fixture.stored.detail(ids[0]!)).state, "success");
  assertEquals(await fixture.stored.store.tasks.counts(OWNER), { success: 1 });
});

Deno.test("a long queue for an endpoint that is away costs no memory, and comes when it is back", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  for (let count = 0; count < 3; count++) await fixture.submit(endpoint, code, 10_000);
  const heap = liveHeap();
  await using fake = await fixture.connect(endpoint, { task_credits: 4_000 });
  let received = 0;
  while (received < 30_000) {
    const ids = await fake.expectTasks();
    received += ids.length;
    fake.send({ type: "task_ack", task_ids: ids });
  }
  const grown = (liveHeap() - heap) / 1e6;
  // What the endpoint told a moment ago may take some of it, the tasks themselves would take more.
  assertTrue(grown < 8, `the heap grew by ${Math.round(grown)} MB`);
});

Deno.test("what was to be sent at once when the link broke waits for the endpoint", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const spool_id = newId();
  const first = await fixture.connect(endpoint, { spool_id });
  await first.expectNothing();
  const sent = await fixture.submit(endpoint, code, 1);
  await first.takeTasks(1);
  const reservation = fixture.hub.reserve(endpoint, 2);
  assertEquals(reservation.state, "received");
  await first.cut();
  await fixture.offline(endpoint);
  const ids = taskIdsOf(
    await fixture.stored.submit(endpoint, code, 2, {
      queued: (first) => reservation.settle({ first, count: 2 }),
    }),
  );
  await using second = await fixture.connect(endpoint, { spool_id });
  assertEquals(
    (await second.takeTasks(3)).map(({ task_id }) => task_id),
    [...sent.ids, ...ids],
  );
  assertEquals((await fixture.stored.detail(sent.ids[0]!)).state, "received");
  assertEquals(await fixture.stored.timeline(ids[1]!), [
    "received service 0",
    "waiting-for-ep service 0",
  ]);
  await second.expectNothing();
});

Deno.test("what an earlier session was to send goes out in the next one, once", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const first = await fixture.connect(endpoint);
  await first.expectNothing();
  const reservation = fixture.hub.reserve(endpoint, 1);
  await first.cut();
  await fixture.offline(endpoint);
  await using second = await fixture.connect(endpoint);
  await second.expectNothing();
  const receipt = await fixture.stored.submit(endpoint, code, 1, {
    queued: (first) => reservation.settle({ first, count: 1 }),
  });
  assertEquals(await second.expectTasks(), taskIdsOf(receipt));
  await second.expectNothing();
});

Deno.test("credits are reserved once, and given back when nothing was stored", async () => {
  const { fixture, endpoint } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint, { task_credits: 3 });
  await fake.expectNothing();
  const { hub } = fixture;
  assertEquals(hub.reserve(endpoint, 4).state, "waiting-for-ep");
  const two = hub.reserve(endpoint, 2);
  assertEquals(two.state, "received");
  assertEquals(hub.reserve(endpoint, 2).state, "waiting-for-ep");
  assertEquals(hub.reserve(endpoint, 1).state, "received");
  two.settle(undefined);
  assertEquals(hub.reserve(endpoint, 2).state, "received");
});

Deno.test("another owner's task passes a long queue, and one's own more urgent tasks do", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint, { task_credits: 10 });
  await fake.expectNothing();
  await fixture.submit(endpoint, code, 5_000, { owner: "greedy" });
  const first = await fake.takeTasks(10);
  const other = await fixture.submit(endpoint, code, 1, { owner: "modest" });
  const urgent = await fixture.submit(endpoint, code, 1, {
    owner: "greedy",
    options: { priority: 1 },
  });
  const received: string[] = [];
  let unacknowledged = first.map(({ task_id }) => task_id);
  for (let round = 0; round < 10; round++) {
    fake.send({ type: "task_ack", task_ids: unacknowledged });
    unacknowledged = await fake.expectTasks();
    received.push(...unacknowledged);
  }
  assertEquals(received[0], urgent.ids[0]);
  const place = received.indexOf(other.ids[0]!);
  assertTrue(place >= 0 && place <= 64, `it went as number ${place}`);
});

Deno.test("deleting an endpoint ends its session and fails its tasks", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  await using fake = await fixture.connect(endpoint);
  const { ids } = await fixture.submit(endpoint, code, 2);
  await fake.takeTasks(2);
  fake.send({ type: "task_ack", task_ids: ids.slice(0, 1) });
  await fixture.stored.store.endpoints.delete(endpoint, Date.now());
  fixture.hub.deleteEndpoint(endpoint);
  await fake.expect("goodbye");
  await fake.expect("closed");
  for (const id of ids) {
    const { state, result } = await fixture.stored.detail(id);
    assertEquals([state, result?.error?.code], ["failed", "ENDPOINT_LOST"]);
  }
});
