/**
 * The documents that the REST API takes and gives, as schemas with their types. Field names are in
 * snake_case; those that the official SDK reads are Globus Compute's. `api.ts` has the routes.
 */
import * as v from "valibot";
import { anyObject, description, ids, instant, name, uuid } from "./api_pieces.ts";
import { blobSize, sha256Hex } from "./blob_reference.ts";
import { ClientVersionsSchema } from "./client_versions.ts";
import { MAX_FUNCTION_BYTES } from "./limits.ts";
import {
  EndpointStatusSchema,
  TaskErrorSchema,
  TaskEventSchema,
  TaskOptionsSchema,
} from "./protocol/messages.ts";
import { TASK_STATES } from "./task_state.ts";

export const SCOPES = ["all", "read", "run", "manage", "endpoint"] as const;
/**
 * What a token may do. `all`: everything its owner may. `read`: list and show. `run`: register and
 * run functions. `manage`: endpoints and tokens. `endpoint`: serve one endpoint, nothing else.
 */
export type Scope = typeof SCOPES[number];

// -- errors -----------------------------------------------------------------------------------

/** Body of every answer that is not 2xx; the first five fields are Globus Compute's. */
export const ErrorBodySchema = v.object({
  status: v.literal("Failed"),
  code: v.string(),
  reason: v.string(),
  error_args: v.array(v.unknown()),
  http_status_code: v.number(),
  hint: v.optional(v.string()),
  /** `reason` and `hint` once more: the official SDK shows its users no other field than this. */
  message: v.optional(v.string()),
  retryable: v.optional(v.boolean()),
  /** Of requests for tokens, as OAuth 2.0 names them. */
  error: v.optional(v.string()),
  error_description: v.optional(v.string()),
});
export type ErrorBody = v.InferOutput<typeof ErrorBodySchema>;

// -- version, health, identity ------------------------------------------------------------------

export const VersionSchema = v.object({
  api: v.string(),
  min_sdk_version: v.string(),
  min_ep_version: v.string(),
});
export const HealthSchema = v.object({
  status: v.picklist(["ok", "stopping"]),
  service_id: uuid,
  /** Milliseconds since 1970 at the service. */
  now: v.number(),
  /**
   * Present when the request carried `?nonce=`: HMAC-SHA-256 of the nonce and the service's address under the service's key,
   * in hexadecimal. Whoever holds the key from the service's state file can tell that this port is
   * really that service, before any token is sent to it.
   */
  proof: v.optional(v.string()),
});
export type Health = v.InferOutput<typeof HealthSchema>;

// -- functions ----------------------------------------------------------------------------------

export const RegisterFunctionSchema = v.object({
  function_name: name,
  /**
   * One packed buffer, and another one when it names a container; see `envelope.ts`. With
   * `serialized: false` the text of a Python source that defines `function_name`.
   */
  function_code: v.pipe(v.string(), v.minLength(1), v.maxBytes(MAX_FUNCTION_BYTES)),
  description: v.optional(v.nullable(description)),
  /** Whose versions and serializer made it; shown, never interpreted. */
  meta: v.optional(v.nullable(anyObject)),
  serialized: v.optional(v.nullable(v.boolean())),
  public: v.optional(v.nullable(v.boolean())),
  group: v.optional(v.nullable(uuid)),
  /** Of a service with endpoints of high assurance. */
  ha_endpoint_id: v.optional(v.nullable(uuid)),
  /** Of a service that keeps containers; here the image follows the code. */
  container_uuid: v.optional(v.nullable(uuid)),
  /** The signature for forms, as JSON Schema; ours. */
  parameters: v.optional(v.nullable(anyObject)),
});
export type RegisterFunction = v.InferInput<typeof RegisterFunctionSchema>;

export const FunctionSchema = v.object({
  function_uuid: uuid,
  function_name: v.string(),
  description: v.nullable(v.string()),
  function_code: v.string(),
  metadata: v.nullable(anyObject),
  /** The signature for forms, as JSON Schema. */
  parameters: v.optional(v.nullable(anyObject)),
  owner: v.string(),
  public: v.boolean(),
  /** `typescript`, `python` or `shell`, from the code's header. */
  runtime: v.string(),
  created_at: instant,
});
export type FunctionRecord = v.InferOutput<typeof FunctionSchema>;

/** In lists the code is left out. */
export const FunctionSummarySchema = v.omit(FunctionSchema, ["function_code"]);
export type FunctionSummary = v.InferOutput<typeof FunctionSummarySchema>;

// -- endpoints ----------------------------------------------------------------------------------

export const RegisterEndpointSchema = v.object({
  endpoint_name: name,
  display_name: v.optional(v.nullable(name)),
  description: v.optional(v.nullable(description)),
  metadata: v.optional(v.nullable(anyObject)),
  allowed_functions: v.optional(v.nullable(ids)),
  public: v.optional(v.nullable(v.boolean())),
  multi_user: v.optional(v.nullable(v.boolean())),
  authentication_policy: v.optional(v.nullable(v.string())),
  subscription_uuid: v.optional(v.nullable(v.string())),
  high_assurance: v.optional(v.nullable(v.boolean())),
  admins: v.optional(v.nullable(v.array(v.string()))),
});
export type RegisterEndpoint = v.InferInput<typeof RegisterEndpointSchema>;

export const EndpointRegistrationSchema = v.object({
  endpoint_id: uuid,
  /** Where the agent dials, ws or wss. */
  forwarder_url: v.string(),
  /** Serves this endpoint and nothing else. Given once; a new registration makes a new one. */
  endpoint_token: v.string(),
  warnings: v.array(v.string()),
});
export type EndpointRegistration = v.InferOutput<typeof EndpointRegistrationSchema>;

export const EndpointSchema = v.object({
  uuid,
  name: v.string(),
  display_name: v.nullable(v.string()),
  description: v.nullable(v.string()),
  owner: v.string(),
  public: v.boolean(),
  status: v.picklist(["online", "offline"]),
  /** When it was heard last, by about a second; null when it never was. */
  last_seen: v.nullable(instant),
  hostname: v.nullable(v.string()),
  /** As its profile names it; the domain of its host where it does not, or the host. */
  site: v.optional(v.string()),
  endpoint_version: v.nullable(v.string()),
  runtimes: v.array(v.string()),
  metadata: v.nullable(anyObject),
  allowed_functions: v.nullable(v.array(uuid)),
  /**
   * As of its last heartbeat; null while it is offline. Its owner gets the picture of its machine with
   * it, of which lists have only the blocks that have not ended, without reasons and names of nodes.
   */
  details: v.nullable(EndpointStatusSchema),
  /** Tasks of it on the service that are not finished. */
  queued_tasks: v.number(),
  /** Tasks that ended in each of the last 30 minutes, the running one last; empty without any. */
  tasks_per_minute: v.optional(v.array(v.number())),
  created_at: instant,
});
export type EndpointRecord = v.InferOutput<typeof EndpointSchema>;

export const EndpointStatusAnswerSchema = v.object({
  status: v.picklist(["online", "offline"]),
  details: v.nullable(EndpointStatusSchema),
});

// -- tasks --------------------------------------------------------------------------------------

export const SubmitSchema = v.object({
  /** Function id → payloads, each two packed buffers. Answered with ids in the same order. */
  tasks: v.record(uuid, v.array(v.string())),
  task_group_id: v.optional(v.nullable(uuid)),
  /** Of the official SDK, for its result stream. */
  create_queue: v.optional(v.nullable(v.boolean())),
  resource_specification: v.optional(v.nullable(anyObject)),
  user_endpoint_config: v.optional(v.nullable(anyObject)),
  user_runtime: v.optional(v.nullable(anyObject)),
  result_serializers: v.optional(v.nullable(v.array(v.string()))),
  /** Ours, for every task of this request. */
  max_attempts: v.optional(v.nullable(TaskOptionsSchema.entries.max_attempts)),
  walltime_seconds: v.optional(v.nullable(TaskOptionsSchema.entries.walltime_seconds)),
  priority: v.optional(v.nullable(TaskOptionsSchema.entries.priority)),
});
export type Submit = v.InferInput<typeof SubmitSchema>;

export const SubmitAnswerSchema = v.object({
  request_id: uuid,
  task_group_id: uuid,
  endpoint_id: uuid,
  tasks: v.record(uuid, v.array(uuid)),
});
export type SubmitAnswer = v.InferOutput<typeof SubmitAnswerSchema>;

/** A task as the official SDK polls it. */
export const TaskStatusSchema = v.object({
  task_id: uuid,
  status: v.picklist(TASK_STATES),
  /** One result buffer. */
  result: v.optional(v.string()),
  /** The remote traceback, or what ended the task, as text. */
  exception: v.optional(v.string()),
  reason: v.optional(v.string()),
  /** When it ended, ISO 8601 in UTC. */
  completion_t: v.optional(v.string()),
  details: v.optional(anyObject),
  /** Ours: the error as a value. */
  error: v.optional(TaskErrorSchema),
});
export type TaskStatus = v.InferOutput<typeof TaskStatusSchema>;

/** A task in lists. */
export const TaskSummarySchema = v.object({
  task_id: uuid,
  task_group_id: uuid,
  function_id: uuid,
  function_name: v.string(),
  endpoint_id: uuid,
  endpoint_name: v.string(),
  status: v.picklist(TASK_STATES),
  attempt: v.number(),
  created_at: instant,
  completed_at: v.nullable(instant),
});
export type TaskSummary = v.InferOutput<typeof TaskSummarySchema>;

/** A task with all that is known of it. */
export const TaskDetailSchema = v.object({
  ...TaskSummarySchema.entries,
  max_attempts: v.number(),
  /** Among its owner's tasks; see the submit. */
  priority: v.number(),
  /** Versions at its client, as far as that says; another Python may not read what it pickled. */
  client: v.optional(ClientVersionsSchema),
  /** By the parts' own clocks, in the order in which they happened. */
  timeline: v.array(TaskEventSchema),
  /** While it waits: what keeps its endpoint from working, in the endpoint's words. */
  waiting_for: v.optional(v.object({ code: v.string(), message: v.string() })),
  result: v.optional(v.string()),
  error: v.optional(TaskErrorSchema),
  stdout: v.string(),
  stderr: v.string(),
  details: v.nullable(anyObject),
  /** Its arguments are still there, so it can run again with them. */
  payload_kept: v.optional(v.boolean()),
});
export type TaskDetail = v.InferOutput<typeof TaskDetailSchema>;

/** One finished task, as the result stream of a task group sends it. */
export const FinishedTaskSchema = v.object({
  task_id: uuid,
  status: v.picklist(["success", "failed", "cancelled"]),
  result: v.optional(v.string()),
  error: v.optional(TaskErrorSchema),
  stdout: v.optional(v.string()),
  stderr: v.optional(v.string()),
});
export type FinishedTask = v.InferOutput<typeof FinishedTaskSchema>;

/**
 * Events of `GET /v3/task_groups/{id}/results`, an SSE stream. Each `results` event holds an array
 * and an id; a reader that comes back with it as `Last-Event-ID` misses nothing. A comment line
 * keeps the stream alive.
 */
export const ResultsEventSchema = v.array(FinishedTaskSchema);

/** Events of `GET /v3/tasks/{id}/follow`, an SSE stream that ends after `finished`. */
export const FollowEventSchema = v.variant("event", [
  v.object({ event: v.literal("state"), data: TaskEventSchema }),
  v.object({
    event: v.literal("output"),
    data: v.object({
      stream: v.picklist(["stdout", "stderr"]),
      offset: v.number(),
      text: v.string(),
    }),
  }),
  v.object({ event: v.literal("finished"), data: FinishedTaskSchema }),
]);
export type FollowEvent =
  | { readonly event: "state"; readonly data: v.InferOutput<typeof TaskEventSchema> }
  | {
    readonly event: "output";
    readonly data: {
      readonly stream: "stdout" | "stderr";
      readonly offset: number;
      readonly text: string;
    };
  }
  | { readonly event: "finished"; readonly data: FinishedTask };

// -- blobs ----------------------------------------------------------------------------------------

export const BeginBlobSchema = v.object({
  sha256: sha256Hex,
  size: blobSize,
  /** Of an endpoint: the task whose result it is. */
  task_id: v.optional(uuid),
});
/** How far an upload is. */
export const BlobUploadSchema = v.object({
  sha256: sha256Hex,
  size: blobSize,
  /** Bytes that the service has; the next chunk begins there. */
  offset: blobSize,
  /** All of it is there, its checksum is right, and it is on disk. */
  complete: v.boolean(),
});
export type BlobUpload = v.InferOutput<typeof BlobUploadSchema>;

// -- tokens, stats --------------------------------------------------------------------------------

export const CreateTokenSchema = v.object({
  label: v.optional(v.nullable(name)),
  scopes: v.optional(v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1))),
  /** Seconds until it ends by itself; never when left out. */
  lifetime_seconds: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1)))),
  /** For another user of this service; only an owner of scope `all` may. */
  user: v.optional(v.nullable(name)),
});
export const TokenSchema = v.object({
  token_id: uuid,
  label: v.string(),
  user: v.string(),
  scopes: v.array(v.picklist(SCOPES)),
  created_at: instant,
  last_used_at: v.nullable(instant),
  expires_at: v.nullable(instant),
  /** `session`: of a browser that is signed in. */
  kind: v.optional(v.picklist(["token", "session"])),
});
export type TokenRecord = v.InferOutput<typeof TokenSchema>;
export const CreatedTokenSchema = v.object({ ...TokenSchema.entries, token: v.string() });

export const WhoAmISchema = v.object({
  user: v.string(),
  token_id: uuid,
  scopes: v.array(v.picklist(SCOPES)),
});

export const StatsSchema = v.object({
  total_function_invocations: v.number(),
  functions: v.number(),
  endpoints: v.number(),
  endpoints_online: v.number(),
  /** State → number of tasks. */
  tasks: v.record(v.string(), v.number()),
});
