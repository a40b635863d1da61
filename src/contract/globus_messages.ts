/**
 * Messages of Globus Compute over AMQP: one byte, the version, then JSON with the type of the message
 * and its data (`globus_compute_common/messagepack`, which despite its name is no MessagePack).
 * Unknown keys are ignored, as its own reader does.
 */
import * as v from "valibot";
import { uuid } from "./api_pieces.ts";

/** Version 1, the only one there is. */
const VERSION = 0x01;

export const GlobusResultSchema = v.object({
  task_id: uuid,
  /** The serialized result; of a task that failed, the text of its traceback. */
  data: v.string(),
  /** What the worker tells of itself, such as `python_version` and `dill_version`. */
  details: v.optional(v.nullable(v.record(v.string(), v.unknown()))),
  /** Set when the task failed. `user_message` is for its owner. */
  error_details: v.optional(v.nullable(v.object({ code: v.string(), user_message: v.string() }))),
  task_statuses: v.optional(v.nullable(v.array(v.object({
    /** Nanoseconds since 1970. */
    timestamp: v.number(),
    state: v.string(),
    actor: v.string(),
  })))),
});
export type GlobusResult = v.InferOutput<typeof GlobusResultSchema>;

/** Of a task: the function's packed buffer, then those of its arguments. */
export const GlobusTaskSchema = v.object({ task_id: uuid, task_buffer: v.string() });

const count = v.fallback(v.pipe(v.number(), v.integer(), v.minValue(0)), 0);
const period = v.fallback(v.pipe(v.number(), v.minValue(0), v.maxValue(86_400)), 30);

/** What an agent tells of itself; all but the first two are a user endpoint's. */
const GlobusStateSchema = v.object({
  /** Seconds between two reports; 0 is a farewell. */
  heartbeat_period: v.optional(period, 30),
  /** Why it did not start. */
  error: v.optional(v.nullable(v.string())),
  /** False when it draws back from the broker, for good or to come again. */
  active: v.optional(v.nullable(v.boolean())),
  managers: v.optional(count, 0),
  total_workers: v.optional(count, 0),
  idle_workers: v.optional(count, 0),
  pending_tasks: v.optional(count, 0),
  outstanding_tasks: v.optional(count, 0),
  /** The two tell its process from the one before. */
  posix_pid: v.optional(v.nullable(v.number())),
  start_unix: v.optional(v.nullable(v.number())),
});
export type GlobusState = v.InferOutput<typeof GlobusStateSchema>;

export const GlobusStatusReportSchema = v.object({
  endpoint_id: uuid,
  global_state: GlobusStateSchema,
});

/** By `message_type`. */
export const GLOBUS_MESSAGES = {
  result: GlobusResultSchema,
  task: GlobusTaskSchema,
  ep_status_report: GlobusStatusReportSchema,
} as const;

export type GlobusMessageType = keyof typeof GLOBUS_MESSAGES;
export type GlobusMessage = {
  readonly [T in GlobusMessageType]: {
    readonly type: T;
    readonly data: v.InferOutput<(typeof GLOBUS_MESSAGES)[T]>;
  };
}[GlobusMessageType];

/** What was received is no message that is known here. */
export class GlobusMessageError extends Error {
  override readonly name = "GlobusMessageError";
}

export function encodeGlobusMessage({ type, data }: GlobusMessage): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify({ message_type: type, data }));
  const bytes = new Uint8Array(1 + json.length);
  bytes[0] = VERSION;
  bytes.set(json, 1);
  return bytes;
}

const EnvelopeSchema = v.object({ message_type: v.string(), data: v.unknown() });

/** Throws `GlobusMessageError`. */
export function decodeGlobusMessage(bytes: Uint8Array): GlobusMessage {
  if (bytes[0] !== VERSION) {
    throw new GlobusMessageError(`expected a message of version 1, found ${bytes[0] ?? "nothing"}`);
  }
  const envelope = v.safeParse(EnvelopeSchema, parse(bytes.subarray(1)));
  if (!envelope.success) throw new GlobusMessageError("the message has no type");
  const { message_type: type, data } = envelope.output;
  if (!isKnown(type)) throw new GlobusMessageError(`messages of type ${type} are not known`);
  const parsed = v.safeParse(GLOBUS_MESSAGES[type], data);
  // The compiler does not see that both are of the same type.
  if (parsed.success) return { type, data: parsed.output } as GlobusMessage;
  const [issue] = parsed.issues;
  throw new GlobusMessageError(`${type}: ${v.getDotPath(issue) ?? "data"}: ${issue.message}`);
}

function isKnown(type: string): type is GlobusMessageType {
  return Object.hasOwn(GLOBUS_MESSAGES, type);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
