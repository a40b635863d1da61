/** The owner's tasks, newest first, filtered. */
import { setImmediate } from "node:timers/promises";
import type { Page, TaskStore, TaskSummaryRow } from "../store.ts";
import { decodeCursor, pageOf } from "./cursor.ts";
import type { Engine } from "./engine.ts";
import { Query, queryOnce, type SqlValue } from "./query.ts";
import { SELECT_SUMMARY, type SummaryRow, type TaskSummaries } from "./task_summaries.ts";

type ListQuery = Parameters<TaskStore["list"]>[0];

/** Rows that one statement of a filtered list looks at, so that no list holds the others up. */
const WINDOW = 5_000;

export class TaskList {
  readonly #engine: Engine;
  readonly #summaries: TaskSummaries;
  readonly #windowStart: Query<[taskRow: number | null]>;

  constructor(engine: Engine, summaries: TaskSummaries) {
    this.#engine = engine;
    this.#summaries = summaries;
    this.#windowStart = new Query(
      engine.connection,
      `SELECT min(task_row) FROM (SELECT task_row FROM tasks WHERE owner_row = ? AND task_row < ?
         ORDER BY task_row DESC LIMIT ${WINDOW})`,
    );
  }

  /** See `TaskStore.list`. */
  async page(query: ListQuery): Promise<Page<TaskSummaryRow>> {
    const owner = this.#engine.findUser(query.owner) ?? -1;
    const rows: SummaryRow[] = [];
    let before = query.cursor === undefined
      ? Number.MAX_SAFE_INTEGER
      : decodeCursor(query.cursor, [0])[0];
    while (rows.length <= query.limit) {
      const start = this.#windowStart.get(owner, before)?.[0] ?? null;
      if (start === null) break;
      rows.push(...this.#window(query, owner, start, before, query.limit + 1 - rows.length));
      before = start;
      await setImmediate();
    }
    const page = pageOf(rows, query.limit, (row) => this.#summaries.of(row), (row) => [row[0]]);
    return await this.#engine.onDisk(page);
  }

  #window(
    query: ListQuery,
    owner: number,
    start: number,
    before: number,
    limit: number,
  ): SummaryRow[] {
    const { conditions, parameters } = filters(query);
    const where = ["t.owner_row = ?", "t.task_row >= ?", "t.task_row < ?", ...conditions];
    return queryOnce<SummaryRow>(
      this.#engine.connection,
      `${SELECT_SUMMARY} WHERE ${where.join(" AND ")} ORDER BY t.task_row DESC LIMIT ?`,
      [owner, start, before, ...parameters, limit],
    );
  }
}

function filters(query: ListQuery): { conditions: string[]; parameters: SqlValue[] } {
  const wanted = [
    ["t.state = ?", query.state],
    [
      "t.endpoint_row = (SELECT endpoint_row FROM endpoints WHERE endpoint_id = ?)",
      query.endpointId,
    ],
    [
      "t.function_row = (SELECT function_row FROM functions WHERE function_id = ?)",
      query.functionId,
    ],
    ["t.group_row = (SELECT group_row FROM task_groups WHERE group_id = ?)", query.taskGroupId],
  ] as const;
  const conditions: string[] = [];
  const parameters: SqlValue[] = [];
  for (const [condition, value] of wanted) {
    if (value === undefined) continue;
    conditions.push(condition);
    parameters.push(value);
  }
  return { conditions, parameters };
}
