/**
 * How many blocks there should be. Pure: from the blocks, the load, the settings and the time to how
 * many to start and which to cancel.
 *
 * 1. With what is started there are never more than `max` blocks, those that are ending included.
 * 2. A block whose tasks run is never cancelled.
 * 3. After {@link MAX_FAILED_BLOCKS} failures in a row nothing is started.
 */
import { MAX_FAILED_BLOCKS } from "../../contract/limits.ts";
import type { BlockSettings } from "../../profile/resolved_provider.ts";

export interface ScalerBlock {
  readonly id: string;
  /**
   * `queued` from the submit until its first manager is there; `short` while it has too little of its
   * walltime left for each task that waits; `ending` when it takes no task any more: cancelled,
   * draining or without its managers.
   */
  readonly state: "queued" | "running" | "short" | "ending";
  /**
   * Since when nothing needs it, in epoch milliseconds: for a running block, no task runs there; for
   * a queued one, no task waits. Null while something does.
   */
  readonly idleSince: number | null;
}

export interface ScalerInput {
  readonly blocks: readonly ScalerBlock[];
  /**
   * Tasks that wait or run, one for each worker that they need, without those that blocks have which
   * are short or ending.
   */
  readonly outstanding: number;
  /** Above 0. */
  readonly workersPerBlock: number;
  readonly settings: BlockSettings;
  readonly failures: FailureRun;
  /** Whether this is the first decision of this run, which starts `init` blocks. */
  readonly isFirst: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface ScalerDecision {
  readonly start: number;
  /** Ids of blocks. */
  readonly cancel: readonly string[];
  /** Why nothing is started although there are tasks for it. */
  readonly stopped: string | null;
  /** When time alone changes the decision, in epoch milliseconds. */
  readonly nextAt: number | null;
}

/** Blocks that failed one after the other: refused, or over before a manager was there. */
export interface FailureRun {
  readonly count: number;
  /** Of the last one, in the scheduler's words where it has some. */
  readonly cause: string;
}

export const NO_FAILURES: FailureRun = { count: 0, cause: "" };

export function withFailure({ count }: FailureRun, cause: string): FailureRun {
  return { count: count + 1, cause };
}

export interface Load {
  readonly tasks: number;
  /** Of these, those that take whole nodes, by how many each takes. */
  readonly onNodes: ReadonlyMap<number, number>;
  readonly workersPerNode: number;
  readonly nodesPerBlock: number;
}

/**
 * One for each task that runs on a worker, and for one that takes nodes its share of a block: of
 * three nodes only one task of two gets any, so it stands for all three.
 */
export function workersNeeded({ tasks, onNodes, workersPerNode, nodesPerBlock }: Load): number {
  let workers = tasks;
  for (const [nodes, count] of onNodes) {
    const perBlock = Math.max(1, Math.floor(nodesPerBlock / nodes));
    workers += Math.floor(count * nodesPerBlock * workersPerNode / perBlock) - count;
  }
  return Math.max(0, workers);
}

export function scale(input: ScalerInput): ScalerDecision {
  const { blocks, failures } = input;
  const target = targetOf(input);
  const usable = blocks.filter(({ state }) => state === "queued" || state === "running");
  const missing = Math.max(0, target - usable.length);
  // 3.
  const isStopped = failures.count >= MAX_FAILED_BLOCKS;
  const surplus = surplusOf(input, usable, target);
  return {
    start: isStopped ? 0 : Math.min(missing, roomFor(input)),
    cancel: surplus.now,
    stopped: isStopped && missing > 0
      ? `${failures.count} blocks in a row have failed: ${failures.cause}`
      : null,
    nextAt: surplus.nextAt,
  };
}

function targetOf({ outstanding, workersPerBlock, settings, isFirst }: ScalerInput): number {
  const { init, min, max, parallelism } = settings;
  const share = Math.ceil(outstanding * parallelism / workersPerBlock);
  const wanted = outstanding === 0 ? 0 : Math.max(1, share);
  return Math.min(max, Math.max(min, wanted, isFirst ? init : 0));
}

/** 1. After a failure one block at a time has to show that it can work. */
function roomFor({ blocks, settings, failures }: ScalerInput): number {
  const room = Math.max(0, settings.max - blocks.length);
  if (failures.count === 0) return room;
  return blocks.some(({ state }) => state === "queued") ? 0 : Math.min(room, 1);
}

interface Surplus {
  readonly now: readonly string[];
  readonly nextAt: number | null;
}

/**
 * 2. Blocks above the target when nothing has needed them for long enough, above `max` at once. What
 * is short is above any target: it would only keep its place from a block that could do something.
 */
function surplusOf(
  { blocks, settings, now }: ScalerInput,
  usable: readonly ScalerBlock[],
  target: number,
): Surplus {
  const short = blocks.filter(({ state }) => state === "short");
  const surplus = [
    ...idleOf(short, settings),
    ...idleOf(usable, settings).slice(0, Math.max(0, usable.length - target)),
  ];
  const overMaximum = Math.max(0, short.length + usable.length - settings.max);
  const isDue = ({ dueAt }: { dueAt: number }, index: number): boolean =>
    index < overMaximum || dueAt <= now;
  const waiting = surplus.filter((block, index) => !isDue(block, index));
  return {
    now: surplus.filter(isDue).map(({ id }) => id),
    nextAt: waiting.length === 0 ? null : Math.min(...waiting.map(({ dueAt }) => dueAt)),
  };
}

interface Idle {
  readonly id: string;
  readonly state: ScalerBlock["state"];
  readonly dueAt: number;
}

function idleOf(blocks: readonly ScalerBlock[], { maxIdleSeconds }: BlockSettings): Idle[] {
  return blocks.flatMap(({ id, state, idleSince }) =>
    idleSince === null ? [] : [{ id, state, dueAt: idleSince + maxIdleSeconds * 1_000 }]
  ).sort(byPrice);
}

/** What is given up first: those that have no nodes yet, then those that have been idle longest. */
function byPrice(a: Idle, b: Idle): number {
  const rank = ({ state }: Idle): number => state === "queued" ? 0 : 1;
  return rank(a) - rank(b) || a.dueAt - b.dueAt;
}
