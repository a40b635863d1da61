/** How far the results of task groups have gone to their readers over AMQP. See `store.ts`. */
import type { TaskGroupId, UserId } from "../../contract/ids.ts";

export interface ResultQueue {
  readonly taskGroupId: TaskGroupId;
  readonly owner: UserId;
  /** Of the last result that was confirmed, as `ResultStore.after` takes it; 0 before the first. */
  readonly sequence: number;
}

export interface ResultQueueStore {
  /** Begins a queue, or finds it; undefined when there is no such group. */
  open(taskGroupId: TaskGroupId): Promise<ResultQueue | undefined>;
  /** Those of groups with unfinished tasks or results that are not confirmed. */
  behind(): Promise<readonly ResultQueue[]>;
  /** Nothing needs to go out of it, now or later, unless more is submitted. */
  isDone(taskGroupId: TaskGroupId): Promise<boolean>;
  /** Everything up to `sequence` has arrived. It never goes back. */
  confirmed(taskGroupId: TaskGroupId, sequence: number): Promise<void>;
}
