/**
 * The messages of the manager link, as they look once decoded; the last part of `PROTOCOL.md` says
 * who sends what, when. A set of its own beside `messages.ts`, since it speaks of attempts where the
 * forwarder's speaks of tasks: a manager is told the number of the attempt, decides no retries, may
 * give work back, and has no disk whose word would count. What both have in common is one schema.
 */
import * as v from "valibot";
import {
  MAX_ATTEMPTS,
  MAX_BATCH_ITEMS,
  MAX_BLOB_BYTES,
  MAX_DESCRIPTION_LENGTH,
  MAX_HELD_ATTEMPTS,
  MAX_IMAGE_LENGTH,
  MAX_MOVES,
  MAX_NAME_LENGTH,
  MAX_NODES_PER_BLOCK,
  MAX_TIMELINE_EVENTS,
  MAX_WARM_IMAGES,
  MAX_WORKERS_PER_NODE,
  TRANSFER_BYTES,
} from "../limits.ts";
import {
  CancelSchema,
  FollowSchema,
  GoodbyeSchema,
  OutputSchema,
  RejectSchema,
  ShutdownSchema,
  TaskAttemptSchema,
  TaskErrorSchema,
  TaskEventSchema,
  TaskOptionsSchema,
} from "./messages.ts";

const uuid = v.pipe(v.string(), v.uuid());
const bytes = v.instance(Uint8Array<ArrayBufferLike>);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const instant = v.pipe(v.number(), v.finite());
const name = v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH));
const version = v.pipe(v.number(), v.integer(), v.minValue(1));
const size = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_BLOB_BYTES));
/** Names of nodes as the launchers of their job know them. */
const nodeNames = v.pipe(v.array(name), v.minLength(1), v.maxLength(MAX_NODES_PER_BLOCK));
const words = v.pipe(v.string(), v.maxLength(MAX_DESCRIPTION_LENGTH));
const attempts = v.pipe(v.array(TaskAttemptSchema), v.maxLength(MAX_BATCH_ITEMS));
const heldAttempts = v.pipe(v.array(TaskAttemptSchema), v.maxLength(MAX_HELD_ATTEMPTS));

/** What a manager's node has. */
export const NodeFactsSchema = v.object({
  cores: count,
  /** Bytes. */
  memory: count,
  /** For instance `["NVIDIA A100-SXM4-40GB"]`; one entry for each. */
  accelerators: v.pipe(v.array(name), v.maxLength(MAX_WORKERS_PER_NODE)),
});
export type NodeFacts = v.InferOutput<typeof NodeFactsSchema>;

/** First message of a manager. The block's token travels in the upgrade request. */
export const ManagerHelloSchema = v.object({
  type: v.literal("hello"),
  protocol_version: version,
  /** This process; it stays the same when it dials again. */
  manager_id: uuid,
  hostname: name,
  pid: count,
  software_version: name,
  node: NodeFactsSchema,
  workers: count,
  /** For instance `["typescript", "python", "shell"]`. */
  runtimes: v.array(name),
  /** Such as `3.11.2`; left out where there is none. */
  python_version: v.optional(name),
  /** How many attempts it wants to have in all. */
  limit: count,
  /** Attempts that it was given and that have not ended. */
  running: heldAttempts,
  /** Attempts that have ended, and that the agent has not confirmed. */
  finished: heldAttempts,
  /** Nodes that it stands for, its own first; left out for its own alone, named as `hostname`. */
  nodes: v.optional(nodeNames),
  /** Of `running`, those that have whole nodes, and which. */
  on_nodes: v.optional(
    v.pipe(
      v.array(v.object({ ...TaskAttemptSchema.entries, nodes: nodeNames })),
      v.maxLength(MAX_HELD_ATTEMPTS),
    ),
  ),
  /** Milliseconds from now to the end of its block's walltime; clocks of nodes differ. */
  ends_in: v.optional(v.pipe(v.number(), v.minValue(0), v.finite())),
  /** Milliseconds since it could be given tasks first; left out before. */
  open_for: v.optional(v.pipe(v.number(), v.minValue(0), v.finite())),
});
export type ManagerHello = v.InferOutput<typeof ManagerHelloSchema>;

export const ManagerWelcomeSchema = v.object({
  type: v.literal("welcome"),
  protocol_version: version,
  session_id: uuid,
  software_version: name,
  /** Milliseconds between heartbeats; silence for two of them ends the link. */
  heartbeat_interval: v.pipe(v.number(), v.minValue(50)),
  /** Milliseconds that a manager goes on without an agent. */
  reattach_timeout: v.pipe(v.number(), v.minValue(0)),
  /** Of what it holds: these are nobody's any more, to be ended and forgotten. */
  unwanted: v.pipe(v.array(TaskAttemptSchema), v.maxLength(2 * MAX_HELD_ATTEMPTS)),
  /** Of what it holds, ends that the agent has: they are not told again, and `kept` as always. */
  known: v.optional(v.pipe(v.array(TaskAttemptSchema), v.maxLength(MAX_HELD_ATTEMPTS))),
});
export type ManagerWelcome = v.InferOutput<typeof ManagerWelcomeSchema>;

export const AttemptMessageSchema = v.object({
  task_id: uuid,
  /** Counted from 1. */
  attempt: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ATTEMPTS)),
  function_id: uuid,
  /** Packed arguments, UTF-8; never decoded on the way. */
  payload: bytes,
  options: TaskOptionsSchema,
  /** Of the attempts before, how many do not count, since what ran them ended as planned. */
  moved: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_MOVES))),
  /** Bytes of the files that its arguments refer to, by what a worker asks for them with. */
  files: v.optional(v.record(v.pipe(v.string(), v.maxLength(MAX_DESCRIPTION_LENGTH)), size)),
  /** Whole nodes that it has, of those that this manager or others of its block stand for. */
  nodes: v.optional(nodeNames),
});
export type AttemptMessage = v.InferOutput<typeof AttemptMessageSchema>;

/** Agent → manager: run these. A function's code comes with the first batch that needs it. */
export const RunSchema = v.object({
  type: v.literal("run"),
  functions: v.array(v.object({ function_id: uuid, code: bytes })),
  attempts: v.pipe(v.array(AttemptMessageSchema), v.maxLength(MAX_BATCH_ITEMS)),
});
export type Run = v.InferOutput<typeof RunSchema>;

/** What ran an attempt ended as its scheduler or its agent had planned it: that costs no attempt. */
export const PlannedEndSchema = v.object({
  /** In the words of a task's story. */
  reason: words,
  /** The attempt ran for all the time that its block had, and would not end in another such block. */
  outlasts: v.optional(v.boolean()),
});
export type PlannedEnd = v.InferOutput<typeof PlannedEndSchema>;

/** How an attempt ended; see `AttemptOutcome` in the executor for what each means. */
export const OutcomeSchema = v.variant("kind", [
  v.object({
    kind: v.literal("success"),
    /** One result buffer, UTF-8; empty when it is in a file. */
    result: bytes,
    /** Bytes of the file that has the result, to be fetched under the name `result`. */
    file_size: v.optional(size),
  }),
  v.object({ kind: v.literal("failed"), error: TaskErrorSchema }),
  v.object({ kind: v.literal("cancelled") }),
  v.object({
    kind: v.literal("lost"),
    error: TaskErrorSchema,
    planned: v.optional(PlannedEndSchema),
  }),
  v.object({ kind: v.literal("returned") }),
]);

export const EndedAttemptSchema = v.object({
  task_id: uuid,
  attempt: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ATTEMPTS)),
  outcome: OutcomeSchema,
  stdout: v.optional(bytes),
  stderr: v.optional(bytes),
  /** Moves since the manager got it, without the terminal one. */
  timeline: v.pipe(v.array(TaskEventSchema), v.maxLength(MAX_TIMELINE_EVENTS)),
  details: v.record(v.string(), v.unknown()),
});
export type EndedAttempt = v.InferOutput<typeof EndedAttemptSchema>;

/** Manager → agent. Kept by the manager until `kept` names them. */
export const EndedSchema = v.object({
  type: v.literal("ended"),
  /** How many attempts it wants to have in all, from now on. */
  limit: count,
  attempts: v.pipe(v.array(EndedAttemptSchema), v.maxLength(MAX_BATCH_ITEMS)),
});
export type Ended = v.InferOutput<typeof EndedSchema>;

/** Agent → manager: the ends of these are on the agent's disk, or nobody asks for them. */
export const KeptSchema = v.object({ type: v.literal("kept"), attempts });
export type Kept = v.InferOutput<typeof KeptSchema>;

/** Manager → agent: workers have begun these; left out for what ends in the same moment. */
export const StartedSchema = v.object({
  type: v.literal("started"),
  events: v.pipe(
    v.array(v.object({ task_id: uuid, event: TaskEventSchema })),
    v.maxLength(MAX_BATCH_ITEMS),
  ),
});
export type Started = v.InferOutput<typeof StartedSchema>;

const image = v.pipe(v.string(), v.maxLength(MAX_IMAGE_LENGTH));

/** Manager → agent: it wants to have so many attempts in all; 0 when it drains. */
export const RoomSchema = v.object({
  type: v.literal("room"),
  limit: count,
  /** Of the containers that it has workers in; left out when they are the same, none at first. */
  images: v.optional(v.pipe(v.array(image), v.maxLength(MAX_WARM_IMAGES))),
  /** It ends, as planned, for this: so does whatever it has and tells no end of. */
  ending: v.optional(words),
});
export type Room = v.InferOutput<typeof RoomSchema>;

/** Agent → manager: give back so many attempts that have certainly not begun, as far as there are. */
export const RecallSchema = v.object({ type: v.literal("recall"), count });
export type Recall = v.InferOutput<typeof RecallSchema>;

/** Both ways: a piece of an attempt's file, an argument of the agent's or a result of the manager's. */
export const FetchSchema = v.object({
  type: v.literal("fetch"),
  /** Comes back with the answer. */
  request: count,
  task_id: uuid,
  attempt: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_ATTEMPTS)),
  /** An argument's name, or `result`. */
  file: v.pipe(v.string(), v.maxLength(MAX_DESCRIPTION_LENGTH)),
  offset: count,
  length: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(TRANSFER_BYTES)),
});
export type Fetch = v.InferOutput<typeof FetchSchema>;

/** Both ways: the answer. */
export const PieceSchema = v.object({
  type: v.literal("piece"),
  request: count,
  data: v.optional(bytes),
  /** Why there is none; the file cannot be had. */
  problem: v.optional(v.pipe(v.string(), v.maxLength(MAX_DESCRIPTION_LENGTH))),
});
export type Piece = v.InferOutput<typeof PieceSchema>;

/** Both ways, every `heartbeat_interval`. */
export const ManagerHeartbeatSchema = v.object({ type: v.literal("heartbeat"), at: instant });

export const ManagerMessageSchema = v.variant("type", [
  ManagerHelloSchema,
  StartedSchema,
  EndedSchema,
  RoomSchema,
  OutputSchema,
  FetchSchema,
  PieceSchema,
  ManagerHeartbeatSchema,
  GoodbyeSchema,
]);
/** What a manager sends. */
export type ManagerMessage = v.InferOutput<typeof ManagerMessageSchema>;

export const AgentMessageSchema = v.variant("type", [
  ManagerWelcomeSchema,
  RejectSchema,
  RunSchema,
  KeptSchema,
  CancelSchema,
  RecallSchema,
  FollowSchema,
  FetchSchema,
  PieceSchema,
  ManagerHeartbeatSchema,
  ShutdownSchema,
  GoodbyeSchema,
]);
/** What an agent sends to a manager. */
export type AgentMessage = v.InferOutput<typeof AgentMessageSchema>;
