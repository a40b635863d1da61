/** Cancelling many tasks, in portions. */
import type { Query } from "../../contract/api.ts";
import { MAX_PAGE_SIZE } from "../../contract/limits.ts";
import { client } from "../session/session.ts";
import { portionsOf } from "./progress.ts";

/** How many were asked to end, and how many had ended before. */
export interface Cancelled {
  readonly cancelling: number;
  readonly finished: number;
}

export async function cancelTasks(
  taskIds: readonly string[],
  onProgress: (done: Cancelled) => void = () => {},
): Promise<Cancelled> {
  let done: Cancelled = { cancelling: 0, finished: 0 };
  for (const portion of portionsOf(taskIds, MAX_PAGE_SIZE)) {
    const { cancelling, finished } = await client.cancel(portion);
    done = {
      cancelling: done.cancelling + cancelling.length,
      finished: done.finished + finished.length,
    };
    onProgress(done);
  }
  return done;
}

/** All that fit and have not finished: found first, since the list changes as they end. */
export async function cancelAll(
  query: Query<"listTasks">,
  onProgress: (done: Cancelled) => void,
): Promise<Cancelled> {
  const ids: string[] = [];
  for await (const task of client.tasks({ ...query, finished: "no" })) ids.push(task.task_id);
  return await cancelTasks(ids, onProgress);
}
