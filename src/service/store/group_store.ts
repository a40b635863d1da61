/** Task groups as their owners see them. See `store.ts`. */
import type { TaskGroupId, UserId } from "../../contract/ids.ts";
import type { TaskState } from "../../contract/task_state.ts";
import type { Page, PageQuery } from "./page.ts";

export interface TaskGroupRow {
  readonly taskGroupId: TaskGroupId;
  readonly createdAt: number;
  /** Of tasks that are kept; the sum of `byState`. */
  readonly tasks: number;
  /**
   * States without tasks are left out. How many have ended, and how, is exact; how the others are
   * spread may be some seconds old in a group of very many.
   */
  readonly byState: Readonly<Partial<Record<TaskState, number>>>;
  readonly lastCompletedAt: number | null;
  /** Of the first task. */
  readonly functionName: string;
}

export interface GroupProgressRow extends TaskGroupRow {
  /** Over the last minute at most; null when no task has ended yet. */
  readonly endedPerSecond: number | null;
  /**
   * From submit to end: how many tasks took less than each of `DURATION_BOUNDS`, and not less than the
   * one before; one more for those that took longer than all.
   */
  readonly durations: readonly number[];
}

export interface GroupStore {
  /** The owner's, newest first. */
  list(query: PageQuery & { readonly owner: UserId }): Promise<Page<TaskGroupRow>>;
  /** Undefined when the owner has no such group. */
  progress(
    query: { readonly owner: UserId; readonly taskGroupId: TaskGroupId; readonly now: number },
  ): Promise<GroupProgressRow | undefined>;
}

/** Milliseconds. */
export const DURATION_BOUNDS: readonly number[] = [
  ...[10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000],
  ...[1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000, 300_000_000],
];
