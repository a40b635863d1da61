import { assertEquals } from "../../lib/assert.ts";
import type { TaskEvent } from "../../contract/task_state.ts";
import { hopsOf, timingRows } from "./timing.ts";

const TIMELINE: TaskEvent[] = [
  { state: "received", at: 1_000, by: "service", attempt: 0 },
  { state: "running", at: 1_002.5, by: "worker", attempt: 1 },
  { state: "success", at: 13_502.5, by: "worker", attempt: 1 },
];

Deno.test("each hop lasts until the next, and the last row is the sum", () => {
  assertEquals(hopsOf(TIMELINE).map(({ milliseconds }) => milliseconds), [2.5, 12_500, null]);
  assertEquals(timingRows(TIMELINE).map((row) => row[4]), ["2.50 ms", "12.5 s", "", "12.5 s"]);
});

Deno.test("a task that goes on has no sum, and one without a timeline no rows", () => {
  assertEquals(timingRows(TIMELINE.slice(0, 2)).map((row) => row[4]), ["2.50 ms", ""]);
  assertEquals(timingRows([]), []);
});
