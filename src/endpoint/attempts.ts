/**
 * Which attempts a task has left. Attempts are numbered through, since all who hold one know it by its
 * number; of these, the ones that were moved do not count against the task's maximum.
 */
import { MAX_ATTEMPTS, MAX_MOVES } from "../contract/limits.ts";

/** An attempt, and how many of those before it, or it itself, were moved. */
export interface AttemptCount {
  readonly attempt: number;
  readonly moved: number;
}

/** Whether no other one may follow when this one is lost. */
export function isLastAttempt({ attempt, moved }: AttemptCount, maximum: number): boolean {
  return attempt - moved >= maximum || attempt >= MAX_ATTEMPTS;
}

/**
 * Whether the attempt costs nothing when what runs it ends as planned. A maximum of 1 says that the
 * task must not run twice, whatever the reason.
 */
export function mayMove({ attempt, moved }: AttemptCount, maximum: number): boolean {
  return maximum > 1 && moved < MAX_MOVES && attempt < MAX_ATTEMPTS;
}
