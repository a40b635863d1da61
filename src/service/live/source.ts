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
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { isVisible } from "../auth/access.ts";
import type { Caller } from "../auth/caller.ts";
import type { ListState } from "../directory/list_versions.ts";
import { NO_SHARE } from "../http/request_room.ts";
import type { ServiceParts } from "../parts.ts";
import { endpointRecord, listedEndpoint } from "../routes/endpoint_record.ts";
import type { Handlers } from "../routes/route.ts";
import { taskSummary } from "../routes/shapes.ts";

/** Of one viewer; what is not his to see is undefined, or left out among several. */
export interface LiveSource {
  /** @param machine of which the record is whole; the others are as in lists */
  endpoints(ids: readonly EndpointId[], machine?: EndpointId): Promise<readonly HeardEndpoint[]>;
  endpointList(): Promise<ListState>;
  stats(): Promise<EventData<"stats">>;
  tasks(filter: NonNullable<LiveInterest["tasks"]>): Promise<readonly TaskSummary[]>;
  task(taskId: TaskId): Promise<TaskSummary | undefined>;
  group(taskGroupId: TaskGroupId): Promise<GroupProgress | undefined>;
}

export interface HeardEndpoint {
  readonly record: EndpointRecord;
  /** The same object until the next heartbeat: so nobody has to compare pictures of machines. */
  readonly status: EndpointStatus | undefined;
}

export type EventData<E extends LiveEvent["event"]> = Extract<LiveEvent, { event: E }>["data"];

/** The routes that are asked. */
export type LiveReads = Pick<Handlers, "stats" | "listTasks" | "groupProgress">;

export function liveSource(
  parts: ServiceParts,
  reads: LiveReads,
  caller: Caller,
  request: Request,
): LiveSource {
  const { store, directory, hub } = parts;
  const { user } = caller;
  const call = { caller, request, body: undefined, bytes: new Uint8Array(), share: NO_SHARE };
  const plain = { ...call, parameters: {}, query: undefined };
  return {
    endpoints: async (ids, machine) => {
      const rows = await store.endpoints.several(ids);
      return rows.filter((row) => isVisible(row, user)).map((row) => ({
        record: (row.endpointId === machine ? endpointRecord : listedEndpoint)(parts, row, user),
        status: hub.status(row.endpointId),
      }));
    },

    endpointList: () => directory.listState(user),

    stats: async () => await reads.stats(plain),

    tasks: async (query) => (await reads.listTasks({ ...plain, query })).items,

    task: async (taskId) => {
      const row = await store.tasks.detail(taskId);
      return row?.owner === user ? taskSummary(row) : undefined;
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
