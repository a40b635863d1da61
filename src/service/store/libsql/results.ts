/**
 * Results of a group in the order in which they were committed: from the memory of the last commits
 * for a reader who keeps up, else from the database.
 */
import type { TaskGroupId } from "../../../contract/ids.ts";
import type { TerminalState } from "../../../contract/task_state.ts";
import type { FinishedPage, ResultStore } from "../store.ts";
import type { Engine } from "./engine.ts";
import { Query } from "./query.ts";
import {
  lastThatFits,
  RESULT_BYTES,
  RESULT_COLUMNS,
  resultOf,
  type ResultRow,
} from "./result_rows.ts";

type FinishedRow = [
  taskId: string,
  state: TerminalState,
  completedAt: number,
  ...result: ResultRow,
];

interface Bounds {
  readonly sequence: number;
  readonly limit: number;
  readonly maximumBytes: number;
}

export class LibsqlResults implements ResultStore {
  readonly #engine: Engine;
  readonly #group: Query<[number]>;
  readonly #sizes: Query<[sequence: number, bytes: number]>;
  readonly #page: Query<FinishedRow>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#group = new Query(connection, "SELECT group_row FROM task_groups WHERE group_id = ?");
    this.#sizes = new Query(
      connection,
      `SELECT r.sequence, ${RESULT_BYTES} FROM results r
       WHERE r.group_row = ? AND r.sequence > ? ORDER BY r.sequence LIMIT ?`,
    );
    this.#page = new Query(
      connection,
      `SELECT t.task_id, t.state, t.completed_at, ${RESULT_COLUMNS}
       FROM results r JOIN tasks t USING (task_row)
       WHERE r.group_row = ? AND r.sequence > ? AND r.sequence <= ? ORDER BY r.sequence`,
    );
  }

  after(query: Bounds & { readonly taskGroupId: TaskGroupId }): Promise<FinishedPage> {
    const group = this.#group.get(query.taskGroupId);
    if (group === undefined) return Promise.resolve({ items: [], sequence: query.sequence });
    const page = this.#recentPage(group[0], query) ?? this.#storedPage(group[0], query);
    return page.items.length === 0 ? Promise.resolve(page) : this.#engine.onDisk(page);
  }

  #recentPage(
    groupRow: number,
    { sequence, limit, maximumBytes }: Bounds,
  ): FinishedPage | undefined {
    const recent = this.#engine.recent.after(groupRow, sequence, limit, maximumBytes);
    if (recent === undefined) return undefined;
    return {
      items: recent.map(({ result }) => result),
      sequence: recent.at(-1)?.sequence ?? sequence,
    };
  }

  #storedPage(groupRow: number, { sequence, limit, maximumBytes }: Bounds): FinishedPage {
    // One more than is given, to see whether the page is the last one.
    const sizes = this.#sizes.all(groupRow, sequence, limit + 1);
    const last = lastThatFits(sizes.slice(0, limit), maximumBytes) ?? sequence;
    const isCaughtUp = last === (sizes.at(-1)?.[0] ?? sequence);
    // What is committed from here on comes from memory.
    if (isCaughtUp && this.#engine.isWatched(groupRow)) this.#engine.recent.keep(groupRow, last);
    if (last === sequence) return { items: [], sequence };
    const items = this.#page.all(groupRow, sequence, last)
      .map(([taskId, state, at, ...row]) => resultOf(taskId, state, at, row));
    return { items, sequence: last };
  }

  onFinished(taskGroupId: TaskGroupId, listener: () => void): () => void {
    const group = this.#group.get(taskGroupId);
    return group === undefined ? () => {} : this.#engine.onFinished(group[0], listener);
  }
}
