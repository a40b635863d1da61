import { deferred } from "../../lib/async.ts";
import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { PublishWindow } from "./publish_window.ts";

Deno.test("batches are confirmed in their order, whatever order they are taken in", async () => {
  const confirmed: number[] = [];
  const window = new PublishWindow({ messages: 2, bytes: 100 }, (at) => confirmed.push(at));
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
  const window = new PublishWindow({ messages: 1, bytes: 100 }, (at) => confirmed.push(at));
  const [first, second] = [deferred<void>(), deferred<void>()];
  window.add(1, [first.promise], 1);
  window.add(2, [second.promise], 1);
  second.reject(new Error("nobody reads"));
  await assertRejects(() => window.failed, /nobody reads/);
  first.resolve();
  await first.promise;
  await assertRejects(() => window.room(), /nobody reads/);
  assertEquals(confirmed, []);
});
