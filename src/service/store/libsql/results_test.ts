import { newId } from "../../../contract/ids.ts";
import { assertEquals } from "../../../lib/assert.ts";
import { OWNER, StoreFixture, success, taskIdsOf } from "../testing/store_fixture.ts";

Deno.test("results come in the order in which tasks finished, from any sequence on", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const receipt = await fixture.submit(endpoint, code, 6);
  const other = await fixture.submit(endpoint, code, 1);
  const order = [4, 0, 5, 1, 3, 2].map((index) => taskIdsOf(receipt)[index]!);
  const { queue, results } = fixture.store;
  await queue.finished(endpoint, order.slice(0, 2).map((id) => success(id)), 5_000);
  await queue.finished(endpoint, [success(taskIdsOf(other)[0]!)], 5_000);
  await queue.finished(endpoint, order.slice(2).map((id) => success(id)), 6_000);
  const after = (sequence: number, limit: number) =>
    results.after({
      taskGroupId: receipt.taskGroupId,
      sequence,
      limit,
      maximumBytes: 1_000,
    });
  const first = await after(0, 4);
  assertEquals(first.items.map(({ taskId }) => taskId), order.slice(0, 4));
  const second = await after(first.sequence, 4);
  assertEquals(second.items.map(({ taskId }) => taskId), order.slice(4));
  assertEquals(await after(second.sequence, 4), { items: [], sequence: second.sequence });
  await fixture.reopen();
  const again = await fixture.store.results.after({
    taskGroupId: receipt.taskGroupId,
    sequence: first.sequence,
    limit: 10,
    maximumBytes: 1_000,
  });
  assertEquals(again, second);
});

Deno.test("bytes bound a page, but one result always comes", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const receipt = await fixture.submit(endpoint, code, 3);
  const large = "x".repeat(5_000);
  const finished = taskIdsOf(receipt).map((id) => success(id, large));
  await fixture.store.queue.finished(endpoint, finished, 5_000);
  const { items } = await fixture.store.results.after({
    taskGroupId: receipt.taskGroupId,
    sequence: 0,
    limit: 10,
    maximumBytes: 10,
  });
  assertEquals(items.map(({ result }) => result), [large]);
});

Deno.test("an answer to a poll is bounded, and the rest can be asked for again", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const ids = taskIdsOf(await fixture.submit(endpoint, code, 6));
  const large = "x".repeat(10_000_000);
  for (const id of ids.slice(1)) {
    await fixture.store.queue.finished(endpoint, [success(id, large)], 5_000);
  }
  const unknown = newId();
  const first = await fixture.store.tasks.statuses([ids[0]!, unknown, ...ids.slice(1)]);
  assertEquals(first.map(({ taskId }) => taskId), ids.slice(0, 4));
  const second = await fixture.store.tasks.statuses(ids.slice(4));
  assertEquals(second.map(({ taskId }) => taskId), ids.slice(4));
  assertEquals(await fixture.store.tasks.statuses([unknown]), []);
});

Deno.test("a sequence is never used twice, in this process or the next", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const taskGroupId = newId();
  const sequences: number[] = [];
  for (let round = 0; round < 3; round++) {
    const receipt = await fixture.submit(endpoint, code, 1, { taskGroupId });
    await fixture.store.queue.finished(endpoint, [success(taskIdsOf(receipt)[0]!)], 5_000);
    const page = await fixture.store.results.after({
      taskGroupId,
      sequence: sequences.at(-1) ?? 0,
      limit: 10,
      maximumBytes: 1_000,
    });
    assertEquals(page.items.length, 1);
    sequences.push(page.sequence);
    await fixture.reopen();
  }
  assertEquals(sequences, [1, 2, 3]);
});

Deno.test("tasks that the service ends itself are results too", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const receipt = await fixture.submit(endpoint, code, 2, { state: "waiting-for-ep" });
  const [cancelled] = taskIdsOf(receipt);
  let woken = 0;
  fixture.store.results.onFinished(receipt.taskGroupId, () => woken++);
  await fixture.store.queue.cancel(OWNER, [cancelled!], 5_000);
  await fixture.store.endpoints.delete(endpoint, 6_000);
  const { items } = await fixture.store.results.after({
    taskGroupId: receipt.taskGroupId,
    sequence: 0,
    limit: 10,
    maximumBytes: 1_000,
  });
  assertEquals(items.map(({ state, error }) => [state, error?.code]), [
    ["cancelled", "TASK_CANCELLED"],
    ["failed", "ENDPOINT_LOST"],
  ]);
  assertEquals(woken, 2);
});
