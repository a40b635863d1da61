/**
 * The owner's tasks, newest first, filtered. A list walks along the index that has least beside what
 * is wanted, some thousand rows at a time, so that no list holds the others up however rare it is
 * what it looks for.
 */
import { setImmediate } from "node:timers/promises";
import { isTerminal } from "../../../contract/task_state.ts";
import type { Page, TaskStore, TaskSummaryRow } from "../store.ts";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { Engine } from "./engine.ts";
import { Query, queryOnce, type SqlValue } from "./query.ts";
import { selectSummaryJson, type SummaryRow, type TaskSummaries } from "./task_summaries.ts";
import { TaskTimes } from "./task_times.ts";
import { UnfinishedRows } from "./unfinished_rows.ts";

type ListQuery = Parameters<TaskStore["list"]>[0];

/** Rows that one statement of a filtered list looks at. */
const WINDOW = 5_000;

export class TaskList {
  readonly #engine: Engine;
  readonly #summaries: TaskSummaries;
  readonly #group: Query<[groupRow: number]>;
  readonly #times: TaskTimes;
  readonly #unfinished: UnfinishedRows;

  constructor(engine: Engine, summaries: TaskSummaries) {
    const { connection } = engine;
    this.#engine = engine;
    this.#summaries = summaries;
    this.#group = new Query(connection, "SELECT group_row FROM task_groups WHERE group_id = ?");
    this.#times = new TaskTimes(connection);
    this.#unfinished = new UnfinishedRows(connection);
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
    const bounds = this.#bounds(query, owner);
    const wanted = query.limit + 1;
    const walk = this.#walk(query, owner);
    if (walk.kind === "few") {
      const few = new Set(walk.taskRows.filter((row) => row >= bounds.from && row < bounds.before));
      return few.size === 0 ? [] : this.#few(filter, [...few], wanted);
    }
    // Of rows that all are wanted, no more are looked at than are given.
    if (filter.conditions.length === 0) return this.#window(walk, filter, { ...bounds, wanted });
    const rows: SummaryRow[] = [];
    for (let { before } = bounds;;) {
      const start = this.#windowStart(walk, bounds.from, before);
      if (start === null) return rows;
      const window = { from: start, before, wanted: wanted - rows.length };
      rows.push(...this.#window(walk, filter, window));
      if (rows.length === wanted) return rows;
      before = start;
      await setImmediate();
    }
  }

  #bounds(query: ListQuery, owner: number): Bounds {
    const { cursor, since, until } = query;
    const end = until === undefined ? Number.MAX_SAFE_INTEGER : this.#times.end(owner, until);
    const from = since === undefined ? 0 : this.#times.start(owner, since);
    const next = cursor === undefined ? end : decodeCursor(cursor, [0])[0];
    return { from, before: Math.min(end, next) };
  }

  #walk(query: ListQuery, owner: number): Walk {
    const { taskGroupId, state, finished } = query;
    if (taskGroupId !== undefined) {
      const groupRow = this.#group.get(taskGroupId)?.[0] ?? -1;
      return along("tasks_by_group", "t.group_row = ?", groupRow);
    }
    if (state === "failed" || state === "cancelled") {
      return along(`tasks_${state}`, `t.state = '${state}' AND t.owner_row = ?`, owner);
    }
    if (finished === false || (state !== undefined && !isTerminal(state))) {
      const taskRows = this.#unfinished.few(owner);
      if (taskRows !== undefined) return { kind: "few", taskRows };
    }
    return along("tasks_by_owner", "t.owner_row = ?", owner);
  }

  #windowStart({ index, condition, value }: Along, from: number, before: number): number | null {
    const [row] = queryOnce<[taskRow: number | null]>(
      this.#engine.connection,
      `SELECT min(task_row) FROM (SELECT task_row FROM tasks t INDEXED BY ${index}
         WHERE ${condition} AND task_row >= ? AND task_row < ?
         ORDER BY task_row DESC LIMIT ${WINDOW})`,
      [value, from, before],
    );
    return row![0];
  }

  #window({ index, condition, value }: Along, filter: Filter, window: Window): SummaryRow[] {
    const { from, before, wanted } = window;
    const where = [condition, "t.task_row >= ?", "t.task_row < ?", ...filter.conditions];
    const source = `tasks t INDEXED BY ${index}`;
    return this.#select(source, where, [value, from, before, ...filter.parameters, wanted]);
  }

  #few(filter: Filter, taskRows: readonly number[], wanted: number): SummaryRow[] {
    const where = ["t.task_row IN (SELECT value FROM json_each(?))", ...filter.conditions];
    const parameters = [JSON.stringify(taskRows), ...filter.parameters, wanted];
    return this.#select("tasks t", where, parameters);
  }

  /**
   * Newest first, as one value: each that the driver hands over costs as much as a row does to the
   * database.
   */
  #select(
    source: string,
    where: readonly string[],
    parameters: readonly SqlValue[],
  ): SummaryRow[] {
    const [found] = queryOnce<[string | null]>(
      this.#engine.connection,
      `SELECT group_concat(summary) FROM (${selectSummaryJson(source)}
         WHERE ${where.join(" AND ")} ORDER BY t.task_row DESC LIMIT ?)`,
      parameters,
    );
    return JSON.parse(`[${found![0] ?? ""}]`);
  }
}

/** An index of `tasks` that ends with the row, and what its other columns have to be. */
interface Along {
  readonly kind: "along";
  readonly index: string;
  /** Of SQL, with one parameter. */
  readonly condition: string;
  readonly value: number;
}

type Walk =
  | Along
  /** All that may be wanted. */
  | { readonly kind: "few"; readonly taskRows: readonly number[] };

function along(index: string, condition: string, value: number): Along {
  return { kind: "along", index, condition, value };
}

interface Bounds {
  readonly from: number;
  readonly before: number;
}

interface Window extends Bounds {
  /** Rows at most. */
  readonly wanted: number;
}

interface Filter {
  /** Of SQL, with their parameters. */
  readonly conditions: readonly string[];
  readonly parameters: readonly SqlValue[];
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
    // Of a group all tasks are looked at, whoever asks.
    ["t.owner_row = (SELECT user_row FROM users WHERE user = ?)", query.taskGroupId && query.owner],
    ["(t.delivery IS NULL) = ?", query.finished === undefined ? undefined : +query.finished],
    ["t.created_at >= ?", query.since],
    ["t.created_at < ?", query.until],
  ] as const;
  const present = wanted.filter(([, value]) => value !== undefined);
  return {
    conditions: present.map(([condition]) => condition),
    parameters: present.map(([, value]) => value!),
  };
}
