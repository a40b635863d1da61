/** How far a task group is, as a bar and as words. */
import { isTerminal, TASK_STATES, type TaskState } from "../../contract/task_state.ts";

export interface Progress {
  readonly total: number;
  readonly finished: number;
  /** 0–1; a group without tasks is done. */
  readonly share: number;
  /** States that have tasks, ended ones first: a bar fills up from its beginning. */
  readonly parts: readonly {
    readonly state: TaskState;
    readonly tasks: number;
    readonly share: number;
  }[];
}

const ORDER: readonly TaskState[] = [
  "success",
  "failed",
  "cancelled",
  "running",
  "waiting-for-launch",
  "waiting-for-nodes",
  "waiting-for-ep",
  "received",
];

export function progressOf(byState: Readonly<Record<string, number>>): Progress {
  const total = sum(byState, TASK_STATES);
  const finished = sum(byState, TASK_STATES.filter(isTerminal));
  const parts = ORDER.map((state) => ({ state, tasks: byState[state] ?? 0 }))
    .filter(({ tasks }) => tasks > 0)
    .map((part) => ({ ...part, share: part.tasks / total }));
  return { total, finished, share: total === 0 ? 1 : finished / total, parts };
}

/** Whole percent, 100 only when all are done and 0 only when none is. */
export function percentOf({ total, finished, share }: Progress): number {
  if (total === finished) return 100;
  if (finished === 0) return 0;
  return Math.min(99, Math.max(1, Math.round(share * 100)));
}

export interface HistogramBar {
  /** Seconds; undefined for the last bar, which has no upper bound. */
  readonly from: number;
  readonly to?: number;
  readonly tasks: number;
  /** Of the highest bar, 0–1. */
  readonly height: number;
}

/** Bars from the first to the last one that has tasks: `counts` has one more than `bounds`. */
export function histogramOf(
  { bounds, counts }: { readonly bounds: readonly number[]; readonly counts: readonly number[] },
): readonly HistogramBar[] {
  const highest = Math.max(0, ...counts);
  if (highest === 0) return [];
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  return counts.slice(first, last + 1).map((tasks, index) => ({
    from: bounds[first + index - 1] ?? 0,
    to: bounds[first + index],
    tasks,
    height: tasks / highest,
  }));
}

/** Ids in portions that one request may name. */
export function portionsOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function sum(byState: Readonly<Record<string, number>>, states: readonly TaskState[]): number {
  return states.reduce((tasks, state) => tasks + (byState[state] ?? 0), 0);
}
