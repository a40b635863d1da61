/** The owner's tasks, newest first, filtered. */
import { setImmediate } from "node:timers/promises";
import type { Page, TaskStore, TaskSummaryRow } from "../store.ts";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { Engine } from "./engine.ts";
import { Query, type SqlValue } from "./query.ts";
import { SELECT_SUMMARY_JSON, type SummaryRow, type TaskSummaries } from "./task_summaries.ts";

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
    const rows = await this.#rows(query);
    const page = pageOf(rows, query.limit, (row) => this.#summaries.of(row), (row) => [row[0]]);
    return await this.#engine.onDisk(page);
  }

  /** One more than a page has, when there are as many. */
  async #rows(query: ListQuery): Promise<SummaryRow[]> {
    const owner = this.#engine.findUser(query.owner) ?? -1;
    const filter = filterOf(query);
    const wanted = query.limit + 1;
    let before = query.cursor === undefined
      ? Number.MAX_SAFE_INTEGER
      : decodeCursor(query.cursor, [0])[0];
    // Of rows that all are wanted, no more are looked at than are given.
    if (filter.conditions.length === 0) return this.#window(filter, { owner, before, wanted });
    const rows: SummaryRow[] = [];
    for (;;) {
      const start = this.#windowStart.get(owner, before)?.[0] ?? null;
      if (start === null) return rows;
      rows.push(
        ...this.#window(filter, { owner, start, before, wanted: wanted - rows.length }),
      );
      if (rows.length === wanted) return rows;
      before = start;
      await setImmediate();
    }
  }

  /**
   * Rows from `start` and before `before`, newest first, as one value: each that the driver hands
   * over costs as much as a row does to the database.
   */
  #window(
    { conditions, parameters }: Filter,
    { owner, start = 0, before, wanted }: Window,
  ): SummaryRow[] {
    const where = ["t.owner_row = ?", "t.task_row >= ?", "t.task_row < ?", ...conditions];
    const query = new Query<[string | null]>(
      this.#engine.connection,
      `SELECT group_concat(summary) FROM (${SELECT_SUMMARY_JSON} WHERE ${where.join(" AND ")}
         ORDER BY t.task_row DESC LIMIT ?)`,
    );
    const [rows] = query.get(owner, start, before, ...parameters, wanted)!;
    return JSON.parse(`[${rows ?? ""}]`);
  }
}

interface Filter {
  /** Of SQL, with their parameters. */
  readonly conditions: readonly string[];
  readonly parameters: readonly SqlValue[];
}

interface Window {
  readonly owner: number;
  readonly start?: number;
  readonly before: number;
  /** Rows at most. */
  readonly wanted: number;
}

function filterOf(query: ListQuery): Filter {
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
