/** Tasks that are marked as perhaps sent to their endpoint, and are not known to be on its disk. */
import type { Connection } from "../../../lib/database.ts";
import { Query } from "./query.ts";
import { lastThatFits } from "./result_rows.ts";
import { type TaskRow, TaskRowsQuery } from "./task_rows.ts";

export class SentTasks {
  readonly #sizesAfter: Query<[taskRow: number, payloadBytes: number]>;
  readonly #sizesAt: Query<[taskRow: number, payloadBytes: number]>;
  readonly #rowsAfter: TaskRowsQuery;
  readonly #rowsAt: TaskRowsQuery;

  constructor(connection: Connection) {
    const after = `FROM tasks INDEXED BY tasks_sent
       WHERE endpoint_row = ? AND delivery = 1 AND task_row > ?`;
    const at = `FROM json_each(?) positions JOIN tasks ON task_row = positions.value
       WHERE endpoint_row = ? AND delivery = 1`;
    this.#sizesAfter = new Query(
      connection,
      `SELECT task_row, payload_bytes ${after} ORDER BY task_row LIMIT ?`,
    );
    this.#rowsAfter = new TaskRowsQuery(connection, `${after} AND task_row <= ? ORDER BY task_row`);
    this.#sizesAt = new Query(
      connection,
      `SELECT task_row, payload_bytes ${at} ORDER BY positions.key`,
    );
    this.#rowsAt = new TaskRowsQuery(connection, `${at} ORDER BY positions.key`);
  }

  /** In order, after a position. */
  after(endpointRow: number, position: number, limit: number, maximumBytes: number): TaskRow[] {
    const sizes = this.#sizesAfter.all(endpointRow, position, limit);
    const last = lastThatFits(sizes, maximumBytes);
    return last === undefined ? [] : this.#rowsAfter.all(endpointRow, position, last);
  }

  /** In the order of `positions`: the first ones that fit. */
  at(endpointRow: number, positions: readonly number[], maximumBytes: number): TaskRow[] {
    const sizes = this.#sizesAt.all(JSON.stringify(positions), endpointRow);
    const last = lastThatFits(sizes, maximumBytes);
    if (last === undefined) return [];
    const fitting = positions.slice(0, positions.indexOf(last) + 1);
    return this.#rowsAt.all(JSON.stringify(fitting), endpointRow);
  }
}
