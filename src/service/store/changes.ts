/** What the store tells others in this process when something has changed. See `store.ts`. */
import type { UserId } from "../../contract/ids.ts";

export interface StoreChanges {
  /**
   * Calls `listener` when tasks of an owner were submitted, have moved, ended or were deleted, or may
   * have: once for each owner and turn of the event loop. Whoever reads then sees the change, if need
   * be when it is on disk. Returns the end of it. Must not throw.
   */
  onTasks(listener: (owner: UserId) => void): () => void;
}
