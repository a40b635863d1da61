/** Task groups: the counts in their rows, and what only their tasks tell. */
import type { TaskState } from "../../../contract/task_state.ts";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { GroupProgressRow, GroupStore, Page, TaskGroupRow } from "../store.ts";
import type { Engine } from "./engine.ts";
import { fitted, GroupStates, type StateCounts } from "./group_states.ts";
import { Query } from "./query.ts";

type GroupRow = [
  groupRow: number,
  groupId: string,
  createdAt: number,
  tasks: number,
  success: number,
  failed: number,
  cancelled: number,
  lastCompletedAt: number | null,
  functionName: string | null,
];

/** A group whose tasks were all deleted is there as long as somebody waits for its results. */
const SELECT = `SELECT g.group_row, g.group_id, g.created_at, g.tasks, g.success, g.failed,
  g.cancelled, g.last_completed_at,
  (SELECT f.name FROM tasks t JOIN functions f USING (function_row)
    WHERE t.group_row = g.group_row ORDER BY t.task_row LIMIT 1)
  FROM task_groups g`;

/** Milliseconds that count for the rate. */
const RATE_WINDOW = 60_000;
/** Ends that count for it at most. */
const RATE_ENDS = 5_000;

export class LibsqlGroups implements GroupStore {
  readonly #engine: Engine;
  readonly #states: GroupStates;
  readonly #page: Query<GroupRow>;
  readonly #one: Query<GroupRow>;
  readonly #lastEnds: Query<[count: number, firstSequence: number | null]>;
  readonly #endAt: Query<[sequence: number, completedAt: number]>;
  readonly #sequences: Query<[first: number | null, last: number | null]>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#states = new GroupStates(connection);
    this.#page = new Query(
      connection,
      `${SELECT} WHERE g.owner_row = ? AND g.group_row < ? ORDER BY g.group_row DESC LIMIT ?`,
    );
    this.#one = new Query(connection, `${SELECT} WHERE g.group_id = ? AND g.owner_row = ?`);
    this.#sequences = new Query(
      connection,
      // Apart, since SQLite finds one of them in the index, and looks at all for both.
      `SELECT (SELECT min(sequence) FROM results WHERE group_row = ?1),
         (SELECT max(sequence) FROM results WHERE group_row = ?1)`,
    );
    this.#endAt = new Query(
      connection,
      `SELECT r.sequence, t.completed_at FROM results r INDEXED BY results_by_group
         JOIN tasks t USING (task_row)
       WHERE r.group_row = ? AND r.sequence >= ? ORDER BY r.sequence LIMIT 1`,
    );
    this.#lastEnds = new Query(
      connection,
      `SELECT count(*), min(sequence) FROM (SELECT sequence FROM results
         WHERE group_row = ? AND sequence >= ? ORDER BY sequence DESC LIMIT ${RATE_ENDS})`,
    );
  }

  async list(query: Parameters<GroupStore["list"]>[0]): Promise<Page<TaskGroupRow>> {
    const { owner, limit, cursor } = query;
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeCursor(cursor, [0])[0];
    const rows = this.#page.all(this.#engine.findUser(owner) ?? -1, before, limit + 1);
    const states = new Map<number, StateCounts>();
    for (const row of rows.slice(0, limit)) {
      states.set(row[0], await this.#states.of(row[0], unfinishedOf(row)));
    }
    const page = pageOf(rows, limit, (row) => groupOf(row, states.get(row[0])!), ([row]) => [row]);
    return await this.#engine.onDisk(page);
  }

  async progress(
    query: Parameters<GroupStore["progress"]>[0],
  ): Promise<GroupProgressRow | undefined> {
    const ownerRow = this.#engine.findUser(query.owner) ?? -1;
    const before = this.#one.get(query.taskGroupId, ownerRow);
    if (before === undefined) return undefined;
    const [groupRow] = before;
    const states = await this.#states.of(groupRow, unfinishedOf(before));
    const durations = await this.#engine.durations.of(groupRow, this.#engine.lastSequence);
    // Read at last, so that what has ended meanwhile counts.
    const row = this.#one.get(query.taskGroupId, ownerRow);
    if (row === undefined) return undefined;
    const endedPerSecond = this.#rate(groupRow, query.now);
    return await this.#engine.onDisk({ ...groupOf(row, states), endedPerSecond, durations });
  }

  #rate(groupRow: number, now: number): number | null {
    const [first, last] = this.#sequences.get(groupRow)!;
    if (first === null || last === null) return null;
    const [count, oldest] = this.#lastEnds.get(
      groupRow,
      this.#firstSince(groupRow, first, last, now - RATE_WINDOW),
    )!;
    if (oldest === null) return 0;
    const [, at] = this.#endAt.get(groupRow, oldest)!;
    return count / (Math.max(now - at, 1_000) / 1_000);
  }

  /** The sequence from which on results came at `time` or later, by bisection. */
  #firstSince(groupRow: number, first: number, last: number, time: number): number {
    let [low, high] = [first, last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = this.#endAt.get(groupRow, middle);
      if (found === undefined || found[1] >= time) high = middle;
      else low = found[0] + 1;
    }
    return low;
  }
}

function unfinishedOf([, , , tasks, success, failed, cancelled]: GroupRow): number {
  return tasks - success - failed - cancelled;
}

function groupOf(row: GroupRow, states: StateCounts): TaskGroupRow {
  const [, taskGroupId, createdAt, tasks, success, failed, cancelled, lastCompletedAt, name] = row;
  const counts: (readonly [TaskState, number])[] = [
    ...fitted(states, unfinishedOf(row)),
    ["success", success],
    ["failed", failed],
    ["cancelled", cancelled],
  ];
  return {
    taskGroupId,
    createdAt,
    tasks,
    byState: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    lastCompletedAt,
    functionName: name ?? "",
  };
}
