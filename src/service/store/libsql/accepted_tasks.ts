/** Tasks of which their endpoint has said no more than that it has them: most of those that wait there. */
import type { EndpointId, TaskId } from "../../../contract/ids.ts";
import { canMove, TASK_STATES, type TaskEvent } from "../../../contract/task_state.ts";
import type { Connection } from "../../../lib/database.ts";
import { Command } from "./query.ts";
import { writeEvents } from "./timeline.ts";

/** Characters of stored progress beyond which it is not told that a task was accepted once more. */
const MAXIMUM_PROGRESS = 20_000;

const MAY_BE_ACCEPTED = TASK_STATES.filter((state) => canMove(state, "waiting-for-nodes"))
  .map((state) => `'${state}'`).join(", ");

export interface AcceptedTask {
  readonly taskId: TaskId;
  readonly endpointId: EndpointId;
  /** Undefined when that is written already. */
  readonly acceptedAt?: number;
}

export function acceptance(at: number, attempt: number): TaskEvent {
  return { state: "waiting-for-nodes", at, by: "agent", attempt };
}

export class AcceptedTasks {
  readonly #move: Command;
  readonly #accept: Command;

  constructor(connection: Connection) {
    // The plus keeps SQLite from looking through all of the endpoint's tasks for these.
    const own = `task_id IN (SELECT value FROM json_each(?1))
         AND +endpoint_row = (SELECT endpoint_row FROM endpoints WHERE endpoint_id = ?2)`;
    this.#move = new Command(
      connection,
      `UPDATE tasks SET state = 'waiting-for-nodes', delivery = 2,
         progress = concat_ws(',', progress, ?3 || attempt || '}')
       WHERE ${own} AND delivery >= 1 AND state IN (${MAY_BE_ACCEPTED})
         AND coalesce(length(progress), 0) <= ${MAXIMUM_PROGRESS}`,
    );
    this.#accept = new Command(
      connection,
      `UPDATE tasks SET delivery = 2 WHERE ${own} AND delivery = 1`,
    );
  }

  /** One statement for all that were accepted at once, as one message tells it. */
  write(tasks: readonly AcceptedTask[]): void {
    const alike = Map.groupBy(tasks, ({ endpointId, acceptedAt }) => `${endpointId} ${acceptedAt}`);
    for (const group of alike.values()) {
      const { endpointId, acceptedAt } = group[0]!;
      const taskIds = JSON.stringify(group.map(({ taskId }) => taskId));
      if (acceptedAt !== undefined) this.#move.run(taskIds, endpointId, eventStart(acceptedAt));
      this.#accept.run(taskIds, endpointId);
    }
  }
}

/** The event of an acceptance without its end: the last field is the attempt, which the row has. */
function eventStart(at: number): string {
  return writeEvents([acceptance(at, 0)])!.slice(0, -"0}".length);
}
