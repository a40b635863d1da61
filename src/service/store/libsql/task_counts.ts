/** Numbers of tasks. Finished ones are counted as they finish, the others when somebody asks. */
import type { UserId } from "../../../contract/ids.ts";
import type { TaskState } from "../../../contract/task_state.ts";
import type { Engine } from "./engine.ts";
import { Query } from "./query.ts";

type Counts = Readonly<Partial<Record<TaskState, number>>>;

export class TaskCounts {
  readonly #engine: Engine;
  readonly #finished: Query<[success: number, failed: number, cancelled: number]>;
  readonly #unfinishedByState: Query<[state: TaskState, count: number]>;
  readonly #unfinished: Query<[number]>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#finished = new Query(
      connection,
      `SELECT coalesce(sum(success), 0), coalesce(sum(failed), 0), coalesce(sum(cancelled), 0)
       FROM task_counts WHERE owner_row = ?`,
    );
    // One part for each partial index of unfinished tasks.
    const part = (index: string, delivery: number): string =>
      `SELECT t.state, count(*)
       FROM task_counts c CROSS JOIN tasks t INDEXED BY ${index} USING (endpoint_row)
       WHERE c.owner_row = ?1 AND c.unfinished > 0 AND t.owner_row = ?1
         AND t.delivery = ${delivery}
       GROUP BY t.state`;
    this.#unfinishedByState = new Query(
      connection,
      ["tasks_waiting", "tasks_sent", "tasks_held"].map(part).join(" UNION ALL "),
    );
    this.#unfinished = new Query(
      connection,
      "SELECT coalesce(sum(unfinished), 0) FROM task_counts",
    );
  }

  /** The owner's by state; states without tasks are left out. */
  byState(owner: UserId): Counts {
    const ownerRow = this.#engine.findUser(owner) ?? -1;
    const [success, failed, cancelled] = this.#finished.get(ownerRow)!;
    const counts = new Map<TaskState, number>();
    const rows: [TaskState, number][] = [
      ...this.#unfinishedByState.all(ownerRow),
      ["success", success],
      ["failed", failed],
      ["cancelled", cancelled],
    ];
    for (const [state, count] of rows) {
      if (count > 0) counts.set(state, (counts.get(state) ?? 0) + count);
    }
    return Object.fromEntries(counts);
  }

  /** Of all owners. */
  unfinished(): number {
    return this.#unfinished.get()![0];
  }
}
