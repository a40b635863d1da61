/**
 * The messages of the forwarder protocol, as they look once decoded; `PROTOCOL.md` beside this file
 * says who sends what, when. Each has a `type`. An unknown field is ignored, an unknown type is an
 * error. Agent and managers have `manager_messages.ts`.
 */
import * as v from "valibot";
import { ClientVersionsSchema } from "../client_versions.ts";
import {
  MAX_ATTEMPTS,
  MAX_BATCH_ITEMS,
  MAX_LOG_BYTES,
  MAX_LOG_LINES,
  MAX_NAME_LENGTH,
  MAX_PRIORITY,
  MAX_TIMELINE_EVENTS,
  MIN_PRIORITY,
} from "../limits.ts";
import { TASK_STATES } from "../task_state.ts";
import { MachinePictureSchema } from "./machine_picture.ts";

const uuid = v.pipe(v.string(), v.uuid());
const bytes = v.instance(Uint8Array<ArrayBufferLike>);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const attempt = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_ATTEMPTS));
const instant = v.pipe(v.number(), v.finite());
const text = v.pipe(v.string(), v.maxLength(100_000));
const name = v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH));

function batch<const T extends v.GenericSchema>(
  item: T,
): v.SchemaWithPipe<
  readonly [v.ArraySchema<T, undefined>, v.MaxLengthAction<v.InferOutput<T>[], number, undefined>]
> {
  return v.pipe(v.array(item), v.maxLength(MAX_BATCH_ITEMS)) as never;
}

/** A task and the attempt that a message speaks of. */
export const TaskAttemptSchema = v.object({ task_id: uuid, attempt });
export type TaskAttempt = v.InferOutput<typeof TaskAttemptSchema>;

export const TaskEventSchema = v.object({
  state: v.picklist(TASK_STATES),
  at: instant,
  by: v.picklist(["client", "service", "agent", "manager", "worker"]),
  attempt,
  detail: v.optional(text),
});

/** What an endpoint can do and how busy it is; shown by `status` and the portal. */
export const EndpointStatusSchema = v.object({
  managers: count,
  total_workers: count,
  idle_workers: count,
  /** On the agent's disk, not yet given to a manager. */
  pending_tasks: count,
  /** Given to a manager, not finished. */
  outstanding_tasks: count,
  /** Finished since the daemon started. */
  completed_tasks: count,
  /** The Python of its workers, such as `3.11.2`; left out until one of its nodes has told it. */
  python_version: v.optional(name),
  /** What keeps it from working as it should, such as a full disk. */
  problem: v.optional(v.object({ code: name, message: text })),
  /** In heartbeats only, and from those endpoints that tell it. */
  ...MachinePictureSchema.entries,
});
export type EndpointStatus = v.InferOutput<typeof EndpointStatusSchema>;

/** First message of the endpoint. The token travels in the upgrade request's Authorization header. */
export const HelloSchema = v.object({
  type: v.literal("hello"),
  protocol_version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  endpoint_id: uuid,
  /** A new one tells the service that tasks acknowledged to the old one are lost. */
  spool_id: uuid,
  /** This process; a second hello with another one while the first is connected is refused. */
  instance_id: uuid,
  software_version: name,
  hostname: name,
  /** For instance `["typescript", "python", "shell"]`. */
  runtimes: v.array(name),
  /** How many unacknowledged tasks the service may have in flight to this endpoint. */
  task_credits: count,
  status: EndpointStatusSchema,
  /** It answers `held` with `missing`. */
  answers_held: v.optional(v.boolean()),
  /** It answers `log_request` with `log_lines`. */
  answers_logs: v.optional(v.boolean()),
});
export type Hello = v.InferOutput<typeof HelloSchema>;

export const WelcomeSchema = v.object({
  type: v.literal("welcome"),
  protocol_version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  service_id: uuid,
  session_id: uuid,
  software_version: name,
  /** How many unacknowledged results the endpoint may have in flight; a batch always fits. */
  result_credits: v.pipe(count, v.minValue(MAX_BATCH_ITEMS)),
  /** Milliseconds between heartbeats that the service expects. */
  heartbeat_interval: v.pipe(v.number(), v.minValue(100)),
  /** Milliseconds since 1970 at the service, for the clock check of `doctor`. */
  now: instant,
  /** When present, only these functions may run; enforced at the agent too. */
  allowed_functions: v.optional(v.array(uuid)),
});
export type Welcome = v.InferOutput<typeof WelcomeSchema>;

/** Instead of a welcome; the sender closes after it. */
export const RejectSchema = v.object({
  type: v.literal("reject"),
  code: name,
  message: text,
  hint: v.optional(text),
  retryable: v.boolean(),
  /** The newest that the sender speaks, so that a newer peer may step down to it. */
  protocol_version: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});
export type Reject = v.InferOutput<typeof RejectSchema>;

/** What a task asks of its worker; names are those of the Globus Compute SDK where it has one. */
export const TaskOptionsSchema = v.object({
  max_attempts: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ATTEMPTS)),
  ),
  walltime_seconds: v.optional(v.pipe(v.number(), v.minValue(0.001), v.finite())),
  /** Higher first, among the tasks of the same owner only; 0 when left out. */
  priority: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(MIN_PRIORITY), v.maxValue(MAX_PRIORITY)),
  ),
  /** Forwarded as it is: num_nodes, cores, memory … */
  resource_specification: v.optional(v.record(v.string(), v.unknown())),
  /** Import paths of the official SDK, tried in order by the Python worker. */
  result_serializers: v.optional(v.array(name)),
  /** Of clients that pickle, for workers, which compare it with themselves. */
  client: v.optional(ClientVersionsSchema),
  /** For an agent of Globus Compute, which fills its template from them; no other agent gets them. */
  user_endpoint_config: v.optional(v.record(v.string(), v.unknown())),
  user_runtime: v.optional(v.record(v.string(), v.unknown())),
});
export type TaskOptions = v.InferOutput<typeof TaskOptionsSchema>;

export const TaskMessageSchema = v.object({
  task_id: uuid,
  function_id: uuid,
  task_group_id: uuid,
  /** Who submitted it, so that owners share the endpoint fairly; compared, never interpreted. */
  owner_id: v.optional(name),
  /** Attempts that were made before the endpoint got it; its first is one more. */
  attempts_made: attempt,
  /** Packed positional and keyword arguments, UTF-8; never decoded on the way. */
  payload: bytes,
  options: TaskOptionsSchema,
});
export type TaskMessage = v.InferOutput<typeof TaskMessageSchema>;

/** Service → endpoint. A function's code comes in the first batch of a session that needs it. */
export const TasksSchema = v.object({
  type: v.literal("tasks"),
  functions: v.array(v.object({ function_id: uuid, code: bytes })),
  tasks: batch(TaskMessageSchema),
});
export type Tasks = v.InferOutput<typeof TasksSchema>;

/** Endpoint → service: these are on the endpoint's disk. Frees as many task credits. */
export const TaskAckSchema = v.object({ type: v.literal("task_ack"), task_ids: batch(uuid) });
export type TaskAck = v.InferOutput<typeof TaskAckSchema>;

/** Endpoint → service: moves that are not the last one. Best effort; results repeat the timeline. */
export const TaskEventsSchema = v.object({
  type: v.literal("task_events"),
  events: batch(v.object({ task_id: uuid, event: TaskEventSchema })),
});
export type TaskEvents = v.InferOutput<typeof TaskEventsSchema>;

export const TaskErrorSchema = v.object({
  code: name,
  type: text,
  message: text,
  traceback: text,
  hint: v.optional(text),
});

export const ResultMessageSchema = v.object({
  task_id: uuid,
  /** The attempt that ended it, counted from 1; 0 when it never ran. */
  attempt,
  state: v.picklist(["success", "failed", "cancelled"]),
  /** One result buffer, UTF-8; present on success. */
  result: v.optional(bytes),
  /** Present on failed and cancelled. */
  error: v.optional(TaskErrorSchema),
  /** The last bytes of each stream, UTF-8 as the task wrote it. */
  stdout: v.optional(bytes),
  stderr: v.optional(bytes),
  /** Every move at the endpoint, the terminal one last. */
  timeline: v.pipe(v.array(TaskEventSchema), v.maxLength(MAX_TIMELINE_EVENTS)),
  /** Of the worker: runtime and its version, host name, process id … shown, never interpreted. */
  details: v.optional(v.record(v.string(), v.unknown())),
});
export type ResultMessage = v.InferOutput<typeof ResultMessageSchema>;

/** Endpoint → service. */
export const ResultsSchema = v.object({
  type: v.literal("results"),
  results: batch(ResultMessageSchema),
});
export type Results = v.InferOutput<typeof ResultsSchema>;

/** Service → endpoint: these are on the service's disk, or were there already. */
export const ResultAckSchema = v.object({ type: v.literal("result_ack"), task_ids: batch(uuid) });
export type ResultAck = v.InferOutput<typeof ResultAckSchema>;

/** Service → endpoint: end these; each is answered with a result, cancelled or whatever came first. */
export const CancelSchema = v.object({ type: v.literal("cancel"), task_ids: batch(uuid) });
export type Cancel = v.InferOutput<typeof CancelSchema>;

/**
 * Service → endpoint that has said `answers_held`: which of these, which it has acknowledged, does it
 * not have any more? Asked of an agent that was started anew, since a disk may have lost them.
 */
export const HeldSchema = v.object({ type: v.literal("held"), task_ids: batch(uuid) });
export type Held = v.InferOutput<typeof HeldSchema>;

/** Endpoint → service: the answer to each `held`, in order; those that it does not have. */
export const MissingSchema = v.object({ type: v.literal("missing"), task_ids: batch(uuid) });
export type Missing = v.InferOutput<typeof MissingSchema>;

/** Service → endpoint: send or stop sending the live output of these tasks. */
export const FollowSchema = v.object({
  type: v.literal("follow"),
  task_ids: batch(uuid),
  on: v.boolean(),
});
export type Follow = v.InferOutput<typeof FollowSchema>;

/** Endpoint → service: output of followed tasks. Best effort; the result has the last bytes. */
export const OutputSchema = v.object({
  type: v.literal("output"),
  chunks: batch(v.object({
    task_id: uuid,
    stream: v.picklist(["stdout", "stderr"]),
    /** Bytes of the stream before this chunk. */
    offset: count,
    data: bytes,
  })),
});
export type Output = v.InferOutput<typeof OutputSchema>;

/**
 * Service → endpoint that has said `answers_logs`: the last lines of the agent's own log, for its
 * owner.
 */
export const LogRequestSchema = v.object({
  type: v.literal("log_request"),
  /** Comes back with the answer. */
  request_id: uuid,
  lines: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_LOG_LINES)),
});
export type LogRequest = v.InferOutput<typeof LogRequestSchema>;

/** Endpoint → service: the answer to each `log_request`. */
export const LogLinesSchema = v.object({
  type: v.literal("log_lines"),
  request_id: uuid,
  /**
   * The oldest first, JSON as in the file; as many of the last ones as were asked for, are there, and
   * have `MAX_LOG_BYTES` together.
   */
  lines: v.pipe(v.array(v.string()), v.maxLength(MAX_LOG_LINES), v.check(fitsLogAnswer)),
});
export type LogLines = v.InferOutput<typeof LogLinesSchema>;

/** In UTF-16 units, of which none is less than a byte. */
function fitsLogAnswer(lines: string[]): boolean {
  let length = 0;
  for (const line of lines) length += line.length;
  return length <= MAX_LOG_BYTES;
}

/**
 * Both ways, every `heartbeat_interval`; the endpoint's carries its status, and comes before its time
 * when that has changed.
 */
export const HeartbeatSchema = v.object({
  type: v.literal("heartbeat"),
  at: instant,
  status: v.optional(EndpointStatusSchema),
});
export type Heartbeat = v.InferOutput<typeof HeartbeatSchema>;

/** Service → endpoint: the owner's remote stop; `drain` lets running tasks finish. */
export const ShutdownSchema = v.object({ type: v.literal("shutdown"), drain: v.boolean() });
export type Shutdown = v.InferOutput<typeof ShutdownSchema>;

/** Both ways, last before a deliberate close. */
export const GoodbyeSchema = v.object({
  type: v.literal("goodbye"),
  reason: text,
  /** The other side broke the protocol. */
  violation: v.optional(v.boolean()),
});
export type Goodbye = v.InferOutput<typeof GoodbyeSchema>;

export const EndpointMessageSchema = v.variant("type", [
  HelloSchema,
  TaskAckSchema,
  TaskEventsSchema,
  ResultsSchema,
  MissingSchema,
  LogLinesSchema,
  OutputSchema,
  HeartbeatSchema,
  GoodbyeSchema,
]);
/** What an endpoint sends. */
export type EndpointMessage = v.InferOutput<typeof EndpointMessageSchema>;

export const ServiceMessageSchema = v.variant("type", [
  WelcomeSchema,
  RejectSchema,
  TasksSchema,
  ResultAckSchema,
  CancelSchema,
  HeldSchema,
  LogRequestSchema,
  FollowSchema,
  HeartbeatSchema,
  ShutdownSchema,
  GoodbyeSchema,
]);
/** What a service sends. */
export type ServiceMessage = v.InferOutput<typeof ServiceMessageSchema>;
