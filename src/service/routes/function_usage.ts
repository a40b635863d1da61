/** What became of a function's latest tasks. */
import type { FunctionUsage } from "../../contract/api.ts";
import type { FunctionId, UserId } from "../../contract/ids.ts";
import type { Store, TaskSummaryRow } from "../store/store.ts";
import { seconds } from "./shapes.ts";

/** Tasks that are looked at. */
const LATEST = 1_000;

/** Of the user's own tasks. */
export async function functionUsage(
  store: Store,
  owner: UserId,
  functionId: FunctionId,
): Promise<FunctionUsage> {
  const { items } = await store.tasks.list({ owner, functionId, limit: LATEST });
  const times = await store.tasks.runTimes(items.map(({ taskId }) => taskId));
  const ordered = times.toSorted((left, right) => left - right);
  const latest = items[0];
  return {
    tasks: items.length,
    by_state: countBy(items, ({ state }) => state),
    median_seconds: quantile(ordered, 0.5),
    p95_seconds: quantile(ordered, 0.95),
    last_submitted_at: latest === undefined ? null : seconds(latest.createdAt),
    endpoints: endpointsOf(items),
  };
}

/** The one that has run most of them first. */
function endpointsOf(items: readonly TaskSummaryRow[]): FunctionUsage["endpoints"] {
  return [...Map.groupBy(items, ({ endpointId }) => endpointId)]
    .map(([endpoint_id, tasks]) => ({
      endpoint_id,
      endpoint_name: tasks[0]!.endpointName,
      tasks: tasks.length,
    }))
    .toSorted((left, right) => right.tasks - left.tasks);
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const groups = Map.groupBy(items, key);
  return Object.fromEntries([...groups].map(([name, group]) => [name, group.length]));
}

/** In seconds; null without any. @param ordered milliseconds */
function quantile(ordered: readonly number[], share: number): number | null {
  const value = ordered[Math.max(Math.ceil(ordered.length * share) - 1, 0)];
  return value === undefined ? null : seconds(value);
}
