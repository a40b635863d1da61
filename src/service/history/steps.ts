/** Steps of an endpoint's past, put together to longer ones. Times are milliseconds since 1970. */
import type { HistoryPoint } from "../../contract/api.ts";
import type { Load } from "../store/store.ts";
import { Durations } from "./durations.ts";

/** What happened within a step, and how busy the endpoint was. */
export interface Step {
  /** Its begin. */
  readonly at: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly durations: Durations;
  /** Of the step; null while it was offline. */
  readonly mean: Load | null;
  /** At its end, and until the next step. */
  readonly level: Load | null;
}

export interface Grid {
  /** Of the first point. */
  readonly begin: number;
  readonly end: number;
  /** Of the steps that are given. */
  readonly unit: number;
  /** Of the points, a multiple of the unit. */
  readonly size: number;
  /** Whether anything was measured in the unit at a time. */
  readonly measured: (at: number) => boolean;
}

/**
 * One step for each `size`, those left out of which nothing is known. Where there is no step the load
 * has stayed as it was, as long as it was measured.
 *
 * @param steps in order, perhaps with one before the grid
 */
export function regrid(steps: readonly Step[], grid: Grid): Step[] {
  const { begin, end, unit, size, measured } = grid;
  const known = steps.values();
  let [next, level] = [known.next(), null as Load | null];
  const whole: Step[] = [];
  for (let at = begin; at < end; at += size) {
    const parts: Step[] = [];
    for (let unitAt = at; unitAt < Math.min(at + size, end); unitAt += unit) {
      const isMeasured = measured(unitAt);
      if (!isMeasured) level = null;
      const before = parts.length;
      for (; !next.done && next.value.at < unitAt + unit; next = known.next()) {
        if (next.value.at >= unitAt) parts.push(next.value);
        if (next.value.at >= unitAt || isMeasured) level = next.value.level;
      }
      if (parts.length === before && level !== null) parts.push(quiet(unitAt, level));
    }
    if (parts.length > 0) whole.push(joined(at, parts));
  }
  return whole;
}

export function pointOf(step: Step): HistoryPoint {
  return {
    at: step.at / 1_000,
    succeeded: step.succeeded,
    failed: step.failed,
    cancelled: step.cancelled,
    workers: step.mean?.workers ?? null,
    busy_workers: step.mean?.busyWorkers ?? null,
    queued_tasks: step.mean?.queuedTasks ?? null,
    median_seconds: step.durations.quantile(0.5),
    p95_seconds: step.durations.quantile(0.95),
  };
}

export function isQuiet({ succeeded, failed, cancelled }: Step): boolean {
  return succeeded + failed + cancelled === 0;
}

/** Nothing happened. */
function quiet(at: number, level: Load): Step {
  const none = { succeeded: 0, failed: 0, cancelled: 0, durations: new Durations() };
  return { at, ...none, mean: level, level };
}

/** @param parts at least one */
function joined(at: number, parts: readonly Step[]): Step {
  const sum = (value: (part: Step) => number): number =>
    parts.reduce((total, part) => total + value(part), 0);
  const durations = new Durations();
  for (const part of parts) durations.addAll(part.durations);
  return {
    at,
    succeeded: sum(({ succeeded }) => succeeded),
    failed: sum(({ failed }) => failed),
    cancelled: sum(({ cancelled }) => cancelled),
    durations,
    mean: meanOf(parts.map(({ mean }) => mean).filter((mean) => mean !== null)),
    level: parts.at(-1)!.level,
  };
}

function meanOf(loads: readonly Load[]): Load | null {
  if (loads.length === 0) return null;
  const mean = (value: (load: Load) => number): number =>
    loads.reduce((total, load) => total + value(load), 0) / loads.length;
  return {
    workers: mean(({ workers }) => workers),
    busyWorkers: mean(({ busyWorkers }) => busyWorkers),
    queuedTasks: mean(({ queuedTasks }) => queuedTasks),
  };
}
