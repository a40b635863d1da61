import { newId } from "../contract/ids.ts";
import { RESULTS_PER_FRAME } from "../contract/limits.ts";
import { assertEquals, assertTrue } from "../lib/assert.ts";
import { resultBatches } from "./result_batches.ts";
import type { FinishedTask } from "./task.ts";

function finished(lane: number | null, count: number): FinishedTask[] {
  return Array.from({ length: count }, (_, index) => ({
    seq: lane === null ? null : index,
    lane,
    result: { task_id: newId(), attempt: 1, state: "success", timeline: [] },
  }));
}

/** Share and size of each. */
function shapes(tasks: readonly FinishedTask[]): [share: unknown, size: number][] {
  return resultBatches(tasks).map(({ share, members }) => [share, members.length]);
}

Deno.test("a few lanes have frames of their own", () => {
  assertEquals(shapes([]), []);
  assertEquals(shapes([...finished(1, 3), ...finished(2, 1), ...finished(1, 2)]), [[1, 5], [2, 1]]);
  assertEquals(shapes(finished(null, 2)), [["few", 2]]);
});

Deno.test("a frame has a bounded number of results", () => {
  assertEquals(shapes(finished(1, RESULTS_PER_FRAME + 1)), [[1, RESULTS_PER_FRAME], [1, 1]]);
});

Deno.test("of many lanes the largest have frames of their own, and the others share", () => {
  const lanes = Array.from({ length: 100 }, (_, lane) => finished(lane, lane === 7 ? 50 : 1));
  const cut = shapes(lanes.flat());
  assertTrue(cut.length <= 8);
  assertEquals(cut.find(([share]) => share === 7), [7, 50]);
  assertEquals(cut.reduce((sum, [, size]) => sum + size, 0), 149);
});
