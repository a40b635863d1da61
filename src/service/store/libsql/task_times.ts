/** Where in the order of an owner's tasks a time lies, by bisection: rows are given out in time. */
import type { Connection } from "../../../lib/database.ts";
import { Query } from "./query.ts";

/**
 * Milliseconds by which a task may be older than one in a row before: requests are timed when they
 * come, rows given when they are written, and clocks are set back a little.
 */
const DISORDER = 60_000;

export class TaskTimes {
  readonly #last: Query<[taskRow: number | null]>;
  readonly #from: Query<[taskRow: number, createdAt: number]>;

  constructor(connection: Connection) {
    this.#last = new Query(connection, "SELECT max(task_row) FROM tasks WHERE owner_row = ?");
    this.#from = new Query(
      connection,
      `SELECT task_row, created_at FROM tasks WHERE owner_row = ? AND task_row >= ?
       ORDER BY task_row LIMIT 1`,
    );
  }

  /** A row before which none of the owner's tasks was submitted at `since` or later. */
  start(ownerRow: number, since: number): number {
    return this.#firstAfter(ownerRow, since - DISORDER);
  }

  /** A row from which on none of the owner's tasks was submitted before `until`. */
  end(ownerRow: number, until: number): number {
    return this.#firstAfter(ownerRow, until + DISORDER);
  }

  /** As if tasks were in order. */
  #firstAfter(ownerRow: number, time: number): number {
    let [low, high] = [0, (this.#last.get(ownerRow)?.[0] ?? 0) + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = this.#from.get(ownerRow, middle);
      if (found === undefined || found[1] >= time) high = middle;
      else low = found[0] + 1;
    }
    return low;
  }
}
