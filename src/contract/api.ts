/**
 * The REST API: every route with its schemas, in one table from which the service checks requests,
 * the client takes its types, and `/openapi.json` is made.
 *
 * Routes under `/v2`, and those under `/v3` that the Globus Compute web service has, follow
 * its shapes as the official SDK speaks them; the others are ours. Bodies are JSON, or msgpack with
 * `application/msgpack` in `Content-Type` and `Accept`. Field names are in snake_case, as theirs.
 */
import * as v from "valibot";
import { anyObject, ids, name, nothing, page, pageQuery, queryNumber, uuid } from "./api_pieces.ts";
import {
  ENDPOINT_ORDERS,
  endpointFilter,
  EndpointHistorySchema,
  EndpointLogSchema,
  FunctionUsageSchema,
  GroupProgressSchema,
  historyQuery,
  LiveEventSchema,
  LiveInterestSchema,
  logQuery,
  SiteSchema,
  taskFilter,
  TaskGroupSchema,
} from "./api_overview.ts";
import { OLDER_ROUTES } from "./api_older.ts";
import {
  GlobusRegistrationSchema,
  OauthTokenRequestSchema,
  OauthTokenSchema,
  UserinfoSchema,
} from "./api_globus.ts";
import {
  CreateCodeSchema,
  OneTimeCodeSchema,
  SessionSchema,
  SignInSchema,
  UseCodeSchema,
} from "./api_sessions.ts";
import {
  BeginBlobSchema,
  BlobUploadSchema,
  CreatedTokenSchema,
  CreateTokenSchema,
  EndpointRegistrationSchema,
  EndpointSchema,
  EndpointStatusAnswerSchema,
  FollowEventSchema,
  FunctionSchema,
  FunctionSummarySchema,
  HealthSchema,
  RegisterEndpointSchema,
  RegisterFunctionSchema,
  ResultsEventSchema,
  type Scope,
  StatsSchema,
  SubmitAnswerSchema,
  SubmitSchema,
  TaskDetailSchema,
  TaskStatusSchema,
  TaskSummarySchema,
  TokenSchema,
  VersionSchema,
  WhoAmISchema,
} from "./api_shapes.ts";
import { MAX_BLOB_BYTES } from "./limits.ts";

export * from "./api_globus.ts";
export * from "./api_older.ts";
export * from "./api_overview.ts";
export * from "./api_sessions.ts";
export * from "./api_shapes.ts";

/**
 * What a route needs and gives; `scope: null` means that it needs no token, of several scopes one is
 * enough.
 */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `:name` parameters. */
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope | readonly Scope[] | null;
  readonly query?: v.GenericSchema;
  readonly body?: v.GenericSchema;
  readonly answer: v.GenericSchema;
  /** The answer is `text/event-stream`; `answer` is the data of its events. */
  readonly stream?: true;
  /** Body or answer is `application/octet-stream`, as it is. */
  readonly octets?: "body" | "answer";
  /** The body is `application/x-www-form-urlencoded`. */
  readonly form?: true;
  /** Not REST: an upgrade to WebSocket. */
  readonly upgrade?: true;
}

const removed = v.object({ result: v.number() });

export const ROUTES = {
  version: {
    method: "GET",
    path: "/v2/version",
    summary: "Versions that are served; a JSON string without ?service=all.",
    scope: null,
    query: v.object({ service: v.optional(v.string()) }),
    answer: v.union([v.string(), VersionSchema]),
  },
  health: {
    method: "GET",
    path: "/v3/health",
    summary: "Whether the service is up, and proof of which one.",
    scope: null,
    query: v.object({ nonce: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{16,128}$/))) }),
    answer: HealthSchema,
  },
  openapi: {
    method: "GET",
    path: "/openapi.json",
    summary: "This document.",
    scope: null,
    answer: anyObject,
  },
  whoAmI: {
    method: "GET",
    path: "/v3/whoami",
    summary: "Owner and scopes of the token.",
    scope: "read",
    answer: WhoAmISchema,
  },
  stats: {
    method: "GET",
    path: "/v3/stats",
    summary: "Counts of the viewer's own.",
    scope: "read",
    answer: StatsSchema,
  },

  resultConnection: {
    method: "GET",
    path: "/v2/get_amqp_result_connection_url",
    summary: "Where results are read over AMQP; each call gives another password.",
    scope: "read",
    answer: v.object({ queue_prefix: v.string(), connection_url: v.string() }),
  },

  registerFunction: {
    method: "POST",
    path: "/v3/functions",
    summary: "Register a function.",
    scope: "run",
    body: RegisterFunctionSchema,
    answer: v.object({ function_uuid: uuid }),
  },
  listFunctions: {
    method: "GET",
    path: "/v3/functions",
    summary: "Functions that the viewer may use, newest first.",
    scope: "read",
    query: v.object({
      ...pageQuery,
      search: v.optional(name),
      name: v.optional(name),
      runtime: v.optional(name),
      /** Only the viewer's own with `me`. */
      owner: v.optional(v.picklist(["me", "any"])),
    }),
    answer: page(FunctionSummarySchema),
  },
  functionUsage: {
    method: "GET",
    path: "/v3/functions/:function_id/usage",
    summary: "What became of the viewer's latest tasks of a function.",
    scope: "read",
    answer: FunctionUsageSchema,
  },
  getFunction: {
    method: "GET",
    path: "/v2/functions/:function_id",
    summary: "One function with its code.",
    scope: "read",
    answer: FunctionSchema,
  },
  deleteFunction: {
    method: "DELETE",
    path: "/v2/functions/:function_id",
    summary: "Delete a function; its tasks stay.",
    scope: "run",
    answer: removed,
  },

  registerEndpoint: {
    method: "POST",
    path: "/v3/endpoints",
    summary: "Register an endpoint.",
    scope: "manage",
    body: RegisterEndpointSchema,
    answer: v.union([EndpointRegistrationSchema, GlobusRegistrationSchema]),
  },
  updateEndpoint: {
    method: "PUT",
    path: "/v3/endpoints/:endpoint_id",
    summary: "Register it again under the same id; its old token ends.",
    scope: "manage",
    body: RegisterEndpointSchema,
    answer: v.union([EndpointRegistrationSchema, GlobusRegistrationSchema]),
  },
  listEndpoints: {
    method: "GET",
    path: "/v3/endpoints",
    summary: "Endpoints that the viewer may use, by name unless ordered otherwise.",
    scope: "read",
    query: v.object({
      ...pageQuery,
      ...endpointFilter,
      order: v.optional(v.picklist(ENDPOINT_ORDERS)),
      /** The other way round. */
      reverse: v.optional(v.picklist(["yes", "no"])),
    }),
    answer: page(EndpointSchema),
  },
  listSites: {
    method: "GET",
    path: "/v3/sites",
    summary: "Where the endpoints are that the viewer may use, the site with most of them first.",
    scope: "read",
    query: v.object(endpointFilter),
    answer: v.array(SiteSchema),
  },
  endpointHistory: {
    method: "GET",
    path: "/v3/endpoints/:endpoint_id/history",
    summary: "What an endpoint did, step by step.",
    scope: "read",
    query: v.object(historyQuery),
    answer: EndpointHistorySchema,
  },
  endpointLog: {
    method: "GET",
    path: "/v3/endpoints/:endpoint_id/log",
    summary: "The last lines of the agent's log, from the agent; its owner's to read.",
    scope: "manage",
    query: v.object(logQuery),
    answer: EndpointLogSchema,
  },
  listEndpointsV2: {
    method: "GET",
    path: "/v2/endpoints",
    summary: "Endpoints, as the official SDK lists them.",
    scope: "read",
    query: v.object({ role: v.optional(v.picklist(["owner", "any"])) }),
    answer: v.array(
      v.object({ uuid, name: v.string(), display_name: v.nullable(v.string()), owner: v.string() }),
    ),
  },
  getEndpoint: {
    method: "GET",
    path: "/v2/endpoints/:endpoint_id",
    summary: "One endpoint.",
    scope: "read",
    answer: EndpointSchema,
  },
  endpointStatus: {
    method: "GET",
    path: "/v2/endpoints/:endpoint_id/status",
    summary: "Whether it is online, and how busy.",
    scope: "read",
    answer: EndpointStatusAnswerSchema,
  },
  allowedFunctions: {
    method: "GET",
    path: "/v3/endpoints/:endpoint_id/allowed_functions",
    summary: "The only functions that it runs; empty when it runs any.",
    scope: "read",
    answer: v.array(uuid),
  },
  deleteEndpoint: {
    method: "DELETE",
    path: "/v2/endpoints/:endpoint_id",
    summary: "Delete an endpoint; its unfinished tasks fail.",
    scope: "manage",
    answer: removed,
  },
  shutdownEndpoint: {
    method: "POST",
    path: "/v3/endpoints/:endpoint_id/shutdown",
    summary: "Stop the agent from afar.",
    scope: "manage",
    body: v.object({ drain: v.optional(v.boolean()) }),
    answer: nothing,
  },
  /** The forwarder link, with the endpoint token. */
  forwarder: {
    method: "GET",
    path: "/v3/forwarder",
    summary: "Upgrade to the forwarder protocol, see PROTOCOL.md.",
    scope: "endpoint",
    answer: nothing,
    upgrade: true,
  },
  /** See `relay.ts`; with the endpoint token. */
  relayAgent: {
    method: "GET",
    path: "/v3/endpoints/:endpoint_id/relay/agent",
    summary: "Upgrade: the agent waits for a manager that shows the token of the key.",
    scope: "endpoint",
    query: v.object({ key: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
    answer: nothing,
    upgrade: true,
  },
  /** With a token that the agent has made and the service does not know. */
  relayManager: {
    method: "GET",
    path: "/v3/endpoints/:endpoint_id/relay/manager",
    summary: "Upgrade: a manager is joined with the agent, by a token that the agent made for it.",
    scope: null,
    answer: nothing,
    upgrade: true,
  },

  submit: {
    method: "POST",
    path: "/v3/endpoints/:endpoint_id/submit",
    summary: "Submit tasks; honours Idempotency-Key. 200 means on disk.",
    scope: "run",
    body: SubmitSchema,
    answer: SubmitAnswerSchema,
  },
  getTask: {
    method: "GET",
    path: "/v2/tasks/:task_id",
    summary: "One task, as the official SDK polls it.",
    scope: "read",
    answer: TaskStatusSchema,
  },
  batchStatus: {
    method: "POST",
    path: "/v2/batch_status",
    summary: "Several tasks at once.",
    scope: "read",
    body: v.object({ task_ids: ids }),
    answer: v.object({ response: v.literal("batch"), results: v.record(uuid, TaskStatusSchema) }),
  },
  taskGroup: {
    method: "GET",
    path: "/v2/taskgroup/:task_group_id",
    summary: "The tasks of a group.",
    scope: "read",
    answer: v.object({
      taskgroup_id: uuid,
      create_websockets_queue: v.boolean(),
      tasks: v.array(v.object({ id: uuid, created_at: v.string() })),
    }),
  },
  groupResults: {
    method: "GET",
    path: "/v3/task_groups/:task_group_id/results",
    summary: "Results of a group as they come, with resume.",
    scope: "read",
    query: v.object({ after: v.optional(queryNumber) }),
    answer: ResultsEventSchema,
    stream: true,
  },
  listTasks: {
    method: "GET",
    path: "/v3/tasks",
    summary: "The viewer's tasks, newest first.",
    scope: "read",
    query: v.object({
      ...pageQuery,
      ...taskFilter,
      /** Submitted then or later, seconds since 1970. */
      since: v.optional(queryNumber),
      /** Submitted before. */
      until: v.optional(queryNumber),
    }),
    answer: page(TaskSummarySchema),
  },
  listTaskGroups: {
    method: "GET",
    path: "/v3/task_groups",
    summary: "The viewer's task groups, newest first.",
    scope: "read",
    query: v.object(pageQuery),
    answer: page(TaskGroupSchema),
  },
  groupProgress: {
    method: "GET",
    path: "/v3/task_groups/:task_group_id/progress",
    summary: "How far a task group is.",
    scope: "read",
    answer: GroupProgressSchema,
  },
  runAgain: {
    method: "POST",
    path: "/v3/tasks/:task_id/run_again",
    summary: "Submit a task anew, with the same function, arguments, options and endpoint.",
    scope: "run",
    body: v.object({ endpoint_id: v.optional(v.nullable(uuid)) }),
    answer: SubmitAnswerSchema,
  },
  taskDetail: {
    method: "GET",
    path: "/v3/tasks/:task_id",
    summary: "One task with timeline, output and result.",
    scope: "read",
    answer: TaskDetailSchema,
  },
  followTask: {
    method: "GET",
    path: "/v3/tasks/:task_id/follow",
    summary: "States, output and end of one task, live.",
    scope: "read",
    answer: FollowEventSchema,
    stream: true,
  },
  cancelTasks: {
    method: "POST",
    path: "/v3/tasks/cancel",
    summary: "Cancel tasks; finished ones stay as they are.",
    scope: "run",
    body: v.object({ task_ids: ids }),
    answer: v.object({
      /** Asked to end. */ cancelling: v.array(uuid),
      /** Finished before. */ finished: v.array(uuid),
    }),
  },

  live: {
    method: "POST",
    path: "/v3/live",
    summary: "What a page shows, whenever it changes.",
    scope: "read",
    body: LiveInterestSchema,
    answer: LiveEventSchema,
    stream: true,
  },

  beginBlob: {
    method: "POST",
    path: "/v3/blobs",
    summary: "Begin an upload, or ask how far it is.",
    scope: ["run", "endpoint"],
    body: BeginBlobSchema,
    answer: BlobUploadSchema,
  },
  putBlob: {
    method: "PUT",
    path: "/v3/blobs/:sha256",
    summary: "A chunk of an upload. With the last one the checksum is verified.",
    scope: ["run", "endpoint"],
    query: v.object({
      /** Where the chunk begins: the `offset` of the last answer. */
      offset: queryNumber,
      /** Of the whole blob. */
      size: v.pipe(queryNumber, v.maxValue(MAX_BLOB_BYTES)),
      task_id: v.optional(uuid),
    }),
    answer: BlobUploadSchema,
    octets: "body",
  },
  getBlob: {
    method: "GET",
    path: "/v3/blobs/:sha256",
    summary: "A blob, or a range of it: the viewer's own, or one of a task of the endpoint.",
    scope: ["read", "endpoint"],
    query: v.object({ task_id: v.optional(uuid) }),
    answer: nothing,
    octets: "answer",
  },

  /** The token comes back as it is: nothing is made that would outlive it. */
  oauthToken: {
    method: "POST",
    path: "/v2/oauth2/token",
    summary: "A client credentials grant; the client secret is a token of this service.",
    scope: null,
    body: OauthTokenRequestSchema,
    answer: OauthTokenSchema,
    form: true,
  },
  userinfo: {
    method: "GET",
    path: "/v2/oauth2/userinfo",
    summary: "The token's owner, as Globus Auth names one.",
    scope: "read",
    answer: UserinfoSchema,
  },

  createToken: {
    method: "POST",
    path: "/v3/tokens",
    summary: "Make a token; it is shown once.",
    scope: "manage",
    body: CreateTokenSchema,
    answer: CreatedTokenSchema,
  },
  listTokens: {
    method: "GET",
    path: "/v3/tokens",
    summary: "The viewer's tokens, without their secrets.",
    scope: "manage",
    answer: v.array(TokenSchema),
  },
  revokeToken: {
    method: "DELETE",
    path: "/v3/tokens/:token_id",
    summary: "End a token at once, and the sessions that were opened with it.",
    scope: "manage",
    answer: removed,
  },
  createCode: {
    method: "POST",
    path: "/v3/codes",
    summary: "Make a one-time code, for a browser or for another command line.",
    scope: "read",
    body: CreateCodeSchema,
    answer: OneTimeCodeSchema,
  },
  useCode: {
    method: "POST",
    path: "/v3/codes/use",
    summary: "A token for a one-time code.",
    scope: null,
    body: UseCodeSchema,
    answer: CreatedTokenSchema,
  },
  signIn: {
    method: "POST",
    path: "/v3/session",
    summary: "Open a session for a browser; half of it comes as a cookie.",
    scope: null,
    body: SignInSchema,
    answer: SessionSchema,
  },
  signOut: {
    method: "DELETE",
    path: "/v3/session",
    summary: "End the session of the request.",
    scope: "read",
    answer: removed,
  },

  ...OLDER_ROUTES,
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
/** What the client gets from a route. */
export type Answer<N extends RouteName> = v.InferOutput<(typeof ROUTES)[N]["answer"]>;
/** What the client sends to a route that takes a body. */
export type Body<N extends RouteName> = (typeof ROUTES)[N] extends
  { body: infer B extends v.GenericSchema } ? v.InferInput<B>
  : never;
/** Query parameters of a route, before they are text. */
export type Query<N extends RouteName> = (typeof ROUTES)[N] extends
  { query: infer Q extends v.GenericSchema }
  ? { readonly [K in keyof v.InferInput<Q>]?: string | number | undefined }
  : never;

export const IDEMPOTENCY_HEADER = "Idempotency-Key";
export const MSGPACK_TYPE = "application/msgpack";

/** Fills a route's path parameters, escaped. */
export function pathOf(route: Route, parameters: Readonly<Record<string, string>> = {}): string {
  return route.path.replace(/:(\w+)/g, (_, key: string) => {
    const value = parameters[key];
    if (value === undefined) throw new Error(`${route.path} needs ${key}`);
    return encodeURIComponent(value);
  });
}
