/** The states of an agent, each with what belongs to it, and the moves between them. */
import type { Failure } from "../lib/outcome.ts";

export type AgentState =
  | { readonly kind: "starting"; readonly problem: Failure | null }
  /** Running, connected, serving. */
  | { readonly kind: "active"; readonly since: number; readonly clockOffset: number }
  | { readonly kind: "disconnected"; readonly problem: Failure | null }
  /** Takes no new task, lets running ones finish. */
  | { readonly kind: "draining"; readonly reason: string; readonly connectedAt: number | null }
  | { readonly kind: "stopped" };

const MOVES: Readonly<Record<AgentState["kind"], readonly AgentState["kind"][]>> = {
  starting: ["starting", "active", "draining", "stopped"],
  active: ["disconnected", "draining", "stopped"],
  disconnected: ["disconnected", "active", "draining", "stopped"],
  draining: ["draining", "stopped"],
  stopped: [],
};

export function canMove(from: AgentState, to: AgentState): boolean {
  return MOVES[from.kind].includes(to.kind);
}
