/** What a block's walltime leaves for tasks. Pure; all times in milliseconds. */
import { DRAIN_BEFORE_END } from "../../contract/limits.ts";
import type { ManagerHello } from "../../contract/protocol/manager_messages.ts";

/** Of the time before a block's end, the part in which running tasks are ended. */
const ENDING_SHARE = 0.2;
/** A block that came with less of its walltime is one that had to wait for its agent. */
const FRESH_SHARE = 0.5;

/** How long before its end a block takes no more tasks. @param walltime of the block */
export function drainLead(walltime: number): number {
  return Math.min(DRAIN_BEFORE_END, walltime / 10);
}

/** How long before its end a block's tasks are ended that still run. @param lead its `drainLead` */
export function endingTime(lead: number): number {
  return lead * ENDING_SHARE;
}

/** A manager's block, by this machine's clock. */
export interface BlockTime {
  readonly endsAt: number;
  /** When its tasks are ended. */
  readonly tasksEndAt: number;
  /** Until then nobody can have more of a block; never, where it is not known how long blocks last. */
  readonly freshUntil: number;
}

/** Null where the manager knows of no end. @param walltime of blocks, null where it is not known */
export function blockTime(
  { ends_in, open_for = 0 }: ManagerHello,
  walltime: number | null,
  now: number,
): BlockTime | null {
  if (ends_in === undefined) return null;
  const endsAt = now + ends_in;
  const lead = drainLead(walltime ?? ends_in);
  const isFresh = walltime !== null && ends_in >= walltime * FRESH_SHARE;
  return {
    endsAt,
    tasksEndAt: endsAt - endingTime(lead),
    freshUntil: isFresh ? now - open_for + lead : -Infinity,
  };
}

/**
 * Whether a task may run there. A task may have a walltime that is all of a block's, of which starting
 * and ending take a little: a block that has just come is the best that it can get.
 * @param walltime of the task, at most that of blocks; null means no end
 */
export function hasTimeFor(
  { tasksEndAt, freshUntil }: BlockTime,
  walltime: number | null,
  now: number,
): boolean {
  return walltime === null || now + walltime <= tasksEndAt || now < freshUntil;
}
