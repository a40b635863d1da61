import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deferred } from "../../lib/async.ts";
import { assertEquals, assertRejects, assertTrue } from "../../lib/assert.ts";
import { ByteBudget, PublishWindow } from "./publish_window.ts";

/** Bytes that are still referred to; what waits for the collector does not count. */
function liveHeap(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return Deno.memoryUsage().heapUsed;
}

function plenty(): ByteBudget {
  return new ByteBudget(1_000);
}

Deno.test("batches are confirmed in their order, whatever order they are taken in", async () => {
  const confirmed: number[] = [];
  const window = new PublishWindow(
    { messages: 2, bytes: 100 },
    plenty(),
    (at) => confirmed.push(at),
  );
  const [first, second] = [deferred<void>(), deferred<void>()];
  window.add(1, [first.promise], 1);
  window.add(2, [second.promise], 1);
  let hasRoom = false;
  const room = window.room().then(() => hasRoom = true);
  second.resolve();
  await second.promise;
  await Promise.resolve();
  assertEquals([confirmed, hasRoom, window.isEmpty], [[], false, false]);
  first.resolve();
  await room;
  assertEquals([confirmed, window.isEmpty], [[2], true]);
});

Deno.test("after a message that was not taken nothing is confirmed", async () => {
  const confirmed: number[] = [];
  const window = new PublishWindow(
    { messages: 1, bytes: 100 },
    plenty(),
    (at) => confirmed.push(at),
  );
  const [first, second] = [deferred<void>(), deferred<void>()];
  window.add(1, [first.promise], 1);
  window.add(2, [second.promise], 1);
  second.reject(new Error("nobody reads"));
  await assertRejects(() => window.orFailed(new Promise(() => {})), /nobody reads/);
  first.resolve();
  await first.promise;
  await assertRejects(() => window.room(), /nobody reads/);
  assertEquals(confirmed, []);
});

Deno.test("who waits beside a message hears that it was not taken, and nothing is kept of others", async () => {
  const window = new PublishWindow({ messages: 1, bytes: 100 }, plenty(), () => {});
  const message = deferred<void>();
  window.add(1, [message.promise], 1);
  const before = liveHeap();
  for (let count = 0; count < 40_000; count++) await window.orFailed(Promise.resolve());
  const grown = liveHeap() - before;
  assertTrue(grown < 2_000_000, `${grown} bytes more are kept`);
  const waiting = window.orFailed(new Promise(() => {}));
  message.reject(new Error("nobody reads"));
  await assertRejects(() => waiting, /nobody reads/);
});

Deno.test("windows share a budget: where it is full, each has one batch, until bytes are free", async () => {
  const budget = new ByteBudget(100);
  const limits = { messages: 100, bytes: 1_000 };
  const [large, small] = [
    new PublishWindow(limits, budget, () => {}),
    new PublishWindow(limits, budget, () => {}),
  ];
  const never = new Promise<void>(() => {});
  large.add(1, [never], 100);
  await small.room();
  small.add(1, [never], 1);
  let hasRoom = false;
  const room = small.room().then(() => hasRoom = true);
  await Promise.resolve();
  assertEquals([hasRoom, budget.isFull], [false, true]);
  large.close();
  await room;
  small.close();
  assertEquals(budget.isUnused, true);
});
