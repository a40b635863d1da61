/** Task groups: listed, and how far they are. */
import type { GroupProgress, TaskGroupSummary } from "../../contract/api.ts";
import { DEFAULT_PAGE_SIZE } from "../../contract/limits.ts";
import { taskGroupNotFound } from "../auth/access.ts";
import type { ServiceParts } from "../parts.ts";
import { DURATION_BOUNDS } from "../store/group_store.ts";
import type { GroupProgressRow, TaskGroupRow } from "../store/store.ts";
import type { Handlers } from "./route.ts";
import { pageOf, seconds } from "./shapes.ts";

export function taskGroupHandlers(
  { store, now }: ServiceParts,
): Pick<Handlers, "listTaskGroups" | "groupProgress"> {
  return {
    listTaskGroups: async ({ caller, query: { limit = DEFAULT_PAGE_SIZE, cursor } }) => {
      return pageOf(await store.groups.list({ owner: caller.user, limit, cursor }), groupSummary);
    },

    groupProgress: async ({ caller, parameters: { task_group_id: taskGroupId } }) => {
      const query = { owner: caller.user, taskGroupId, now: now() };
      const row = await store.groups.progress(query);
      if (row === undefined) throw taskGroupNotFound(taskGroupId);
      return groupProgress(row);
    },
  };
}

function groupSummary(row: TaskGroupRow): TaskGroupSummary {
  return {
    task_group_id: row.taskGroupId,
    created_at: seconds(row.createdAt),
    tasks: row.tasks,
    by_state: { ...row.byState },
    last_completed_at: row.lastCompletedAt === null ? null : seconds(row.lastCompletedAt),
    function_name: row.functionName,
  };
}

export function groupProgress(row: GroupProgressRow): GroupProgress {
  return {
    ...groupSummary(row),
    tasks_per_second: row.endedPerSecond,
    eta_seconds: etaSeconds(row),
    durations: { bounds: DURATION_BOUNDS.map(seconds), counts: [...row.durations] },
  };
}

function etaSeconds({ tasks, byState, endedPerSecond }: GroupProgressRow): number | null {
  const { success = 0, failed = 0, cancelled = 0 } = byState;
  const unfinished = tasks - success - failed - cancelled;
  if (unfinished === 0) return 0;
  return endedPerSecond === null || endedPerSecond === 0 ? null : unfinished / endedPerSecond;
}
