/**
 * What an endpoint's status tells besides numbers, for a picture of the machine: its blocks, the nodes
 * with managers, and which task each of their workers runs. All of it is optional, bounded, and as of
 * the moment when it was sent; nothing is decided by it.
 */
import * as v from "valibot";
import { MAX_NAME_LENGTH } from "../limits.ts";

/** Blocks in a picture: those that live first, then the last ones that have ended. */
export const MAX_PICTURE_BLOCKS = 64;
/** Names of a block's nodes; the rest is left out. */
export const MAX_BLOCK_NODES = 64;
/** Nodes in a picture; `managers` of the status counts all of them. */
export const MAX_PICTURE_NODES = 256;
export const MAX_NODE_SLOTS = 256;
export const MAX_NODE_ACCELERATORS = 64;
/** UTF-16 units of a block's reason. */
export const MAX_PICTURE_REASON = 500;
/** What a sender lets a picture take in a frame; above that it leaves out slots, then nodes. */
export const MAX_PICTURE_BYTES = 64 * 1024;

export const BLOCK_STATES = ["submitting", "queued", "running", "ending", "ended"] as const;
export const MANAGER_STATES = ["attached", "away", "gone"] as const;

const uuid = v.pipe(v.string(), v.uuid());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const name = v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH));
/** Milliseconds since 1970 by the endpoint's clock. */
const instant = v.nullable(v.pipe(v.number(), v.finite()));

/** A job of the scheduler with managers in it. */
export const PictureBlockSchema = v.object({
  block_id: name,
  /** Null before the scheduler has given it one. */
  job_id: v.nullable(name),
  state: v.picklist(BLOCK_STATES),
  /** How many nodes it has, or their names as the scheduler tells them, the first ones of many. */
  nodes: v.union([count, v.pipe(v.array(name), v.maxLength(MAX_BLOCK_NODES))]),
  /** Why it waits, ends or has ended, in the scheduler's words where it has some. */
  reason: v.pipe(v.string(), v.maxLength(MAX_PICTURE_REASON)),
  submitted_at: v.pipe(v.number(), v.finite()),
  running_since: instant,
  /** When its walltime ends; null while it does not run. */
  ends_at: instant,
});
export type PictureBlock = v.InferOutput<typeof PictureBlockSchema>;

/** A place for one task at a time. */
export const PictureSlotSchema = v.object({
  /** Null when it is idle. A task that takes several slots is in each of them. */
  task_id: v.nullable(uuid),
  /** Left out when it is idle, and for a task that an earlier agent gave. */
  function_id: v.optional(uuid),
  /** When it began there; null when it is idle, or is not known to have begun. */
  since: instant,
});
export type PictureSlot = v.InferOutput<typeof PictureSlotSchema>;

export const IDLE_SLOT: PictureSlot = { task_id: null, since: null };

/** A manager with the node that it runs on. */
export const PictureNodeSchema = v.object({
  /** The same over its sessions with the agent. */
  manager_id: name,
  hostname: name,
  /** Null for the agent's own machine. */
  block_id: v.nullable(name),
  /** `away`: its link is down, and it may come back. */
  state: v.picklist(MANAGER_STATES),
  /** Slots that it has. */
  workers: count,
  /** Those that would take a task now. */
  idle_workers: count,
  /** That this endpoint may use there. */
  cores: v.optional(count),
  /** Bytes that this endpoint may use there. */
  memory: v.optional(count),
  /** For instance `["NVIDIA A100-SXM4-40GB"]`; one entry for each. */
  accelerators: v.optional(v.pipe(v.array(name), v.maxLength(MAX_NODE_ACCELERATORS))),
  /**
   * Of the agent's own machine each in its place; of other nodes the tasks that run come first, then
   * those that were given and have not begun, then idle ones. Empty when the status has
   * `slots_omitted`, the first ones of more than `MAX_NODE_SLOTS`.
   */
  slots: v.pipe(v.array(PictureSlotSchema), v.maxLength(MAX_NODE_SLOTS)),
});
export type PictureNode = v.InferOutput<typeof PictureNodeSchema>;

/** What a node has, as far as a picture shows it. */
export function pictureOfFacts(
  { cores, memory, accelerators }: {
    readonly cores: number;
    readonly memory: number;
    readonly accelerators: readonly string[];
  },
): Pick<PictureNode, "cores" | "memory" | "accelerators"> {
  return { cores, memory, accelerators: accelerators.slice(0, MAX_NODE_ACCELERATORS) };
}

/** The site that the endpoint is at. */
export const PictureSiteSchema = v.object({
  /** Such as the cluster's name, where it is known. */
  name: v.optional(name),
  /** Such as `slurm`; left out where there is none. */
  scheduler: v.optional(name),
  /** Sum over the nodes whose managers are attached. */
  cores: v.optional(count),
  /** The same, bytes. */
  memory: v.optional(count),
});
export type PictureSite = v.InferOutput<typeof PictureSiteSchema>;

/** All fields of a status that belong to the picture. */
export const MachinePictureSchema = v.object({
  /** Where the workers come from: `local`, `slurm` … */
  provider: v.optional(name),
  /** Those that live, then those that have ended, each the newest first; left out for `local`. */
  blocks: v.optional(v.pipe(v.array(PictureBlockSchema), v.maxLength(MAX_PICTURE_BLOCKS))),
  nodes: v.optional(v.pipe(v.array(PictureNodeSchema), v.maxLength(MAX_PICTURE_NODES))),
  site: v.optional(PictureSiteSchema),
  /** The slots of all nodes are left out, since the frame would be too large with them. */
  slots_omitted: v.optional(v.boolean()),
});
export type MachinePicture = v.InferOutput<typeof MachinePictureSchema>;
