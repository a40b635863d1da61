/** Lists: what a viewer sees, in which order, and that pages stay stable while rows are added. */
import { newId } from "../../../contract/ids.ts";
import { assertEquals, assertRejects } from "../../../lib/assert.ts";
import type { Page, PageQuery } from "../store.ts";
import { encodeCursor } from "../cursor.ts";
import { OWNER, StoreFixture, success, taskIdsOf } from "../testing/store_fixture.ts";

async function pages<T>(
  load: (query: PageQuery) => Promise<Page<T>>,
  limit: number,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<T[][]> {
  const all: T[][] = [];
  let page = await load({ limit });
  all.push([...page.items]);
  while (page.nextCursor !== null) {
    await between();
    page = await load({ limit, cursor: page.nextCursor });
    all.push([...page.items]);
  }
  return all;
}

Deno.test("tasks are paged newest first, each once, while others are submitted", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const ids = taskIdsOf(await fixture.submit(endpoint, code, 7));
  const listed = await pages(
    (query) => fixture.store.tasks.list({ ...query, owner: OWNER }),
    3,
    () => fixture.submit(endpoint, code, 2),
  );
  assertEquals(listed.map((page) => page.length), [3, 3, 1]);
  assertEquals(listed.flat().map(({ taskId }) => taskId), ids.toReversed());
});

Deno.test("tasks are filtered by state, endpoint, function and group, however far apart they lie", async () => {
  await using fixture = await StoreFixture.open();
  const { tasks } = fixture.store;
  const [endpoint, code] = [await fixture.endpoint({ name: "one" }), await fixture.function()];
  const first = await fixture.submit(endpoint, code, 1);
  await fixture.submit(endpoint, code, 6_000);
  const other = await fixture.endpoint({ name: "two" });
  const last = await fixture.submit(other, await fixture.function({ name: "triple" }), 1);
  const [firstId, lastId] = [taskIdsOf(first)[0]!, taskIdsOf(last)[0]!];
  await fixture.store.queue.finished(endpoint, [success(firstId)], 5_000);
  const list = async (filter: Partial<Parameters<typeof tasks.list>[0]>): Promise<string[]> =>
    (await pages((query) => tasks.list({ ...query, owner: OWNER, ...filter }), 1_000))
      .flat().map(({ taskId }) => taskId);
  assertEquals(await list({ state: "success" }), [firstId]);
  assertEquals(await list({ endpointId: other }), [lastId]);
  assertEquals(await list({ taskGroupId: first.taskGroupId }), [firstId]);
  assertEquals(await list({ functionId: newId() }), []);
  assertEquals((await list({ functionId: code })).length, 6_001);
  assertEquals(await list({ owner: "bob" }), []);
  const [summary] = (await tasks.list({ owner: OWNER, limit: 1 })).items;
  assertEquals([summary?.functionName, summary?.endpointName], ["triple", "two"]);
});

Deno.test("tasks are filtered by whether they have ended and when they were submitted", async () => {
  await using fixture = await StoreFixture.open();
  const { tasks, queue } = fixture.store;
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const hour = 3_600_000;
  const ids: string[] = [];
  for (let index = 1; index <= 9; index++) {
    const state = index % 2 === 0 ? "received" : "waiting-for-ep";
    const receipt = await fixture.submit(endpoint, code, 1, { at: index * hour, state });
    ids.push(...taskIdsOf(receipt));
    await fixture.submit(endpoint, code, 1, { at: index * hour, owner: "bob" });
  }
  const [first, second, third] = ids as [string, string, string];
  await queue.finished(endpoint, [success(second)], hour);
  await queue.finished(endpoint, [{ ...success(third), state: "failed", result: undefined }], hour);
  await queue.cancel(OWNER, [first], hour);
  const numbers = async (filter: Partial<Parameters<typeof tasks.list>[0]>): Promise<number[]> =>
    (await pages((query) => tasks.list({ ...query, owner: OWNER, ...filter }), 2))
      .flat().map(({ taskId }) => ids.indexOf(taskId) + 1);
  assertEquals(await numbers({ finished: true }), [3, 2, 1]);
  assertEquals(await numbers({ finished: false }), [9, 8, 7, 6, 5, 4]);
  assertEquals(await numbers({ state: "failed" }), [3]);
  assertEquals(await numbers({ state: "cancelled" }), [1]);
  assertEquals(await numbers({ state: "received" }), [8, 6, 4]);
  assertEquals(await numbers({ state: "success", finished: false }), []);
  assertEquals(await numbers({ since: 7 * hour }), [9, 8, 7]);
  assertEquals(await numbers({ until: 3 * hour }), [2, 1]);
  assertEquals(await numbers({ since: 2 * hour, until: 6 * hour, finished: false }), [5, 4]);
  assertEquals(await numbers({ since: 10 * hour }), []);
  assertEquals(await numbers({ state: "failed", since: 4 * hour }), []);
  assertEquals(await numbers({ since: 7 * hour, owner: "eve" }), []);
});

Deno.test("a time is found where rows are a little out of order", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const times = [0, 40_000, 10_000, 70_000, 50_000, 300_000, 260_000, 900_000];
  for (const at of times) await fixture.submit(endpoint, code, 1, { at });
  for (const since of times) {
    const { items } = await fixture.store.tasks.list({ owner: OWNER, limit: 100, since });
    assertEquals(items.length, times.filter((time) => time >= since).length);
    const rest = await fixture.store.tasks.list({ owner: OWNER, limit: 100, until: since });
    assertEquals(rest.items.length, times.length - items.length);
  }
});

Deno.test("of another's group nothing is listed", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const { taskGroupId } = await fixture.submit(endpoint, code, 3);
  const { tasks } = fixture.store;
  assertEquals((await tasks.list({ owner: OWNER, limit: 9, taskGroupId })).items.length, 3);
  assertEquals((await tasks.list({ owner: "bob", limit: 9, taskGroupId })).items, []);
});

Deno.test("a page shows each task as its detail does, whatever it is named", async () => {
  await using fixture = await StoreFixture.open();
  const { tasks, queue } = fixture.store;
  const endpoint = await fixture.endpoint({ name: `"a", 'b' \\ é 🙂 \u2028` });
  const code = await fixture.function({ name: "]}\\u0041" });
  const ids = taskIdsOf(await fixture.submit(endpoint, code, 3));
  await queue.finished(endpoint, [success(ids[0]!)], 1_732_648_000_123);
  const { items } = await tasks.list({ owner: OWNER, limit: 10 });
  for (const item of items) {
    const detail: Record<string, unknown> = { ...await tasks.detail(item.taskId) };
    assertEquals<unknown>(
      item,
      Object.fromEntries(Object.keys(item).map((key) => [key, detail[key]])),
    );
  }
  assertEquals(items.map(({ completedAt }) => completedAt), [null, null, 1_732_648_000_123]);
});

Deno.test("functions: one's own and public ones, newest first, searched literally", async () => {
  await using fixture = await StoreFixture.open();
  const { functions } = fixture.store;
  const own = await fixture.function({ name: "100%_done" });
  const shared = await fixture.function({ name: "shared", owner: "bob", public: true });
  await fixture.function({ name: "private", owner: "bob" });
  const gone = await fixture.function({ name: "gone" });
  assertEquals(await functions.delete(gone), true);
  assertEquals(await functions.delete(gone), false);
  const list = async (filter: { name?: string; search?: string }): Promise<string[]> =>
    (await pages((query) => functions.list({ ...query, viewer: OWNER, ...filter }), 1))
      .flat().map(({ functionId }) => functionId);
  assertEquals(await list({}), [shared, own]);
  assertEquals(await list({ search: "%_" }), [own]);
  assertEquals(await list({ search: "x_x" }), []);
  assertEquals(await list({ name: "shared" }), [shared]);
  assertEquals(await functions.get(gone), undefined);
  assertEquals((await functions.get(own))?.code, `code of ${own}`);
  const summaries = await functions.summaries([shared, gone, newId()]);
  assertEquals(summaries.map(({ functionId, owner }) => [functionId, owner]), [[shared, "bob"]]);
});

Deno.test("functions are filtered by runtime and owner, and counted", async () => {
  await using fixture = await StoreFixture.open();
  const { functions } = fixture.store;
  const own = await fixture.function();
  const shared = await fixture.function({ owner: "bob", public: true });
  const list = async (filter: Partial<Parameters<typeof functions.list>[0]>): Promise<string[]> =>
    (await functions.list({ limit: 10, viewer: OWNER, ...filter })).items
      .map(({ functionId }) => functionId);
  assertEquals(await list({ owner: "any" }), [shared, own]);
  assertEquals(await list({ owner: "me" }), [own]);
  assertEquals(await list({ runtime: "typescript" }), [shared, own]);
  assertEquals(await list({ runtime: "python" }), []);
  assertEquals([await functions.count(OWNER), await functions.count("eve")], [1, 0]);
});

Deno.test("endpoints are given in the order asked for, without those that are gone", async () => {
  await using fixture = await StoreFixture.open();
  const { endpoints } = fixture.store;
  const b = await fixture.endpoint({ name: "b" });
  const a = await fixture.endpoint({ name: "a", owner: "bob" });
  await fixture.submit(b, await fixture.function(), 3);
  const several = await endpoints.several([a, newId(), b]);
  assertEquals(several.map(({ name, queuedTasks }) => [name, queuedTasks]), [["a", 0], ["b", 3]]);
  assertEquals(await endpoints.delete(b, 5_000), true);
  assertEquals(await endpoints.delete(b, 5_000), false);
  assertEquals(await endpoints.get(b), undefined);
  assertEquals((await endpoints.several([a, b])).map(({ name }) => name), ["a"]);
  assertEquals((await endpoints.outlines()).map(({ endpointId }) => endpointId), [a]);
  assertEquals(await endpoints.outlines([b]), []);
  assertEquals(await fixture.store.tasks.counts(OWNER), { failed: 3 });
});

Deno.test("unfinished tasks of an endpoint are known without asking the database", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const queued = async (): Promise<number> => {
    const { endpoints } = fixture.store;
    return endpoints.queuedTasks((await endpoints.outlines([endpoint]))[0]!.position);
  };
  assertEquals(await queued(), 0);
  const [first] = taskIdsOf(await fixture.submit(endpoint, code, 3));
  assertEquals(await queued(), 3);
  await fixture.store.queue.finished(endpoint, [success(first!)], 5_000);
  assertEquals(await queued(), 2);
  await fixture.reopen();
  assertEquals(await queued(), 2);
});

Deno.test("a cursor that no page gave is refused in every list", async () => {
  await using fixture = await StoreFixture.open();
  const { tasks, functions } = fixture.store;
  const foreign = [
    encodeCursor([1, 2, 3]),
    encodeCursor(["x"]),
    "%%%",
    "",
    btoa("{}"),
    btoa("\xff"),
  ];
  for (const cursor of foreign) {
    const query = { limit: 1, cursor };
    await assertRejects(() => tasks.list({ ...query, owner: OWNER }), /cursor/);
    await assertRejects(() => tasks.groupTasks({ ...query, taskGroupId: newId() }), /cursor/);
    await assertRejects(() => functions.list({ ...query, viewer: OWNER }), /cursor/);
  }
});
