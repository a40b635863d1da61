/** What heartbeats of agents and user endpoints come to. Pure. */
import type { GlobusState } from "../../contract/globus_messages.ts";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";

/**
 * Heartbeats that may be missing, and what one may come late. For three after a death the folder of
 * agent or user endpoint keeps the next process out, whose refusal would be taken for the end of its
 * tasks.
 */
const MISSED_HEARTBEATS = 4;
const HEARTBEAT_DELAY = 15_000;

/**
 * Milliseconds after which one that is silent is gone.
 *
 * @param period seconds between its heartbeats
 */
export function silenceTimeout(period: number): number {
  return period * 1_000 * MISSED_HEARTBEATS + HEARTBEAT_DELAY;
}

/** Of all user endpoints of an agent together. */
export function statusOfAll(
  statuses: readonly GlobusState[],
  completed: number,
): EndpointStatus {
  const sum = (
    key: "managers" | "total_workers" | "idle_workers" | "pending_tasks" | "outstanding_tasks",
  ): number => statuses.reduce((total, status) => total + status[key], 0);
  return {
    managers: sum("managers"),
    total_workers: sum("total_workers"),
    idle_workers: sum("idle_workers"),
    pending_tasks: sum("pending_tasks"),
    outstanding_tasks: sum("outstanding_tasks"),
    completed_tasks: completed,
  };
}
