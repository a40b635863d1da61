/**
 * What the command line asks the daemons: HTTP on a unix socket, JSON bodies. The socket lies in a
 * folder that only its user can enter, so a request needs no token. `GET /events` is an SSE stream
 * of the status at every change; it ends when the process ends.
 */
import * as v from "valibot";
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
});
export type ServiceStatus = v.InferOutput<typeof ServiceStatusSchema>;

export { CONTROL_PATHS } from "./control_paths.ts";
