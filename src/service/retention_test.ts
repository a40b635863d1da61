import { KEPT_PAYLOAD_BYTES } from "../contract/limits.ts";
import { assertEquals } from "../lib/assert.ts";
import { Retention } from "./retention.ts";
import { OWNER, StoreFixture, success, taskIdsOf } from "./store/testing/store_fixture.ts";

const DAY = 24 * 3_600_000;

Deno.test("finished tasks go when their days are over, the others stay, and counts keep up", async () => {
  await using fixture = await StoreFixture.open();
  const { queue, tasks } = fixture.store;
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const idempotency = { key: "k", digest: new Uint8Array(32) };
  const first = await fixture.submit(endpoint, code, 3, { idempotency });
  const [old, young, open] = taskIdsOf(first) as [string, string, string];
  // As large as one that is kept can be, outside of its task's row.
  const payloads = Array(500).fill("x".repeat(KEPT_PAYLOAD_BYTES));
  const gone = await fixture.submit(endpoint, code, 0, { tasks: [{ functionId: code, payloads }] });
  await queue.finished(endpoint, [success(old)], 1 * DAY);
  await queue.finished(endpoint, taskIdsOf(gone).map((id) => success(id)), 1 * DAY);
  await queue.finished(endpoint, [success(young)], 3 * DAY);

  const { promise, resolve } = Promise.withResolvers<void>();
  const deleteFinished: typeof tasks.deleteFinished = async (query) => {
    const deleted = await tasks.deleteFinished(query);
    if (deleted < query.limit) resolve();
    return deleted;
  };
  const rows = (table: string): number =>
    (fixture.store.connection.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number })
      .n;
  assertEquals(rows("large_payloads"), 500);
  const retention = new Retention({ tasks: { deleteFinished }, days: 10, now: () => 12 * DAY });
  await promise;
  await retention.stop();

  assertEquals(await tasks.counts(OWNER), { success: 1, received: 1 });
  assertEquals(await tasks.detail(old), undefined);
  assertEquals((await fixture.detail(young)).state, "success");
  assertEquals((await fixture.detail(open)).state, "received");
  assertEquals(await tasks.groupOwner(gone.taskGroupId), undefined);
  assertEquals(await tasks.groupOwner(first.taskGroupId), OWNER);
  assertEquals(["tasks", "results", "submissions", "task_groups"].map(rows), [2, 1, 1, 1]);
  assertEquals(rows("large_payloads"), 0);
  // Its tasks are not all there any more, so the key cannot be answered as it was.
  assertEquals((await fixture.submit(endpoint, code, 3, { idempotency })).repeated, false);
});

Deno.test("the number of a deleted task is not given again while its request is known", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const [kept, last] = taskIdsOf(await fixture.submit(endpoint, code, 2)) as [string, string];
  await fixture.store.queue.finished(endpoint, [success(last)], 1);
  assertEquals(await fixture.store.tasks.deleteFinished({ before: 2, limit: 10 }), 1);
  await fixture.reopen();
  const [later] = taskIdsOf(await fixture.submit(endpoint, code, 1));
  const sent = await fixture.claim(endpoint);
  assertEquals(sent.map(({ taskId, position }) => [taskId, position]), [[kept, 1], [later, 3]]);
});
