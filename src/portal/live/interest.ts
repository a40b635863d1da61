/** What all parts of a page together want to be told of. */
import type { LiveInterest } from "../../contract/api_overview.ts";
import { MAX_LIVE_ENDPOINTS, MAX_LIVE_GROUPS, MAX_LIVE_TASKS } from "../../contract/limits.ts";

/** One interest for one stream. Of two that follow newest tasks or a machine, the last one counts. */
export function joinInterests(parts: Iterable<LiveInterest>): LiveInterest {
  const all = [...parts];
  const joined: LiveInterest = {};
  const stats = all.some((part) => part.stats);
  const tasks = all.findLast((part) => part.tasks !== undefined)?.tasks;
  const machine = all.findLast((part) => part.machine !== undefined)?.machine;
  const endpoints = union(all.map((part) => part.endpoints), MAX_LIVE_ENDPOINTS);
  const taskIds = union(all.map((part) => part.task_ids), MAX_LIVE_TASKS);
  const groups = union(all.map((part) => part.groups), MAX_LIVE_GROUPS);
  if (stats) joined.stats = true;
  if (tasks !== undefined) joined.tasks = tasks;
  if (machine !== undefined) joined.machine = machine;
  if (endpoints.length > 0) joined.endpoints = endpoints;
  if (taskIds.length > 0) joined.task_ids = taskIds;
  if (groups.length > 0) joined.groups = groups;
  return joined;
}

/** What is known of those that are followed; the same map when that is all of it. */
export function followedIn<T>(
  known: ReadonlyMap<string, T>,
  ids: readonly string[] = [],
): ReadonlyMap<string, T> {
  const followed = new Set(ids);
  const kept = [...known].filter(([id]) => followed.has(id));
  return kept.length === known.size ? known : new Map(kept);
}

/** Which endpoints are there no more; one that was made private may be public again. */
export function goneAfter(
  before: ReadonlySet<string>,
  gone: readonly string[],
  found: readonly string[],
): ReadonlySet<string> {
  const after = new Set([...before, ...gone]);
  for (const id of found) after.delete(id);
  const isSame = after.size === before.size && [...after].every((id) => before.has(id));
  return isSame ? before : after;
}

/** In alphabetical order, so that the same interest is the same text. */
function union(lists: readonly (readonly string[] | undefined)[], limit: number): string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))].sort().slice(0, limit);
}
