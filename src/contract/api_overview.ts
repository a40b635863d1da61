/**
 * What somebody who looks at the whole wants to know: sites, an endpoint's past, the progress of a
 * task group, the use of a function, and all of it live. `api.ts` has the routes.
 */
import * as v from "valibot";
import { ids, instant, name, queryNumber, uuid } from "./api_pieces.ts";
import { EndpointSchema, StatsSchema, TaskSummarySchema } from "./api_shapes.ts";
import { MAX_LIVE_ENDPOINTS, MAX_LIVE_GROUPS, MAX_LIVE_TASKS, MAX_LOG_LINES } from "./limits.ts";
import { TASK_STATES } from "./task_state.ts";

// -- endpoints ----------------------------------------------------------------------------------

/** How a list of endpoints may be ordered; numbers the largest first, `name` by the alphabet. */
export const ENDPOINT_ORDERS = [
  "name",
  "last_seen",
  "created",
  "workers",
  "idle",
  "queue",
  "rate",
] as const;
export type EndpointOrder = typeof ENDPOINT_ORDERS[number];

export const endpointFilter = {
  /** Part of name, display name, host or site. */
  search: v.optional(name),
  name: v.optional(name),
  status: v.optional(v.picklist(["online", "offline"])),
  /** Only the viewer's own with `me`. */
  owner: v.optional(v.picklist(["me", "any"])),
  /** Exactly as `site` of the endpoint. */
  site: v.optional(name),
  /** One of its runtimes. */
  runtime: v.optional(name),
};

/** Endpoints of one site that the viewer may use. */
export const SiteSchema = v.object({
  /** As `site` of its endpoints. */
  site: v.string(),
  endpoints: v.number(),
  online: v.number(),
  workers: v.number(),
  idle_workers: v.number(),
  queued_tasks: v.number(),
});
export type SiteSummary = v.InferOutput<typeof SiteSchema>;

export const historyQuery = {
  /** How far back, at most 2,880 (two days); 60 by default. */
  minutes: v.optional(v.pipe(queryNumber, v.minValue(1), v.maxValue(2_880))),
};
/** What an endpoint did within one step of time. */
export const HistoryPointSchema = v.object({
  /** Begin of the step. */
  at: instant,
  succeeded: v.number(),
  failed: v.number(),
  cancelled: v.number(),
  /** Means of the step; null while it was offline. */
  workers: v.nullable(v.number()),
  busy_workers: v.nullable(v.number()),
  queued_tasks: v.nullable(v.number()),
  /** Seconds from submit to end, of the tasks that ended in the step; null without any. */
  median_seconds: v.nullable(v.number()),
  p95_seconds: v.nullable(v.number()),
});
export type HistoryPoint = v.InferOutput<typeof HistoryPointSchema>;
export const EndpointHistorySchema = v.object({
  /** Of each point; steps in which nothing happened and nothing was heard are left out. */
  step_seconds: v.number(),
  points: v.array(HistoryPointSchema),
});
export type EndpointHistory = v.InferOutput<typeof EndpointHistorySchema>;

export const logQuery = {
  lines: v.optional(v.pipe(queryNumber, v.minValue(1), v.maxValue(MAX_LOG_LINES))),
};
/** The last lines of the agent's log, oldest first, as the agent has them on its disk. */
export const EndpointLogSchema = v.object({ lines: v.array(v.string()) });

// -- functions ----------------------------------------------------------------------------------

/** What became of a function's tasks, among the viewer's latest ones of it. */
export const FunctionUsageSchema = v.object({
  /** Tasks that were looked at: the latest, at most 1,000. */
  tasks: v.number(),
  by_state: v.record(v.string(), v.number()),
  /** Seconds that a run took, from its start on a worker to its end; null without any. */
  median_seconds: v.nullable(v.number()),
  p95_seconds: v.nullable(v.number()),
  last_submitted_at: v.nullable(instant),
  endpoints: v.array(
    v.object({ endpoint_id: uuid, endpoint_name: v.string(), tasks: v.number() }),
  ),
});
export type FunctionUsage = v.InferOutput<typeof FunctionUsageSchema>;

// -- task groups --------------------------------------------------------------------------------

export const TaskGroupSchema = v.object({
  task_group_id: uuid,
  created_at: instant,
  tasks: v.number(),
  /** State → number of tasks; states without tasks are left out. */
  by_state: v.record(v.string(), v.number()),
  /** When the last task that has ended so far did. */
  last_completed_at: v.nullable(instant),
  /** Of the first task. */
  function_name: v.string(),
});
export type TaskGroupSummary = v.InferOutput<typeof TaskGroupSchema>;

export const GroupProgressSchema = v.object({
  ...TaskGroupSchema.entries,
  /** Tasks that ended, by second, over the last minute at most; null before any has. */
  tasks_per_second: v.nullable(v.number()),
  /** Until the last one has ended, at that rate; null where there is none, 0 when all have. */
  eta_seconds: v.nullable(v.number()),
  /** Seconds from submit to end: `counts[i]` tasks took less than `bounds[i]`, the last count more. */
  durations: v.object({ bounds: v.array(v.number()), counts: v.array(v.number()) }),
});
export type GroupProgress = v.InferOutput<typeof GroupProgressSchema>;

// -- live ---------------------------------------------------------------------------------------

/** Filters of the viewer's tasks, in lists and live. */
export const taskFilter = {
  status: v.optional(v.picklist(TASK_STATES)),
  endpoint_id: v.optional(uuid),
  function_id: v.optional(uuid),
  task_group_id: v.optional(uuid),
  /** Only those that are not finished, or only those that are. */
  finished: v.optional(v.picklist(["yes", "no"])),
};

/** What a page wants to be told of. Everything is sent once at first, then whenever it changes. */
export const LiveInterestSchema = v.object({
  endpoints: v.optional(v.pipe(ids, v.maxLength(MAX_LIVE_ENDPOINTS))),
  /** One more endpoint, whose record comes whole, with the picture of its machine for its owner. */
  machine: v.optional(uuid),
  /** Counts of the viewer's own. */
  stats: v.optional(v.boolean()),
  /** The newest of the viewer's tasks that fit the filters. */
  tasks: v.optional(v.object({
    ...taskFilter,
    limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_LIVE_TASKS)),
  })),
  /** Single tasks, of which some are perhaps not the newest. */
  task_ids: v.optional(v.pipe(ids, v.maxLength(MAX_LIVE_TASKS))),
  groups: v.optional(v.pipe(ids, v.maxLength(MAX_LIVE_GROUPS))),
});
export type LiveInterest = v.InferInput<typeof LiveInterestSchema>;

/**
 * Events of `POST /v3/live`, an SSE stream. Each opening begins with all of what was asked for, so
 * a page whose connection broke is up to date as soon as it is open again. Changes are told at most
 * four times a second, the first of them at once; a comment line keeps the stream alive.
 */
export const LiveEventSchema = v.variant("event", [
  v.object({
    event: v.literal("endpoints"),
    /** Those that have changed, as in lists. `gone` were deleted, or never were the viewer's to use. */
    data: v.object({ changed: v.array(EndpointSchema), gone: v.array(uuid) }),
  }),
  /** The set of endpoints that the viewer may use, or which are online, has changed. */
  v.object({
    event: v.literal("endpoint_list"),
    data: v.object({
      endpoints: v.number(),
      online: v.number(),
      /** Grows with each change, also when one has come while another went. */
      version: v.optional(v.number()),
    }),
  }),
  v.object({ event: v.literal("stats"), data: StatsSchema }),
  /** All that fit the filters, newest first, whenever one of them has changed. */
  v.object({ event: v.literal("tasks"), data: v.array(TaskSummarySchema) }),
  /** Those of `task_ids` that have changed. */
  v.object({ event: v.literal("task_changes"), data: v.array(TaskSummarySchema) }),
  v.object({ event: v.literal("groups"), data: v.array(GroupProgressSchema) }),
]);
export type LiveEvent = v.InferOutput<typeof LiveEventSchema>;
