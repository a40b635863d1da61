/**
 * Routes of the Globus Compute web service that earlier versions of the official SDK use, and those
 * that it has kept beside newer ones. Everything here has a younger equivalent in `api.ts`. Requests
 * and answers are as the SDKs 2.0 to 3.16 write and read them.
 */
import * as v from "valibot";
import type { Route } from "./api.ts";
import { ids, uuid } from "./api_pieces.ts";
import { RegisterFunctionSchema, StatsSchema, SubmitSchema, WhoAmISchema } from "./api_shapes.ts";

export const SubmitV2Schema = v.object({
  ...v.omit(SubmitSchema, ["tasks"]).entries,
  /** Function id, endpoint id, payload; answered in the same order. */
  tasks: v.array(v.tuple([uuid, uuid, v.string()])),
  /** What `create_queue` was called before. */
  create_websocket_queue: v.optional(v.nullable(v.boolean())),
});
export type SubmitV2 = v.InferOutput<typeof SubmitV2Schema>;

/** What became of one task of a submit. */
export const SubmittedV2Schema = v.variant("status", [
  v.object({
    status: v.literal("Success"),
    task_uuid: uuid,
    endpoint_uuid: uuid,
    http_status_code: v.number(),
  }),
  v.object({
    status: v.literal("Failed"),
    /** Of no task: the SDK reads the key before it looks at the status. */
    task_uuid: uuid,
    endpoint_uuid: uuid,
    http_status_code: v.number(),
    code: v.string(),
    reason: v.string(),
    error_args: v.array(v.unknown()),
  }),
]);

export const SubmitV2AnswerSchema = v.object({
  response: v.literal("batch"),
  task_group_id: uuid,
  results: v.array(SubmittedV2Schema),
});
export type SubmitV2Answer = v.InferOutput<typeof SubmitV2AnswerSchema>;

export const EndpointLockSchema = v.object({
  endpoint_id: uuid,
  /** Until when it cannot be registered, ISO 8601 in UTC. */
  lock_expiration_timestamp: v.string(),
});

const changed = v.object({ status: v.literal("Success"), reason: v.string() });

const lockEndpoint = {
  method: "POST",
  summary: "Stop the agent, and refuse to register the endpoint for some seconds.",
  scope: "manage",
  answer: EndpointLockSchema,
} as const;

export const OLDER_ROUTES = {
  registerFunctionV2: {
    method: "POST",
    path: "/v2/functions",
    summary: "Register a function, as SDKs up to 3.0 at least do.",
    scope: "run",
    body: RegisterFunctionSchema,
    answer: v.object({ function_uuid: uuid }),
  },
  submitV2: {
    method: "POST",
    path: "/v2/submit",
    summary: "Submit tasks to several endpoints; 207 when some were refused.",
    scope: "run",
    body: SubmitV2Schema,
    answer: SubmitV2AnswerSchema,
  },
  lockEndpoint: { ...lockEndpoint, path: "/v3/endpoints/:endpoint_id/lock" },
  lockEndpointV2: { ...lockEndpoint, path: "/v2/endpoints/:endpoint_id/lock" },
  authenticate: {
    method: "GET",
    path: "/v2/authenticate",
    summary: "Whether the token is valid, and whose it is.",
    scope: "read",
    answer: WhoAmISchema,
  },
  statsV2: {
    method: "GET",
    path: "/v2/stats",
    summary: "How many tasks the viewer has submitted.",
    scope: "read",
    answer: v.pick(StatsSchema, ["total_function_invocations"]),
  },
  taskGroupAccess: {
    method: "GET",
    path: "/v2/task_groups/:task_group_id",
    summary: "Whether the viewer may see a task group.",
    scope: "read",
    answer: v.object({ authorized: v.boolean() }),
  },
  whitelist: {
    method: "GET",
    path: "/v2/endpoints/:endpoint_id/whitelist",
    summary: "The only functions that an endpoint runs; none when it runs any.",
    scope: "read",
    answer: v.object({ status: v.literal("Success"), functions: v.array(uuid) }),
  },
  addToWhitelist: {
    method: "POST",
    path: "/v2/endpoints/:endpoint_id/whitelist",
    summary: "Let an endpoint run these functions, and no others but those let before.",
    scope: "manage",
    body: v.object({ func: v.union([uuid, ids]) }),
    answer: changed,
  },
  removeFromWhitelist: {
    method: "DELETE",
    path: "/v2/endpoints/:endpoint_id/whitelist/:function_id",
    summary: "Let an endpoint run a function no longer.",
    scope: "manage",
    answer: changed,
  },
} as const satisfies Record<string, Route>;
