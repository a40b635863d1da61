/** How many unfinished tasks each endpoint has, in memory: lists are ordered by it. */
import type { Connection } from "../../../lib/database.ts";
import { Query } from "./query.ts";

export class QueuedTasks {
  readonly #byEndpoint: Map<number, number>;

  constructor(connection: Connection) {
    const rows = new Query<[endpointRow: number, unfinished: number]>(
      connection,
      `SELECT endpoint_row, sum(unfinished) FROM task_counts WHERE unfinished > 0
       GROUP BY endpoint_row`,
    ).all();
    this.#byEndpoint = new Map(rows);
  }

  at(endpointRow: number): number {
    return this.#byEndpoint.get(endpointRow) ?? 0;
  }

  /** Changes that were committed. */
  add(changes: Iterable<{ readonly endpointRow: number; readonly unfinished: number }>): void {
    for (const { endpointRow, unfinished } of changes) {
      if (unfinished === 0) continue;
      const sum = this.at(endpointRow) + unfinished;
      if (sum === 0) this.#byEndpoint.delete(endpointRow);
      else this.#byEndpoint.set(endpointRow, sum);
    }
  }
}
