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
import { Command, Query, type SqlValue } from "./query.ts";
import { type TaskRow, TaskRowsQuery } from "./task_rows.ts";

/** Cost of one turn: about as many small tasks. Smaller is finer, and slower with few lanes. */
const QUANTUM = 64;
/** They come with their payloads, of which only large ones are elsewhere: 1 MB at most is read. */
const TASKS_PER_READ = 250;

type Lane = readonly [
  endpointRow: number,
  ownerRow: number,
  priority: number,
  groupRow: number,
];

/** What a lane gives in one visit. */
interface LaneShare {
  readonly tasks: readonly TaskRow[];
  /** Of payloads. */
  readonly bytes: number;
  /** Nothing else waits in the lane. */
  readonly isLast: boolean;
}

/** The lane that goes next, and what its turn is worth. */
interface Visit {
  readonly owners: LaneTurns;
  readonly groups: LaneTurns;
  /** Nobody else waits: it takes all that is taken now, and owes nothing to those that come later. */
  readonly isAlone: boolean;
  readonly lane: Lane;
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
  readonly #tasks: TaskRowsQuery;
  readonly #mark: Command;

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
    this.#tasks = new TaskRowsQuery(
      connection,
      `FROM tasks INDEXED BY tasks_waiting
       WHERE ${lane} AND task_row > ? AND delivery = 0 ORDER BY task_row LIMIT ?`,
    );
    this.#mark = new Command(
      connection,
      `UPDATE tasks INDEXED BY tasks_waiting SET delivery = 1
       WHERE ${lane} AND task_row <= ? AND delivery = 0`,
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
    // A lane may have several turns; it is marked when it is empty, so that the turns see that, or
    // else once at the end.
    const unmarked = new Map<string, { readonly lane: Lane; readonly last: number }>();
    let bytes = 0;
    while (taken.length < limit) {
      const visit = this.#visit(endpointRow);
      if (visit === undefined) break;
      const { lane } = visit;
      const key = lane.join("/");
      const after = unmarked.get(key)?.last ?? 0;
      const room = { limit: limit - taken.length, maximumBytes: maximumBytes - bytes };
      const next = this.#nextOf(visit, after, room, bytes > 0);
      const last = next.tasks.at(-1)?.[0];
      if (last === undefined) break;
      taken.push(...next.tasks);
      bytes += next.bytes;
      unmarked.set(key, { lane, last });
      if (next.isLast && unmarked.delete(key)) this.#mark.run(...lane, last);
    }
    for (const { lane, last } of unmarked.values()) this.#mark.run(...lane, last);
    return taken;
  }

  /** Undefined when nothing waits for the endpoint. */
  #visit(endpointRow: number): Visit | undefined {
    const turns = this.#turnsOf(endpointRow);
    const { owners, byOwner } = turns;
    const firstOwner = seek(this.#owner, endpointRow);
    const ownerRow = owners.next(firstOwner);
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
    const { groups } = own;
    const firstGroup = seek(this.#group, endpointRow, ownerRow, priority);
    const groupRow = groups.next(firstGroup)!;
    return {
      owners,
      groups,
      isAlone: isOnly(groupRow, firstGroup) && isOnly(ownerRow, firstOwner),
      lane: [endpointRow, ownerRow, priority, groupRow],
    };
  }

  /** The tasks of the lane, after one that was taken, that still fit; they are charged. */
  #nextOf(
    { owners, groups, isAlone, lane }: Visit,
    after: number,
    { limit, maximumBytes }: { readonly limit: number; readonly maximumBytes: number },
    optional: boolean,
  ): LaneShare {
    const allowance = isAlone ? Infinity : Math.min(owners.allowance, groups.allowance);
    const wanted = Math.ceil(Math.min(limit, allowance, TASKS_PER_READ));
    // One more than is wanted shows whether anything remains.
    const rows = this.#tasks.all(...lane, after, wanted + 1);
    let [count, sum, cost] = [0, 0, 0];
    for (const [, , , , , , , , bytes] of rows.slice(0, wanted)) {
      const isFree = !optional && count === 0;
      if (cost >= allowance || (!isFree && sum + bytes > maximumBytes)) break;
      sum += bytes;
      cost += 1 + bytes / FAIR_SHARE_BYTES;
      count++;
    }
    if (!isAlone && count > 0) {
      owners.charge(cost);
      groups.charge(cost);
    }
    return { tasks: rows.slice(0, count), bytes: sum, isLast: count === rows.length };
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

function isOnly(key: number, firstWaiting: FirstWaiting): boolean {
  return firstWaiting(key + 1) === undefined && firstWaiting(0) === key;
}
