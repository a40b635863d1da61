/**
 * Messages between the service and agents of Globus Compute, over AMQP: the byte 1, then JSON with
 * `message_type` and `data` (globus-compute-common 1.0, `messagepack`). Fields that are not used here
 * are left out.
 */
import * as v from "valibot";
import { anyObject } from "./api_pieces.ts";
import type { UserEndpointCredentials } from "./api_globus.ts";

const FORMAT = 1;
/** Of one message; a result has at most 10 MiB, which JSON may escape. */
export const MAX_AGENT_MESSAGE_BYTES = 24 * 1024 * 1024;

const count = v.fallback(v.pipe(v.number(), v.integer(), v.minValue(0)), 0);

const TransitionSchema = v.object({
  /** Nanoseconds since 1970. */
  timestamp: v.number(),
  state: v.string(),
  actor: v.string(),
});
export type Transition = v.InferOutput<typeof TransitionSchema>;

export const AgentResultSchema = v.object({
  task_id: v.pipe(v.string(), v.uuid()),
  /** One result buffer, or the traceback. */
  data: v.string(),
  details: v.optional(v.nullable(anyObject)),
  error_details: v.optional(v.nullable(v.object({ code: v.string(), user_message: v.string() }))),
  task_statuses: v.optional(v.nullable(v.pipe(v.array(TransitionSchema), v.maxLength(100)))),
});
export type AgentResult = v.InferOutput<typeof AgentResultSchema>;

const GlobalStateSchema = v.object({
  /** Seconds between two reports; 0 is a farewell. */
  heartbeat_period: v.optional(
    v.fallback(v.pipe(v.number(), v.minValue(0), v.maxValue(86_400)), 30),
  ),
  /** False when it draws back from the broker, for good or to come again. */
  active: v.optional(v.nullable(v.boolean())),
  /** Why it did not start. */
  error: v.optional(v.nullable(v.string())),
  managers: count,
  total_workers: count,
  idle_workers: count,
  pending_tasks: count,
  outstanding_tasks: count,
  posix_pid: v.optional(v.nullable(v.number())),
  start_unix: v.optional(v.nullable(v.number())),
});
export type GlobalState = v.InferOutput<typeof GlobalStateSchema>;

export const AgentStatusSchema = v.object({
  endpoint_id: v.pipe(v.string(), v.uuid()),
  /** One of the two, by the version. */
  global_state: v.optional(GlobalStateSchema),
  ep_status_report: v.optional(GlobalStateSchema),
});

export type AgentMessage =
  | { readonly kind: "result"; readonly result: AgentResult }
  | { readonly kind: "status"; readonly state: GlobalState }
  | { readonly kind: "unreadable"; readonly reason: string };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Never throws: what comes from an agent is not trusted. */
export function readAgentMessage(body: Uint8Array): AgentMessage {
  if (body.length > MAX_AGENT_MESSAGE_BYTES) return unreadable(`it has ${body.length} bytes`);
  if (body[0] !== FORMAT) return unreadable(`it begins with ${body[0]}`);
  let message: { message_type?: unknown; data?: unknown };
  try {
    message = JSON.parse(utf8.decode(body.subarray(1))) ?? {};
  } catch {
    return unreadable("it is no JSON");
  }
  if (message.message_type === "result") {
    const parsed = v.safeParse(AgentResultSchema, message.data);
    return parsed.success
      ? { kind: "result", result: parsed.output }
      : unreadable(`a result: ${parsed.issues[0].message}`);
  }
  const parsed = v.safeParse(AgentStatusSchema, message.data);
  const state = parsed.success
    ? parsed.output.global_state ?? parsed.output.ep_status_report
    : undefined;
  if (message.message_type === "ep_status_report" && state !== undefined) {
    return { kind: "status", state };
  }
  return unreadable(`it is of type ${JSON.stringify(message.message_type)?.slice(0, 80)}`);
}

function unreadable(reason: string): AgentMessage {
  return { kind: "unreadable", reason };
}

const encoder = new TextEncoder();

/** @param buffer the function's packed buffer and the two of its arguments */
export function taskMessage(taskId: string, buffer: string): Uint8Array<ArrayBuffer> {
  const json = JSON.stringify({
    message_type: "task",
    data: { task_id: taskId, container_id: null, container: null, task_buffer: buffer },
  });
  const text = encoder.encode(json);
  const bytes = new Uint8Array(1 + text.length);
  bytes[0] = FORMAT;
  bytes.set(text, 1);
  return bytes;
}

export interface StartCommand {
  readonly name: string;
  /** Of the user whose tasks it is for. */
  readonly username: string;
  readonly identity: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runtime: Readonly<Record<string, unknown>>;
  readonly credentials: UserEndpointCredentials;
}

/** `cmd_start_endpoint`: JSON without the leading byte. */
export function startCommand(command: StartCommand): Uint8Array<ArrayBuffer> {
  const { name, username, identity, config, runtime, credentials } = command;
  return encoder.encode(JSON.stringify({
    command: "cmd_start_endpoint",
    globus_username: username,
    globus_effective_identity: identity,
    globus_identity_set: [{ sub: identity, username, name: username }],
    args: [],
    kwargs: { name, user_opts: config, user_runtime: runtime, amqp_creds: credentials },
  }));
}
