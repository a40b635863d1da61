import { assertEquals } from "../../lib/assert.ts";
import { histogramOf, percentOf, portionsOf, progressOf } from "./progress.ts";

Deno.test("a bar fills up from its beginning, ended tasks first", () => {
  const progress = progressOf({ received: 2, running: 1, failed: 1, success: 4 });
  assertEquals([progress.total, progress.finished, progress.share], [8, 5, 0.625]);
  assertEquals(progress.parts.map(({ state, share }) => [state, share]), [
    ["success", 0.5],
    ["failed", 0.125],
    ["running", 0.125],
    ["received", 0.25],
  ]);
});

Deno.test("100 % means all, 0 % means none", () => {
  const groups: readonly Record<string, number>[] = [
    { success: 9_999, running: 1 },
    { success: 1, running: 9_999 },
    { success: 3 },
    { running: 3 },
    {},
  ];
  const percents = groups.map((byState) => percentOf(progressOf(byState)));
  assertEquals(percents, [99, 1, 100, 0, 100]);
});

Deno.test("a histogram begins and ends where there are tasks", () => {
  assertEquals(histogramOf({ bounds: [1, 2, 4], counts: [0, 2, 0, 4] }), [
    { from: 1, to: 2, tasks: 2, height: 0.5 },
    { from: 2, to: 4, tasks: 0, height: 0 },
    { from: 4, to: undefined, tasks: 4, height: 1 },
  ]);
  assertEquals(histogramOf({ bounds: [1, 2], counts: [3, 0, 0] }), [
    { from: 0, to: 1, tasks: 3, height: 1 },
  ]);
  assertEquals(histogramOf({ bounds: [1], counts: [0, 0] }), []);
});

Deno.test("portions hold everything once", () => {
  assertEquals(portionsOf([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assertEquals(portionsOf([], 2), []);
});
