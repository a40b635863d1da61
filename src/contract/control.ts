/**
 * What the command line asks the daemons: HTTP on a unix socket, JSON bodies. The socket lies in a
 * folder that only its user can enter, so a request needs no token. `GET /events` is an SSE stream
 * of the status at every change; it ends when the process ends.
 */
import * as v from "valibot";
import { BLOCK_STATES, MANAGER_STATES } from "./protocol/machine_picture.ts";
import { EndpointStatusSchema } from "./protocol/messages.ts";

export const AGENT_STATES = [
  "starting",
  /** Running, connected, serving. */
  "active",
  /** Running, not connected to its service at the moment. */
  "disconnected",
  /** Takes no new task, lets running ones finish. */
  "draining",
  "stopped",
] as const;

/** A manager of a block, as the agent sees it. */
const ManagerStatusSchema = v.object({
  manager_id: v.string(),
  hostname: v.string(),
  /** `away`: its link is down, and it may come back. */
  state: v.picklist(MANAGER_STATES),
  workers: v.number(),
  idle_workers: v.number(),
  outstanding_tasks: v.number(),
  /** That it may use on its node. */
  cores: v.optional(v.number()),
  /** Bytes that it may use there. */
  memory: v.optional(v.number()),
  /** Models, one entry for each. */
  accelerators: v.optional(v.array(v.string())),
});

/** A job of the scheduler with managers in it. */
export const BlockStatusSchema = v.object({
  block_id: v.string(),
  job_id: v.nullable(v.string()),
  state: v.picklist(BLOCK_STATES),
  /** Why it waits, ends or has ended, in the scheduler's words where it has some. */
  reason: v.string(),
  /** Milliseconds since 1970, as the next ones. */
  submitted_at: v.number(),
  running_since: v.nullable(v.number()),
  /** When its walltime ends. */
  ends_at: v.nullable(v.number()),
  ended_at: v.nullable(v.number()),
  /** Names of its nodes, as far as the scheduler tells. */
  nodes: v.array(v.string()),
  /** With its script, output and logs; absolute. */
  folder: v.string(),
  managers: v.array(ManagerStatusSchema),
});
export type BlockStatus = v.InferOutput<typeof BlockStatusSchema>;

/** Where an endpoint's workers are that are not on its own machine. */
export const ClusterStatusSchema = v.object({
  /** Such as `slurm`. */
  provider: v.string(),
  /** Those that live, and the last ones that have ended; the newest first. */
  blocks: v.array(BlockStatusSchema),
  /** What the scheduler said last, null before that; milliseconds since 1970. */
  last_answer: v.nullable(v.object({ at: v.number(), text: v.string() })),
  /** How often a command of the scheduler was run since the agent's start. */
  scheduler_commands: v.number(),
});
export type ClusterStatus = v.InferOutput<typeof ClusterStatusSchema>;

export const AgentStatusSchema = v.object({
  name: v.string(),
  state: v.picklist(AGENT_STATES),
  endpoint_id: v.nullable(v.string()),
  service_url: v.nullable(v.string()),
  /** Why it is not active, and how to mend it. */
  problem: v.nullable(
    v.object({ code: v.string(), message: v.string(), hint: v.optional(v.string()) }),
  ),
  hostname: v.string(),
  pid: v.number(),
  software_version: v.string(),
  /** Milliseconds since 1970. */
  started_at: v.number(),
  connected_at: v.nullable(v.number()),
  /** Agent's clock less the service's, milliseconds, as of the last welcome. */
  clock_offset: v.nullable(v.number()),
  runtimes: v.array(v.string()),
  load: EndpointStatusSchema,
  /** Results on disk that the service has not acknowledged. */
  unacknowledged_results: v.number(),
  /** What this agent found on its disk when it started; null while it has not looked. */
  recovered: v.optional(v.nullable(v.object({
    /** Tasks that had not begun. */
    waiting_tasks: v.number(),
    /** Tasks that had begun when the agent before it ended, or waited for another attempt. */
    interrupted_tasks: v.number(),
    /** Results that the service had not acknowledged. */
    results: v.number(),
  }))),
  /** Null where workers are on this machine. */
  cluster: v.optional(v.nullable(ClusterStatusSchema)),
  /** Resident memory of the agent, bytes. */
  memory: v.number(),
});
export type RecoveredWork = NonNullable<AgentStatus["recovered"]>;
export type AgentStatus = v.InferOutput<typeof AgentStatusSchema>;

export const StopRequestSchema = v.object({
  /** Milliseconds that running tasks may take to finish; 0 ends them at once and reports them. */
  timeout: v.pipe(v.number(), v.minValue(0)),
});
export type StopRequest = v.InferOutput<typeof StopRequestSchema>;

/** The AMQP broker that results of the official SDK go through. */
export const BrokerStatusSchema = v.object({
  kind: v.picklist(["built-in", "rabbitmq"]),
  /** Without a login. */
  address: v.string(),
  /** `blocked`: it takes nothing for a while. Results wait in the store unless it is `connected`. */
  state: v.picklist(["connecting", "connected", "blocked", "away"]),
  /** Since when, milliseconds since 1970. */
  since: v.optional(v.number()),
  /** What keeps it from its work: it cannot be reached, lets the service in no more, or is full. */
  code: v.optional(v.picklist(["BROKER_UNREACHABLE", "BROKER_REFUSED", "BROKER_BLOCKED"])),
  reason: v.optional(v.string()),
  hint: v.optional(v.string()),
});
export type BrokerStatus = v.InferOutput<typeof BrokerStatusSchema>;

export const ServiceStatusSchema = v.object({
  service_id: v.string(),
  url: v.string(),
  hostname: v.string(),
  pid: v.number(),
  software_version: v.string(),
  started_at: v.number(),
  endpoints_online: v.number(),
  unfinished_tasks: v.number(),
  /** Resident memory of the service, bytes. */
  memory: v.number(),
  amqp: v.optional(BrokerStatusSchema),
});
export type ServiceStatus = v.InferOutput<typeof ServiceStatusSchema>;

export { CONTROL_PATHS } from "./control_paths.ts";
