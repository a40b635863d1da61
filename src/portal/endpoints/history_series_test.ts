import { assertEquals } from "../../lib/assert.ts";
import type { HistoryPoint } from "../../contract/api.ts";
import { chartsOf, summaryOf } from "./history_series.ts";

const POINT: HistoryPoint = {
  at: 1_200,
  succeeded: 6,
  failed: 0,
  cancelled: 0,
  workers: 4,
  busy_workers: 3,
  queued_tasks: 9,
  median_seconds: 0.5,
  p95_seconds: 2,
};

Deno.test("charts have a point for every step, also for those in which nothing happened", () => {
  const history = { step_seconds: 10, points: [{ ...POINT, failed: 1 }] };
  const charts = chartsOf(history, 0.5, 1_219);
  assertEquals(charts.throughput.map(({ name, x, y }) => [name, x, y]), [
    ["succeeded", [1_190, 1_200, 1_210], [0, 36, 0]],
    ["failed", [1_190, 1_200, 1_210], [0, 6, 0]],
  ]);
  assertEquals(charts.utilisation.map(({ name, y }) => [name, y]), [
    ["busy", [null, 3, null]],
    ["workers", [null, 4, null]],
  ]);
  assertEquals(charts.latency[1]!.y, [null, 2, null]);
  assertEquals(charts.queue[0]!.y, [null, 9, null]);
});

Deno.test("points outside of the span are not drawn", () => {
  const charts = chartsOf({ step_seconds: 60, points: [POINT] }, 60, 9_000);
  assertEquals(charts.queue[0]!.x.length, 60);
  assertEquals(summaryOf(charts.queue[0]!), undefined);
});

Deno.test("a summary passes over what is not known", () => {
  assertEquals(summaryOf({ name: "", x: [1, 2, 3, 4], y: [1, 5, 3, null] }), {
    last: 3,
    mean: 3,
    most: 5,
  });
});
