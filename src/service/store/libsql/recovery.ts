/** What a service that ended without a word left half done. */
import type { TaskEvent } from "../../../contract/task_state.ts";
import { ENDPOINT_LOST, type EndpointTasks } from "./endpoint_tasks.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";
import { writeEvents } from "./timeline.ts";

/** Runs once, before anything else uses the store. */
export async function recover(engine: Engine, endpointTasks: EndpointTasks): Promise<void> {
  const at = Date.now();
  const { connection } = engine;
  // No endpoint is connected yet: what one could take at once waits now. It may have been sent, so
  // `delivery` stays.
  const wait = new Command(
    connection,
    `UPDATE tasks SET state = 'waiting-for-ep', timeline = concat_ws(',', timeline, ?)
     WHERE delivery = 1 AND state = 'received'`,
  );
  const event: TaskEvent = { state: "waiting-for-ep", at, by: "service", attempt: 0 };
  await engine.writeNow(() => wait.run(writeEvents([event])));
  const deleted = new Query<[number]>(
    connection,
    `SELECT e.endpoint_row FROM endpoints e JOIN task_counts c USING (endpoint_row)
     WHERE e.deleted_at IS NOT NULL AND c.unfinished > 0 GROUP BY e.endpoint_row`,
  );
  for (const [row] of deleted.all()) await endpointTasks.failAll(row, ENDPOINT_LOST.deleted, at);
}
