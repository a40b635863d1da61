import { newId } from "../../../contract/ids.ts";
import { assertEquals, assertNotEquals, assertRejects } from "../../../lib/assert.ts";
import { OWNER, StoreFixture, taskIdsOf } from "../testing/store_fixture.ts";

Deno.test("a submit answers with ids in its order, and its tasks are stored", async () => {
  await using fixture = await StoreFixture.open();
  const endpoint = await fixture.endpoint();
  const [first, second] = [await fixture.function(), await fixture.function()];
  const receipt = await fixture.store.tasks.submit({
    owner: OWNER,
    endpointId: endpoint,
    taskGroupId: null,
    tasks: [{ functionId: second, payloads: ["a", "é\0😀"] }, {
      functionId: first,
      payloads: ["c"],
    }],
    options: { max_attempts: 3, resource_specification: { num_nodes: 2 } },
    state: "received",
    at: 2_000,
  });
  assertEquals(receipt.tasks.map(({ functionId }) => functionId), [second, first]);
  assertEquals(receipt.repeated, false);
  const queued = await fixture.claim(endpoint);
  assertEquals(queued.map(({ taskId }) => taskId), taskIdsOf(receipt));
  assertEquals(queued.map(({ functionId }) => functionId), [second, second, first]);
  assertEquals(
    queued.map(({ payload }) => new TextDecoder().decode(payload)),
    ["a", "é\0😀", "c"],
  );
  assertEquals(queued[0]!.options, { max_attempts: 3, resource_specification: { num_nodes: 2 } });
  assertEquals(queued[0]!.taskGroupId, receipt.taskGroupId);
  const detail = await fixture.detail(queued[0]!.taskId);
  assertEquals([detail.state, detail.maxAttempts, detail.createdAt], ["received", 3, 2_000]);
  assertEquals(await fixture.timeline(queued[0]!.taskId), ["received service 0"]);
});

Deno.test("tasks of an endpoint that cannot take them wait for it, and say so", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const receipt = await fixture.submit(endpoint, code, 1, { state: "waiting-for-ep" });
  const [taskId] = taskIdsOf(receipt);
  assertEquals((await fixture.detail(taskId!)).state, "waiting-for-ep");
  assertEquals(await fixture.timeline(taskId!), [
    "received service 0",
    "waiting-for-ep service 0",
  ]);
});

Deno.test("a task group is made once and belongs to its first user", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code, group] = [await fixture.endpoint(), await fixture.function(), newId()];
  await fixture.submit(endpoint, code, 1, { taskGroupId: group });
  const again = await fixture.submit(endpoint, code, 2, { taskGroupId: group });
  assertEquals(again.taskGroupId, group);
  assertEquals(await fixture.store.tasks.groupOwner(group), OWNER);
  const page = await fixture.store.tasks.groupTasks({ taskGroupId: group, limit: 10 });
  assertEquals(page.items.length, 3);
  await assertRejects(
    () => fixture.submit(endpoint, code, 1, { taskGroupId: group, owner: "bob" }),
    /belongs to another user/,
  );
  assertEquals(await fixture.store.tasks.counts("bob"), {});
});

Deno.test("a repeated request adds nothing and answers the same, empty batches included", async () => {
  await using fixture = await StoreFixture.open();
  const endpoint = await fixture.endpoint();
  const [first, second] = [await fixture.function(), await fixture.function()];
  const request = {
    owner: OWNER,
    endpointId: endpoint,
    taskGroupId: null,
    tasks: [
      { functionId: first, payloads: ["a"] },
      { functionId: second, payloads: [] },
      { functionId: first, payloads: ["b", "c"] },
    ],
    options: {},
    state: "received",
    at: 2_000,
    idempotency: { key: "k", digest: new Uint8Array([1, 2]) },
  } as const;
  // Both at once: the second one has to see the first, which is not committed yet.
  const [one, two] = await Promise.all([
    fixture.store.tasks.submit(request),
    fixture.store.tasks.submit({ ...request, at: 9_000 }),
  ]);
  assertEquals(two, { ...one, repeated: true });
  await fixture.reopen();
  assertEquals(await fixture.store.tasks.submit(request), { ...one, repeated: true });
  assertEquals(await fixture.store.tasks.unfinished(), 3);
  const other = await fixture.submit(endpoint, first, 1, { ...request, owner: "bob" });
  assertNotEquals(other.requestId, one.requestId);
  await assertRejects(
    () =>
      fixture.store.tasks.submit({
        ...request,
        idempotency: { key: "k", digest: new Uint8Array([9]) },
      }),
    /another request before/,
  );
});

Deno.test("a request that is refused stores nothing, and those of the same turn are stored", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const deleted = await fixture.function();
  await fixture.store.functions.delete(deleted);
  const outcomes = await Promise.allSettled([
    fixture.submit(endpoint, code, 2),
    fixture.submit(newId(), code, 2),
    fixture.submit(endpoint, deleted, 2),
    fixture.submit(endpoint, code, 2),
  ]);
  assertEquals(
    outcomes.map((one) => one.status === "rejected" ? one.reason.code : "stored"),
    ["stored", "ENDPOINT_NOT_FOUND", "FUNCTION_NOT_FOUND", "stored"],
  );
  assertEquals(await fixture.store.tasks.counts(OWNER), { received: 4 });
});

Deno.test("a large payload comes back whole, and is dropped when its task has finished", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const large = "ü".repeat(3_000_000);
  const receipt = await fixture.submit(endpoint, code, 0, {
    tasks: [{ functionId: code, payloads: ["small", large, "last"] }],
    state: "waiting-for-ep",
  });
  const sizes: number[] = [];
  while (true) {
    const page = await fixture.store.queue.claim({
      endpointId: endpoint,
      limit: 100,
      maximumBytes: 1_000_000,
    });
    if (page.length === 0) break;
    sizes.push(page.length);
    if (page[0]!.payload.length > 1_000) {
      assertEquals(new TextDecoder().decode(page[0]!.payload), large);
    }
  }
  assertEquals(sizes, [1, 1, 1]);
  const before = (await Deno.stat(`${fixture.file}-wal`)).size;
  await fixture.store.queue.finished(
    endpoint,
    taskIdsOf(receipt).map((task_id) => ({
      task_id,
      attempt: 1,
      state: "cancelled",
      timeline: [],
    })),
    5_000,
  );
  const written = (await Deno.stat(`${fixture.file}-wal`)).size - before;
  assertEquals(written < 1_000_000, true);
});

Deno.test("every payload of a thousand lies with its own task, empty and beyond ASCII too", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const payloads = Array.from({ length: 1_100 }, (_, index) => "é".repeat(index % 3) + index % 7);
  payloads[3] = "";
  const receipt = await fixture.submit(endpoint, code, 0, {
    tasks: [{ functionId: code, payloads }],
  });
  const queued = await fixture.claim(endpoint, { limit: 2_000 });
  assertEquals(queued.map(({ taskId }) => taskId), taskIdsOf(receipt));
  assertEquals(queued.map(({ payload }) => new TextDecoder().decode(payload)), payloads);
});
