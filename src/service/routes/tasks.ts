/** Tasks: polled, listed, shown, cancelled. */
import type { Answer } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { TaskGroupId, UserId } from "../../contract/ids.ts";
import { DEFAULT_PAGE_SIZE, MAX_IDS_PER_REQUEST } from "../../contract/limits.ts";
import { taskGroupNotFound, taskNotFound } from "../auth/access.ts";
import type { ServiceParts } from "../parts.ts";
import type { Cancellation, Store } from "../store/store.ts";
import { allItems } from "./pages.ts";
import type { Handlers } from "./route.ts";
import { pageOf, taskDetail, taskStatus, taskSummary } from "./shapes.ts";
import { isOfficialSdk, withWholeResults } from "./whole_results.ts";

type TaskRoutes =
  | "getTask"
  | "batchStatus"
  | "taskGroup"
  | "listTasks"
  | "taskDetail"
  | "cancelTasks";

export function taskHandlers(parts: ServiceParts): Pick<Handlers, TaskRoutes> {
  const { store, hub, now } = parts;
  return {
    getTask: async ({ caller, request, parameters: { task_id } }) => {
      const [row] = await store.tasks.statuses([task_id]);
      if (row === undefined || row.owner !== caller.user) throw taskNotFound(task_id);
      const status = taskStatus(row);
      if (!isOfficialSdk(request)) return status;
      return (await withWholeResults(parts, caller.user, [status]))[0]!;
    },

    /** Ids that are unknown or another user's are left out, as the official SDK expects. */
    batchStatus: async ({ caller, body, request }) => {
      const rows = await store.tasks.statuses(lowerCase(body.task_ids));
      const own = rows.filter((row) => row.owner === caller.user).map(taskStatus);
      const shown = isOfficialSdk(request) ? await withWholeResults(parts, caller.user, own) : own;
      return {
        response: "batch",
        results: Object.fromEntries(shown.map((status) => [status.task_id, status])),
      };
    },

    taskGroup: async ({ caller, parameters: { task_group_id } }) => {
      await requireGroup(store, task_group_id, caller.user);
      return {
        taskgroup_id: task_group_id,
        create_websockets_queue: false,
        tasks: await groupTasks(store, task_group_id),
      };
    },

    listTasks: async ({ caller, query }) => {
      const page = await store.tasks.list({
        owner: caller.user,
        limit: query.limit ?? DEFAULT_PAGE_SIZE,
        cursor: query.cursor,
        state: query.status,
        endpointId: query.endpoint_id?.toLowerCase(),
        functionId: query.function_id?.toLowerCase(),
        taskGroupId: query.task_group_id?.toLowerCase(),
        finished: query.finished && query.finished === "yes",
        since: query.since && query.since * 1_000,
        until: query.until && query.until * 1_000,
      });
      return pageOf(page, taskSummary);
    },

    taskDetail: async ({ caller, parameters: { task_id } }) => {
      const row = await store.tasks.detail(task_id);
      if (row === undefined || row.owner !== caller.user) throw taskNotFound(task_id);
      return taskDetail(row, hub.status(row.endpointId)?.problem);
    },

    cancelTasks: async ({ caller, body }) => {
      const ids = lowerCase(body.task_ids);
      const cancellations = await store.queue.cancel(caller.user, ids, now());
      hub.cancel(cancellations);
      const idsOf = (finished: boolean): string[] =>
        cancellations.filter((one) => (one.kind === "finished") === finished).map(taskIdOf);
      return { cancelling: idsOf(false), finished: idsOf(true) };
    },
  };
}

function taskIdOf({ taskId }: Cancellation): string {
  return taskId;
}

function lowerCase(ids: readonly string[]): string[] {
  return ids.map((id) => id.toLowerCase());
}

/** Throws TASK_GROUP_NOT_FOUND for another user's group too. */
export async function requireGroup(
  store: Store,
  taskGroupId: TaskGroupId,
  user: UserId,
): Promise<void> {
  const owner = await store.tasks.groupOwner(taskGroupId);
  if (owner !== user) throw taskGroupNotFound(taskGroupId);
}

const MAX_GROUP_ANSWER = 10 * MAX_IDS_PER_REQUEST;

/** The answer of Globus Compute has no pages; a group that is too large for one is refused. */
async function groupTasks(
  store: Store,
  taskGroupId: TaskGroupId,
): Promise<Answer<"taskGroup">["tasks"]> {
  const tasks: Answer<"taskGroup">["tasks"] = [];
  const rows = allItems((page) => store.tasks.groupTasks({ taskGroupId, ...page }));
  for await (const { taskId, createdAt } of rows) {
    if (tasks.length === MAX_GROUP_ANSWER) throw groupTooLarge(taskGroupId);
    tasks.push({ id: taskId, created_at: new Date(createdAt).toISOString() });
  }
  return tasks;
}

function groupTooLarge(taskGroupId: TaskGroupId): FuncxError {
  return new FuncxError({
    code: "BATCH_RUN_TOO_LARGE",
    message: `task group ${taskGroupId} has more than ${MAX_GROUP_ANSWER} tasks`,
    hint: "page through them with GET /v3/tasks?task_group_id=",
  });
}
