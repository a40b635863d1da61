/** What live streams tell, read as the routes for single requests read it, so both say the same. */
import type {
  EndpointRecord,
  GroupProgress,
  LiveEvent,
  LiveInterest,
  TaskSummary,
} from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { EndpointId, TaskGroupId, TaskId } from "../../contract/ids.ts";
import { MAX_PAGE_SIZE } from "../../contract/limits.ts";
import type { Caller } from "../auth/caller.ts";
import { allItems } from "../routes/pages.ts";
import type { Handlers } from "../routes/route.ts";
import { taskSummary } from "../routes/shapes.ts";
import type { TaskStore } from "../store/store.ts";

/** Of one viewer; what is not his to see is undefined. */
export interface LiveSource {
  endpoint(endpointId: EndpointId): Promise<EndpointRecord | undefined>;
  endpointCounts(): Promise<EventData<"endpoint_list">>;
  stats(): Promise<EventData<"stats">>;
  tasks(filter: NonNullable<LiveInterest["tasks"]>): Promise<readonly TaskSummary[]>;
  task(taskId: TaskId): Promise<TaskSummary | undefined>;
  group(taskGroupId: TaskGroupId): Promise<GroupProgress | undefined>;
}

export type EventData<E extends LiveEvent["event"]> = Extract<LiveEvent, { event: E }>["data"];

/** The routes that are asked. */
export type LiveReads = Pick<
  Handlers,
  "getEndpoint" | "listEndpoints" | "stats" | "listTasks" | "groupProgress"
>;

export function liveSource(
  reads: LiveReads,
  tasks: Pick<TaskStore, "detail">,
  caller: Caller,
  request: Request,
): LiveSource {
  const call = { caller, request, body: undefined, bytes: new Uint8Array() };
  const plain = { ...call, parameters: {}, query: undefined };
  return {
    endpoint: (endpoint_id) =>
      found(() => reads.getEndpoint({ ...plain, parameters: { endpoint_id } })),

    endpointCounts: async () => {
      const counts = { endpoints: 0, online: 0 };
      const pages = allItems(async ({ cursor }) => {
        const query = { limit: MAX_PAGE_SIZE, cursor };
        const { items, next_cursor } = await reads.listEndpoints({ ...plain, query });
        return { items, nextCursor: next_cursor };
      });
      for await (const { status } of pages) {
        counts.endpoints++;
        if (status === "online") counts.online++;
      }
      return counts;
    },

    stats: async () => await reads.stats(plain),

    tasks: async (query) => (await reads.listTasks({ ...plain, query })).items,

    task: async (taskId) => {
      const row = await tasks.detail(taskId);
      return row?.owner === caller.user ? taskSummary(row) : undefined;
    },

    group: (task_group_id) =>
      found(() => reads.groupProgress({ ...plain, parameters: { task_group_id } })),
  };
}

/** Undefined for what the route refuses. */
async function found<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof FuncxError) return undefined;
    throw thrown;
  }
}
