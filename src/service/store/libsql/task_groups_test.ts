/** Task groups: their counts against a count of their tasks, and how far they are. */
import fc from "fast-check";
import { newId } from "../../../contract/ids.ts";
import { isTerminal, TASK_STATES, type TaskState } from "../../../contract/task_state.ts";
import { assertEquals, assertRejects } from "../../../lib/assert.ts";
import { DURATION_BOUNDS } from "../group_store.ts";
import { openStore } from "../libsql_store.ts";
import type { GroupProgressRow } from "../store.ts";
import { OWNER, StoreFixture, success, taskIdsOf } from "../testing/store_fixture.ts";
import { fitted } from "./group_states.ts";

const NOW = 1_800_000_000_000;

async function opened(): Promise<{
  readonly fixture: StoreFixture;
  readonly endpoint: string;
  readonly code: string;
}> {
  const fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function({ name: "fold" })];
  return { fixture, endpoint, code };
}

async function progress(
  { store }: StoreFixture,
  taskGroupId: string,
  now: number = NOW,
): Promise<GroupProgressRow> {
  return (await store.groups.progress({ owner: OWNER, taskGroupId, now }))!;
}

function byDuration(...entries: readonly [bucket: number, count: number][]): number[] {
  const counts = Array<number>(DURATION_BOUNDS.length + 1).fill(0);
  for (const [bucket, count] of entries) counts[bucket] = count;
  return counts;
}

Deno.test("a group counts its tasks by state as they are submitted, end and are deleted", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const { queue, tasks } = fixture.store;
  const first = await fixture.submit(endpoint, code, 4, { at: NOW });
  const { taskGroupId } = first;
  await fixture.submit(endpoint, code, 2, { at: NOW, taskGroupId, state: "waiting-for-ep" });
  const [a, b, c] = taskIdsOf(first) as [string, string, string];
  await queue.finished(endpoint, [success(a), success(b)], NOW + 50);
  await queue.finished(endpoint, [{ ...success(c), state: "failed", result: undefined }], NOW + 70);
  const found = await progress(fixture, taskGroupId, NOW + 10_070);
  assertEquals(found, {
    taskGroupId,
    createdAt: NOW,
    tasks: 6,
    byState: { "waiting-for-ep": 2, received: 1, success: 2, failed: 1 },
    lastCompletedAt: NOW + 70,
    functionName: "fold",
    endedPerSecond: 3 / 10.02,
    durations: byDuration([2, 3]),
  });
  assertEquals(await tasks.deleteFinished({ before: NOW + 60, limit: 10 }), 2);
  const after = await progress(fixture, taskGroupId);
  assertEquals([after.tasks, after.byState.success, after.byState.failed], [4, undefined, 1]);
  assertEquals(after.durations, byDuration([2, 1]));
});

Deno.test("what ends while somebody looks is counted once, however it falls", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const receipt = await fixture.submit(endpoint, code, 12_000, { at: NOW });
  const { taskGroupId } = receipt;
  const ids = taskIdsOf(receipt);
  const looks: Promise<GroupProgressRow>[] = [];
  for (let start = 0; start < ids.length; start += 1_000) {
    const results = ids.slice(start, start + 1_000).map((id) => success(id));
    await fixture.store.queue.finished(endpoint, results, NOW + 5 + start);
    if (start >= 5_000) looks.push(progress(fixture, taskGroupId));
  }
  const sum = ({ durations }: GroupProgressRow): number =>
    durations.reduce((all, one) => all + one);
  for (const look of looks) {
    const { tasks, byState } = await look;
    assertEquals(Object.values(byState).reduce((all, one) => all + one), tasks);
  }
  const last = await progress(fixture, taskGroupId);
  assertEquals([sum(last), last.byState], [12_000, { success: 12_000 }]);
  await fixture.reopen();
  assertEquals((await progress(fixture, taskGroupId)).durations, last.durations);
});

Deno.test("the rate is of the last minute, none before anything has ended, 0 when nothing does", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const receipt = await fixture.submit(endpoint, code, 100, { at: NOW });
  const ids = taskIdsOf(receipt);
  const rate = async (now: number): Promise<number | null> =>
    (await progress(fixture, receipt.taskGroupId, now)).endedPerSecond;
  assertEquals(await rate(NOW), null);
  for (const [index, id] of ids.entries()) {
    await fixture.store.queue.finished(endpoint, [success(id)], NOW + index * 1_000);
  }
  assertEquals(await rate(NOW + 100_000), 1);
  assertEquals(await rate(NOW + 500_000), 0);
});

Deno.test("groups are listed newest first, each once, to their owner alone", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const { groups } = fixture.store;
  const made: string[] = [];
  for (let index = 1; index <= 5; index++) {
    made.push((await fixture.submit(endpoint, code, index, { at: NOW })).taskGroupId);
    await fixture.submit(endpoint, code, 1, { at: NOW, owner: "bob" });
  }
  const first = await groups.list({ owner: OWNER, limit: 2 });
  await fixture.submit(endpoint, code, 1);
  const second = await groups.list({ owner: OWNER, limit: 9, cursor: first.nextCursor! });
  const listed = [...first.items, ...second.items];
  assertEquals(listed.map(({ taskGroupId }) => taskGroupId), made.toReversed());
  assertEquals(listed.map(({ tasks, byState }) => [tasks, byState.received]), [
    [5, 5],
    [4, 4],
    [3, 3],
    [2, 2],
    [1, 1],
  ]);
  const foreign = { owner: "bob", taskGroupId: made[0]!, now: NOW };
  assertEquals(await groups.progress(foreign), undefined);
  assertEquals(await groups.progress({ ...foreign, taskGroupId: newId() }), undefined);
  assertEquals((await groups.list({ owner: "eve", limit: 9 })).items, []);
  await assertRejects(() => groups.list({ owner: OWNER, limit: 1, cursor: "%%" }), /cursor/);
});

Deno.test("groups of a database from before they were counted are counted at the first start", async () => {
  const { fixture, endpoint, code } = await opened();
  await using _ = fixture;
  const receipt = await fixture.submit(endpoint, code, 3, { at: NOW });
  await fixture.store.queue.finished(endpoint, [success(taskIdsOf(receipt)[0]!)], NOW + 1_500);
  const { connection } = fixture.store;
  for (const column of ["tasks", "success", "failed", "cancelled", "last_completed_at"]) {
    connection.exec(`ALTER TABLE task_groups DROP COLUMN ${column}`);
  }
  connection.exec(`DROP INDEX task_groups_by_owner; DROP TRIGGER large_payload_ends_with_task;
    DROP INDEX tasks_failed; DROP INDEX tasks_cancelled; DROP TABLE endpoint_minutes;
    DROP TABLE service_runs; DROP TRIGGER result_queue_ends_with_group; DROP TABLE result_queues;
    DROP TABLE agent_grants; DROP TABLE user_endpoints; DELETE FROM migrations WHERE number >= 5; PRAGMA user_version = 4`);
  await fixture.store.close();
  fixture.store = await openStore(fixture.file);
  const { byState, lastCompletedAt } = await progress(fixture, receipt.taskGroupId);
  assertEquals(byState, { "waiting-for-ep": 2, success: 1 });
  assertEquals(lastCompletedAt, NOW + 1_500);
});

Deno.test("states that were found a while ago are made to fit the number of tasks", () => {
  const states = TASK_STATES.filter((state) => !isTerminal(state));
  const counts = fc.array(fc.tuple(fc.constantFrom(...states), fc.nat(50)));
  fc.assert(fc.property(counts, fc.nat(200), (entries, total) => {
    const fit = fitted(new Map<TaskState, number>(entries), total);
    assertEquals([...fit.values()].reduce((sum, count) => sum + count, 0), total);
    assertEquals([...fit.values()].every((count) => count >= 0), true);
  }));
  const found = new Map<TaskState, number>([["waiting-for-nodes", 5], ["running", 2]]);
  assertEquals([...fitted(found, 4)], [["waiting-for-nodes", 4], ["running", 0]]);
});
