/** Results of a group in the order in which they were committed. */
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

  after(query: {
    readonly taskGroupId: TaskGroupId;
    readonly sequence: number;
    readonly limit: number;
    readonly maximumBytes: number;
  }): Promise<FinishedPage> {
    const group = this.#group.get(query.taskGroupId);
    if (group === undefined) return Promise.resolve({ items: [], sequence: query.sequence });
    const sizes = this.#sizes.all(group[0], query.sequence, query.limit);
    const last = lastThatFits(sizes, query.maximumBytes);
    if (last === undefined) return Promise.resolve({ items: [], sequence: query.sequence });
    const items = this.#page.all(group[0], query.sequence, last)
      .map(([taskId, state, at, ...row]) => resultOf(taskId, state, at, row));
    return this.#engine.onDisk({ items, sequence: last });
  }

  onFinished(taskGroupId: TaskGroupId, listener: () => void): () => void {
    const group = this.#group.get(taskGroupId);
    return group === undefined ? () => {} : this.#engine.onFinished(group[0], listener);
  }
}
