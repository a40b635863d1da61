/** What an endpoint did, as the lines of charts. */
import type { EndpointHistory, HistoryPoint } from "../../contract/api.ts";
import type { Series } from "../charts/series.ts";

export type ChartId = "throughput" | "utilisation" | "queue" | "latency";
export type LineId =
  | "succeeded"
  | "failed"
  | "cancelled"
  | "busy"
  | "workers"
  | "queued"
  | "median"
  | "p95";

export interface HistoryLine extends Series {
  readonly name: LineId;
}

type Value = (point: HistoryPoint | undefined, stepSeconds: number) => number | null;

/** Where nothing was told, tasks did not end; how many workers there were is not known. */
const LINES: Readonly<Record<ChartId, readonly (readonly [LineId, Value])[]>> = {
  throughput: [
    ["succeeded", (point, step) => perMinute(point?.succeeded, step)],
    ["failed", (point, step) => perMinute(point?.failed, step)],
    ["cancelled", (point, step) => perMinute(point?.cancelled, step)],
  ],
  utilisation: [
    ["busy", (point) => point?.busy_workers ?? null],
    ["workers", (point) => point?.workers ?? null],
  ],
  queue: [["queued", (point) => point?.queued_tasks ?? null]],
  latency: [
    ["median", (point) => point?.median_seconds ?? null],
    ["p95", (point) => point?.p95_seconds ?? null],
  ],
};
/** Shown only where there is something of it. */
const RARE: ReadonlySet<LineId> = new Set(["failed", "cancelled"]);

/**
 * The lines of each chart over the whole span, with a point for every step: those that were left out
 * of the history are steps in which nothing happened.
 *
 * @param now seconds since 1970 at the service
 */
export function chartsOf(
  { step_seconds: step, points }: EndpointHistory,
  minutes: number,
  now: number,
): Readonly<Record<ChartId, readonly HistoryLine[]>> {
  const known = new Map(points.map((point) => [Math.round(point.at / step), point]));
  const last = Math.floor(now / step);
  const first = last - Math.floor((minutes * 60) / step) + 1;
  const steps = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const x = steps.map((index) => index * step);
  const linesOf = (chart: ChartId): readonly HistoryLine[] =>
    LINES[chart]
      .map(([name, value]) => ({
        name,
        x,
        y: steps.map((index) => value(known.get(index), step)),
      }))
      .filter(({ name, y }) => !RARE.has(name) || y.some((value) => value !== 0));
  return {
    throughput: linesOf("throughput"),
    utilisation: linesOf("utilisation"),
    queue: linesOf("queue"),
    latency: linesOf("latency"),
  };
}

export interface LineSummary {
  readonly last: number;
  readonly mean: number;
  readonly most: number;
}

/** Undefined for a line without values. */
export function summaryOf({ y }: Series): LineSummary | undefined {
  const values = y.filter((value) => value !== null);
  if (values.length === 0) return undefined;
  return {
    last: values[values.length - 1]!,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    most: values.reduce((most, value) => Math.max(most, value)),
  };
}

function perMinute(count: number | undefined, stepSeconds: number): number {
  return ((count ?? 0) * 60) / stepSeconds;
}
