/**
 * The file by which a manager finds its agent: written by the agent into a block's folder, 0600, and
 * read again before each dial, since a restarted agent may listen elsewhere.
 */
import * as v from "valibot";
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, MAX_WORKERS_PER_NODE } from "./limits.ts";

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME_LENGTH));
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));

export const ManagerConnectionSchema = v.object({
  version: v.literal(1),
  block_id: name,
  /** Where the agent listens: IP addresses or names, tried in this order. */
  addresses: v.pipe(v.array(name), v.minLength(1), v.maxLength(16)),
  port,
  /** Instead of all that, the way by the service: its ws or wss URL, and a token for it alone. */
  relay: v.optional(v.object({
    url: v.pipe(v.string(), v.url(), v.regex(/^wss?:/), v.maxLength(MAX_DESCRIPTION_LENGTH)),
    token: name,
    /** The authority that signed the service's certificate, PEM. */
    ca: v.optional(v.string()),
  })),
  /** The agent's, PEM; no other is taken, whoever signed it. */
  certificate: v.pipe(v.string(), v.maxLength(10 * MAX_DESCRIPTION_LENGTH)),
  /** Of the block. */
  token: name,
  /** What the profile's `executor` was resolved to. */
  executor: v.record(v.string(), v.unknown()),
  /** "auto" is as many as the node has resources for. */
  workers: v.union([
    v.literal("auto"),
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_WORKERS_PER_NODE)),
  ]),
  /** Milliseconds that a manager goes on without its agent. */
  reattach_timeout: v.pipe(v.number(), v.minValue(0)),
});
export type ManagerConnection = v.InferOutput<typeof ManagerConnectionSchema>;

/** In a block's folder. */
export const CONNECTION_FILE = "connection.json";

/** The name in the agent's certificate, which stands for whatever address it is dialled at. */
export const AGENT_SERVER_NAME = "agent.funcx.internal";

/** Where managers dial. */
export function managerPath(blockId: string): string {
  return `/managers/${encodeURIComponent(blockId)}`;
}
