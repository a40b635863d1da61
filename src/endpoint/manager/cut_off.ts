/** How attempts end that the end of their manager's process cuts off. */
import { manageError } from "../executor/assignment.ts";
import type { FinishedAttempt, LostOutcome } from "../executor/executor.ts";

/** Who had planned that the process ends. */
export type EndPlanner = "walltime" | "scheduler" | "agent";

export interface ManagerEnd {
  readonly blockId: string;
  readonly hostname: string;
  readonly reason: string;
  /** Null when nobody had: then it counts as any loss. */
  readonly plannedBy: EndPlanner | null;
  /** Of its block, seconds; null where it does not know of one. */
  readonly walltime: number | null;
  /** When it could be given tasks first, milliseconds since 1970; null when it never could. */
  readonly openSince: number | null;
}

/** Whoever ran for such a part of the time in which tasks could run has had the block's walltime. */
const WHOLE_SHARE = 0.9;

/** Why it was to end, in the words of a task's story; null where nobody had planned it. */
export function planOf({ blockId, plannedBy }: ManagerEnd): string | null {
  switch (plannedBy) {
    case null:
      return null;
    case "walltime":
      return `block ${blockId} reached its walltime`;
    case "scheduler":
      return `block ${blockId} was told to end, as its scheduler does`;
    case "agent":
      return `nothing needed block ${blockId} any more`;
  }
}

/** @param at milliseconds since 1970 */
export function cutOff(end: ManagerEnd, ended: FinishedAttempt, at: number): LostOutcome {
  const reason = planOf(end);
  const begunAt = ended.timeline.find(({ state }) => state === "running")?.at ?? at;
  if (reason === null) return { kind: "lost", error: endedError(end) };
  if (!hadAll(end, begunAt, at)) {
    return { kind: "lost", error: endedError(end), planned: { reason } };
  }
  const error = tooLongError(end, at - begunAt);
  return { kind: "lost", error, planned: { reason, outlasts: true } };
}

/** Whether the attempt had the whole walltime of the block, but for starting and ending. */
function hadAll({ plannedBy, openSince }: ManagerEnd, begunAt: number, at: number): boolean {
  return plannedBy === "walltime" && openSince !== null &&
    at - begunAt >= WHOLE_SHARE * (at - openSince);
}

function endedError({ hostname, blockId, reason }: ManagerEnd): LostOutcome["error"] {
  return manageError(
    "WORKER_LOST",
    `the manager on node ${hostname} (block ${blockId}) ended with the task: ${reason}`,
    "It runs again if it has attempts left; a longer walltime of blocks gives tasks more time.",
  );
}

function tooLongError(
  { hostname, blockId, walltime, reason }: ManagerEnd,
  ranFor: number,
): LostOutcome["error"] {
  return manageError(
    "WORKER_LOST",
    `the manager on node ${hostname} (block ${blockId}) ended with the task: ${reason}, which is ` +
      `${walltime} s, and the task had run for ${
        Math.round(ranFor / 1_000)
      } s, all that it could have`,
    "Give blocks a longer walltime, executor.provider.walltime in the profile, or let the task save " +
      "its state and go on from there when it runs again.",
  );
}
