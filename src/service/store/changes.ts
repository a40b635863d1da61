/** What the store tells others in this process when something has changed. See `store.ts`. */
import type { EndpointId, TaskGroupId, UserId } from "../../contract/ids.ts";
import type { TerminalState } from "../../contract/task_state.ts";

/** Times are milliseconds since 1970. */
export interface EndedTask {
  readonly state: TerminalState;
  readonly createdAt: number;
  readonly at: number;
}

export interface StoreChanges {
  /**
   * Calls `listener` when tasks of an owner were submitted, have moved, ended or were deleted, or may
   * have: once for each owner and turn of the event loop. Whoever reads then sees the change, if need
   * be when it is on disk. Returns the end of it. Must not throw.
   */
  onTasks(listener: (owner: UserId) => void): () => void;
  /**
   * Calls `listener` within each commit that has ended tasks, with those of one owner at one endpoint.
   * It has to be cheap, and must not throw. Returns the end of it.
   */
  onEnded(listener: (endpointId: EndpointId, ends: readonly EndedTask[]) => void): () => void;
  /**
   * Calls `listener` when a task group was deleted with the last of its tasks. Returns the end of it.
   * Must not throw.
   */
  onGroupDeleted(listener: (taskGroupId: TaskGroupId) => void): () => void;
}
