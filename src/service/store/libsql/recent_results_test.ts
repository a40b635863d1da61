import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { newId } from "../../../contract/ids.ts";
import type { ResultMessage } from "../../../contract/protocol/messages.ts";
import { OWNER, StoreFixture, success, taskIdsOf } from "../testing/store_fixture.ts";
import { type RecentResult, RecentResults } from "./recent_results.ts";

function result(groupRow: number, sequence: number, bytes = 10): RecentResult {
  return {
    groupRow,
    sequence,
    bytes,
    result: {
      taskId: newId(),
      state: "success",
      completedAt: sequence,
      result: "",
      error: null,
      stdout: "",
      stderr: "",
      details: null,
    },
  };
}

function sequences(results: readonly RecentResult[] | undefined): number[] | undefined {
  return results?.map(({ sequence }) => sequence);
}

Deno.test("a kept group gives all after a sequence, or leaves it to the database", () => {
  const recent = new RecentResults();
  recent.add([result(1, 3)]);
  assertEquals(recent.after(1, 0, 10, 1_000), undefined);
  recent.keep(1, 3);
  recent.add([result(1, 4), result(2, 5), result(1, 6), result(1, 7)]);
  assertEquals(recent.after(2, 0, 10, 1_000), undefined);
  assertEquals(recent.after(1, 2, 10, 1_000), undefined);
  assertEquals(sequences(recent.after(1, 3, 2, 1_000)), [4, 6]);
  assertEquals(sequences(recent.after(1, 3, 10, 5)), [4]);
  assertEquals(sequences(recent.after(1, 4, 10, 1_000)), [6, 7]);
  // What one reader has had is dropped, and another who has not reads the database.
  assertEquals(recent.after(1, 3, 10, 1_000), undefined);
  assertEquals(recent.after(1, 7, 10, 1_000), []);
  recent.forget(1);
  assertEquals(recent.after(1, 7, 10, 1_000), undefined);
});

Deno.test("beyond its bytes a group is given up whole, the one that waited longest first", () => {
  const recent = new RecentResults(10_000);
  for (const group of [1, 2]) recent.keep(group, 0);
  recent.add([result(1, 1, 4_000), result(2, 2, 4_000)]);
  recent.add([result(1, 3, 100)]);
  recent.add([result(1, 4, 1_000)]);
  assertTrue(!recent.keeps(2));
  assertEquals(sequences(recent.after(1, 0, 10, 1_000_000)), [1, 3, 4]);
  recent.add([result(1, 5, 6_000)]);
  assertTrue(!recent.keeps(1));
  recent.keep(1, 5);
  recent.add([result(1, 6, 8_000)]);
  assertEquals(sequences(recent.after(1, 5, 10, 1)), [6]);
});

Deno.test("a reader who keeps up gets what the database has", async () => {
  await using fixture = await StoreFixture.open();
  const [endpoint, code] = [await fixture.endpoint(), await fixture.function()];
  const receipt = await fixture.submit(endpoint, code, 4);
  const waiting = await fixture.submit(endpoint, code, 1, {
    state: "waiting-for-ep",
    taskGroupId: receipt.taskGroupId,
  });
  const { results, queue } = fixture.store;
  const after = (sequence: number): ReturnType<typeof results.after> =>
    results.after({ taskGroupId: receipt.taskGroupId, sequence, limit: 10, maximumBytes: 10_000 });
  const end = results.onFinished(receipt.taskGroupId, () => {});
  assertEquals(await after(0), { items: [], sequence: 0 });
  const [first, second, third, fourth] = taskIdsOf(receipt) as [string, string, string, string];
  const failed: ResultMessage = {
    ...success(second),
    state: "failed",
    result: undefined,
    error: { code: "E", type: "Error", message: "no", traceback: "" },
    stdout: new Uint8Array([0x61, 0, 0xff]),
    details: { pid: 7 },
  };
  await queue.finished(endpoint, [success(first), failed], 5_000);
  await queue.cancel(OWNER, taskIdsOf(waiting), 6_000);
  await queue.finished(endpoint, [success(third, "")], 7_000);
  // Reads nothing: the statement would find no table.
  fixture.store.connection.exec("ALTER TABLE results RENAME TO hidden");
  const page = await after(0);
  fixture.store.connection.exec("ALTER TABLE hidden RENAME TO results");
  assertEquals(page.items.map(({ taskId }) => taskId), [
    first,
    second,
    ...taskIdsOf(waiting),
    third,
  ]);
  end();
  assertEquals(await after(0), page);
  await queue.finished(endpoint, [success(fourth)], 8_000);
  assertEquals((await after(page.sequence)).items.map(({ taskId }) => taskId), [fourth]);
});
