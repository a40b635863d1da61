/** The unfinished tasks of an owner, when they are few: found by what their endpoints have to do. */
import type { Connection } from "../../../lib/database.ts";
import { Query } from "./query.ts";

/** Unfinished tasks of all owners at the owner's endpoints, up to which looking at them is quick. */
const FEW = 5_000;

export class UnfinishedRows {
  readonly #count: Query<[number]>;
  readonly #rows: Query<[taskRows: string]>;

  constructor(connection: Connection) {
    this.#count = new Query(
      connection,
      `SELECT coalesce(sum(other.unfinished), 0) FROM task_counts own
         JOIN task_counts other USING (endpoint_row)
       WHERE own.owner_row = ? AND own.unfinished > 0`,
    );
    // One part for each partial index of unfinished tasks.
    const part = (index: string, delivery: number): string =>
      `SELECT t.task_row
       FROM task_counts c CROSS JOIN tasks t INDEXED BY ${index} USING (endpoint_row)
       WHERE c.owner_row = ?1 AND c.unfinished > 0 AND t.owner_row = ?1
         AND t.delivery = ${delivery}`;
    const parts = ["tasks_waiting", "tasks_sent", "tasks_held"].map(part);
    this.#rows = new Query(
      connection,
      `SELECT json_group_array(task_row) FROM (${parts.join(" UNION ALL ")})`,
    );
  }

  /** Undefined when there are too many. */
  few(ownerRow: number): readonly number[] | undefined {
    if (this.#count.get(ownerRow)![0] > FEW) return undefined;
    return JSON.parse(this.#rows.get(ownerRow)![0]);
  }
}
