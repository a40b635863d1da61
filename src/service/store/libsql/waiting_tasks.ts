/**
 * The tasks that wait for an endpoint, in a fair order: by turns among owners, by turns among the
 * owner's groups of the highest priority that waits, oldest first within a group. The tasks and
 * their lanes lie in the index `tasks_waiting`; here are only the turns, so a million tasks in a
 * hundred thousand groups take no more memory than one.
 *
 * 1. What is taken is marked as perhaps sent in the same transaction, and so waits no more.
 * 2. A transaction that fails takes nothing; the turn that it had may be lost.
 * 3. Nothing is kept of an endpoint for which nothing waits.
 */
import { FAIR_SHARE_BYTES } from "../../../contract/limits.ts";
import type { Connection } from "../../../lib/database.ts";
import { type FirstWaiting, LaneTurns } from "./lane_turns.ts";
import { Query, type SqlValue } from "./query.ts";

/** Cost of one turn: about as many small tasks. Smaller is finer, and slower with few lanes. */
const QUANTUM = 64;

export type TaskRow = [
  taskRow: number,
  taskId: string,
  submissionRow: number,
  functionRow: number,
  groupRow: number,
  ownerRow: number,
  attemptsMade: number,
  cancelRequested: number | null,
  payloadBytes: number,
  payload: Uint8Array | null,
];

/** Of a row `tasks`, in the order of {@link TaskRow}; a large payload is in another table. */
export const TASK_COLUMNS = `task_row, task_id, submission_row, function_row, group_row,
  owner_row, attempts_made, cancel_requested, payload_bytes, payload`;

/** The lane that goes next, and what its turn is worth. */
interface Visit {
  readonly owners: LaneTurns;
  readonly groups: LaneTurns;
  readonly lane: readonly [
    endpointRow: number,
    ownerRow: number,
    priority: number,
    groupRow: number,
  ];
}

interface OwnerTurns {
  /** The highest that waits; another one begins with new turns. */
  readonly priority: number;
  readonly groups: LaneTurns;
}

interface EndpointTurns {
  readonly owners: LaneTurns;
  readonly byOwner: Map<number, OwnerTurns>;
}

export class WaitingTasks {
  readonly #endpoints = new Map<number, EndpointTurns>();
  readonly #owner: Query<[number]>;
  readonly #priority: Query<[number]>;
  readonly #group: Query<[number]>;
  readonly #sizes: Query<[taskRow: number, payloadBytes: number]>;
  readonly #take: Query<TaskRow>;

  constructor(connection: Connection) {
    const first = (column: string, lane: string, order = ""): Query<[number]> =>
      new Query(
        connection,
        `SELECT ${column} FROM tasks INDEXED BY tasks_waiting
         WHERE endpoint_row = ? AND ${lane} AND delivery = 0 ORDER BY ${column} ${order} LIMIT 1`,
      );
    this.#owner = first("owner_row", "owner_row >= ?");
    this.#priority = first("priority", "owner_row = ?", "DESC");
    this.#group = first("group_row", "owner_row = ? AND priority = ? AND group_row >= ?");
    const lane = "endpoint_row = ? AND owner_row = ? AND priority = ? AND group_row = ?";
    this.#sizes = new Query(
      connection,
      `SELECT task_row, payload_bytes FROM tasks INDEXED BY tasks_waiting
       WHERE ${lane} AND delivery = 0 ORDER BY task_row LIMIT ?`,
    );
    this.#take = new Query(
      connection,
      `UPDATE tasks INDEXED BY tasks_waiting SET delivery = 1
       WHERE ${lane} AND task_row <= ? AND delivery = 0 RETURNING ${TASK_COLUMNS}`,
    );
  }

  any(endpointRow: number): boolean {
    return this.#owner.get(endpointRow, 0) !== undefined;
  }

  /**
   * Call it inside a transaction. At least one task when one waits; else no more than `limit`, and
   * no more than `maximumBytes` of payloads.
   */
  take(endpointRow: number, limit: number, maximumBytes: number): TaskRow[] {
    const taken: TaskRow[] = [];
    let bytes = 0;
    while (taken.length < limit) {
      const visit = this.#visit(endpointRow);
      if (visit === undefined) break;
      const last = this.#lastOf(visit, limit - taken.length, maximumBytes - bytes, bytes > 0);
      if (last === undefined) break;
      const rows = this.#take.all(...visit.lane, last);
      rows.sort(([left], [right]) => left - right);
      for (const row of rows) bytes += row[8];
      taken.push(...rows);
    }
    return taken;
  }

  /** Undefined when nothing waits for the endpoint. */
  #visit(endpointRow: number): Visit | undefined {
    const turns = this.#turnsOf(endpointRow);
    const { owners, byOwner } = turns;
    const ownerRow = owners.next(seek(this.#owner, endpointRow));
    if (ownerRow === undefined) {
      this.#endpoints.delete(endpointRow);
      return undefined;
    }
    const [priority] = this.#priority.get(endpointRow, ownerRow)!;
    let own = byOwner.get(ownerRow);
    if (own?.priority !== priority) {
      own = { priority, groups: new LaneTurns(QUANTUM) };
      byOwner.set(ownerRow, own);
    }
    const groupRow = own.groups.next(seek(this.#group, endpointRow, ownerRow, priority))!;
    return { owners, groups: own.groups, lane: [endpointRow, ownerRow, priority, groupRow] };
  }

  /** The last task of the lane that still fits, which is charged; undefined when none does. */
  #lastOf(
    { owners, groups, lane }: Visit,
    limit: number,
    maximumBytes: number,
    optional: boolean,
  ): number | undefined {
    const allowance = Math.min(owners.allowance, groups.allowance);
    const sizes = this.#sizes.all(...lane, Math.min(limit, Math.ceil(allowance)));
    let last: number | undefined;
    let [sum, cost] = [0, 0];
    for (const [taskRow, bytes] of sizes) {
      const isFree = !optional && last === undefined;
      if (cost >= allowance || (!isFree && sum + bytes > maximumBytes)) break;
      sum += bytes;
      cost += 1 + bytes / FAIR_SHARE_BYTES;
      last = taskRow;
    }
    owners.charge(cost);
    groups.charge(cost);
    return last;
  }

  #turnsOf(endpointRow: number): EndpointTurns {
    let turns = this.#endpoints.get(endpointRow);
    if (turns === undefined) {
      turns = { owners: new LaneTurns(QUANTUM), byOwner: new Map() };
      this.#endpoints.set(endpointRow, turns);
    }
    return turns;
  }
}

function seek(query: Query<[number]>, ...lane: readonly SqlValue[]): FirstWaiting {
  return (from) => query.get(...lane, from)?.[0];
}
