/** Tasks as their owners see them. */
import { setImmediate } from "node:timers/promises";
import type { EndpointId, FunctionId, TaskGroupId, TaskId, UserId } from "../../../contract/ids.ts";
import { isTerminal, type TaskEvent, type TaskState } from "../../../contract/task_state.ts";
import type {
  Page,
  PageQuery,
  StoredResult,
  SubmitReceipt,
  SubmitRequest,
  TaskDetailRow,
  TaskStatusRow,
  TaskStore,
  TaskSummaryRow,
} from "../store.ts";
import { decodeCursor, pageOf } from "./cursor.ts";
import type { Engine } from "./engine.ts";
import type { LiveProgress } from "./live_progress.ts";
import { Query, queryOnce, type SqlValue } from "./query.ts";
import { RESULT_COLUMNS, resultOf, type ResultRow } from "./result_rows.ts";
import type { Submissions } from "./submissions.ts";
import { boundTimeline, legalMoves, readEvents } from "./timeline.ts";

type SummaryRow = [
  taskRow: number,
  taskId: string,
  ownerRow: number,
  groupId: string,
  functionId: string,
  functionName: string,
  endpointId: string,
  endpointName: string,
  state: TaskState,
  attempt: number,
  createdAt: number,
  completedAt: number | null,
];
const SUMMARY_COLUMNS = `t.task_row, t.task_id, t.owner_row, g.group_id, f.function_id, f.name,
  e.endpoint_id, e.name, t.state, t.attempt, t.created_at, t.completed_at`;
const SUMMARY_JOINS = `JOIN task_groups g USING (group_row) JOIN functions f USING (function_row)
  JOIN endpoints e USING (endpoint_row)`;

type StatusRow = [
  taskId: string,
  ownerRow: number,
  endpointId: string,
  state: TaskState,
  completedAt: number | null,
  ...result: ResultRow,
];

type DetailRow = [
  maxAttempts: number,
  timeline: string | null,
  progress: string | null,
  resultTimeline: string | null,
  ...result: ResultRow,
];

type ListQuery = PageQuery & {
  readonly owner: UserId;
  readonly state?: TaskState;
  readonly endpointId?: EndpointId;
  readonly functionId?: FunctionId;
  readonly taskGroupId?: TaskGroupId;
};

/** Rows that one statement of a filtered list looks at, so that no list holds the others up. */
const LIST_WINDOW = 5_000;

export class LibsqlTasks implements TaskStore {
  readonly #engine: Engine;
  readonly #live: LiveProgress;
  readonly #submissions: Submissions;
  readonly #statuses: Query<StatusRow>;
  readonly #summary: Query<SummaryRow>;
  readonly #detail: Query<DetailRow>;
  readonly #windowStart: Query<[taskRow: number | null]>;
  readonly #groupOwner: Query<[string]>;
  readonly #groupTasks: Query<[taskRow: number, taskId: string, createdAt: number]>;
  readonly #finishedCounts: Query<[success: number, failed: number, cancelled: number]>;
  readonly #unfinishedCounts: Query<[state: TaskState, count: number]>;
  readonly #unfinished: Query<[number]>;

  constructor(engine: Engine, live: LiveProgress, submissions: Submissions) {
    const { connection } = engine;
    this.#engine = engine;
    this.#live = live;
    this.#submissions = submissions;
    this.#statuses = new Query(
      connection,
      `SELECT t.task_id, t.owner_row, e.endpoint_id, t.state, t.completed_at, ${RESULT_COLUMNS}
       FROM json_each(?) ids JOIN tasks t ON t.task_id = ids.value
         JOIN endpoints e USING (endpoint_row)
         LEFT JOIN results r ON r.sequence = t.result_sequence
       ORDER BY ids.key`,
    );
    this.#summary = new Query(
      connection,
      `SELECT ${SUMMARY_COLUMNS} FROM tasks t ${SUMMARY_JOINS} WHERE t.task_id = ?`,
    );
    this.#detail = new Query(
      connection,
      `SELECT t.max_attempts, t.timeline, t.progress, r.timeline, ${RESULT_COLUMNS}
       FROM tasks t LEFT JOIN results r ON r.sequence = t.result_sequence WHERE t.task_row = ?`,
    );
    this.#windowStart = new Query(
      connection,
      `SELECT min(task_row) FROM (SELECT task_row FROM tasks WHERE owner_row = ? AND task_row < ?
         ORDER BY task_row DESC LIMIT ${LIST_WINDOW})`,
    );
    this.#groupOwner = new Query(
      connection,
      "SELECT u.user FROM task_groups g JOIN users u ON u.user_row = g.owner_row WHERE group_id = ?",
    );
    this.#groupTasks = new Query(
      connection,
      `SELECT task_row, task_id, created_at FROM tasks
       WHERE group_row = (SELECT group_row FROM task_groups WHERE group_id = ?) AND task_row > ?
       ORDER BY task_row LIMIT ?`,
    );
    this.#finishedCounts = new Query(
      connection,
      `SELECT coalesce(sum(success), 0), coalesce(sum(failed), 0), coalesce(sum(cancelled), 0)
       FROM task_counts WHERE owner_row = ?`,
    );
    this.#unfinishedCounts = new Query(
      connection,
      `SELECT t.state, count(*) FROM task_counts c JOIN tasks t USING (endpoint_row)
       WHERE c.owner_row = ?1 AND c.unfinished > 0 AND t.owner_row = ?1 AND t.delivery < 2
       GROUP BY t.state
       UNION ALL
       SELECT t.state, count(*) FROM task_counts c JOIN tasks t USING (endpoint_row)
       WHERE c.owner_row = ?1 AND c.unfinished > 0 AND t.owner_row = ?1 AND t.delivery = 2
       GROUP BY t.state`,
    );
    this.#unfinished = new Query(
      connection,
      "SELECT coalesce(sum(unfinished), 0) FROM task_counts",
    );
  }

  submit(request: SubmitRequest): Promise<SubmitReceipt> {
    return this.#submissions.submit(request);
  }

  statuses(taskIds: readonly TaskId[]): Promise<readonly TaskStatusRow[]> {
    const rows = this.#statuses.all(JSON.stringify(taskIds));
    return Promise.resolve(rows.map((row) => this.#statusOf(row)));
  }

  detail(taskId: TaskId): Promise<TaskDetailRow | undefined> {
    const row = this.#summary.get(taskId);
    if (row === undefined) return Promise.resolve(undefined);
    const summary = this.#summaryOf(row);
    const [maxAttempts, service, progress, reported, ...result] = this.#detail.get(row[0])!;
    const received: TaskEvent = { state: "received", at: row[10], by: "service", attempt: 0 };
    const timeline = boundTimeline([
      received,
      ...readEvents(service, progress),
      ...this.#unwritten(summary.endpointId, taskId, row[8], row[9]),
      ...readEvents(reported),
    ]);
    return Promise.resolve({
      ...summary,
      maxAttempts,
      timeline,
      result: finishedOf(taskId, row[8], row[11], result),
    });
  }

  async list(query: ListQuery): Promise<Page<TaskSummaryRow>> {
    const owner = this.#engine.findUser(query.owner) ?? -1;
    let before = query.cursor === undefined
      ? Number.MAX_SAFE_INTEGER
      : decodeCursor(query.cursor, [0])[0];
    const rows: SummaryRow[] = [];
    while (rows.length <= query.limit) {
      const start = isFiltered(query) ? this.#windowStart.get(owner, before)?.[0] ?? null : 0;
      if (start === null) break;
      rows.push(...this.#listWindow(query, owner, start, before, query.limit + 1 - rows.length));
      if (!isFiltered(query)) break;
      before = start;
      await setImmediate();
    }
    return pageOf(rows, query.limit, (row) => this.#summaryOf(row), (row) => [row[0]]);
  }

  groupOwner(taskGroupId: TaskGroupId): Promise<UserId | undefined> {
    return Promise.resolve(this.#groupOwner.get(taskGroupId)?.[0]);
  }

  // deno-lint-ignore require-await -- a bad cursor has to reject, not to throw
  async groupTasks(
    query: PageQuery & { readonly taskGroupId: TaskGroupId },
  ): Promise<Page<{ readonly taskId: TaskId; readonly createdAt: number }>> {
    const after = query.cursor === undefined ? 0 : decodeCursor(query.cursor, [0])[0];
    const rows = this.#groupTasks.all(query.taskGroupId, after, query.limit + 1);
    const item = (row: typeof rows[number]) => ({ taskId: row[1], createdAt: row[2] });
    return pageOf(rows, query.limit, item, (row) => [row[0]]);
  }

  counts(owner: UserId): Promise<Readonly<Partial<Record<TaskState, number>>>> {
    const ownerRow = this.#engine.findUser(owner) ?? -1;
    const [success, failed, cancelled] = this.#finishedCounts.get(ownerRow)!;
    const counts: Partial<Record<TaskState, number>> = {};
    for (const [state, count] of this.#unfinishedCounts.all(ownerRow)) {
      counts[state] = (counts[state] ?? 0) + count;
    }
    for (const [state, count] of Object.entries({ success, failed, cancelled })) {
      if (count > 0) counts[state as TaskState] = count;
    }
    return Promise.resolve(counts);
  }

  unfinished(): Promise<number> {
    return Promise.resolve(this.#unfinished.get()![0]);
  }

  #listWindow(
    query: ListQuery,
    owner: number,
    start: number,
    before: number,
    limit: number,
  ): SummaryRow[] {
    const conditions = ["t.owner_row = ?", "t.task_row >= ?", "t.task_row < ?"];
    const parameters: SqlValue[] = [owner, start, before];
    const filters = [
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
    for (const [condition, value] of filters) {
      if (value === undefined) continue;
      conditions.push(condition);
      parameters.push(value);
    }
    return queryOnce<SummaryRow>(
      this.#engine.connection,
      `SELECT ${SUMMARY_COLUMNS} FROM tasks t ${SUMMARY_JOINS}
       WHERE ${conditions.join(" AND ")} ORDER BY t.task_row DESC LIMIT ?`,
      [...parameters, limit],
    );
  }

  #summaryOf(row: SummaryRow): TaskSummaryRow {
    const moves = this.#unwritten(row[6], row[1], row[8], row[9]);
    const last = moves[moves.length - 1];
    return {
      taskId: row[1],
      owner: this.#engine.userName(row[2]),
      taskGroupId: row[3],
      functionId: row[4],
      functionName: row[5],
      endpointId: row[6],
      endpointName: row[7],
      state: last?.state ?? row[8],
      attempt: Math.max(last?.attempt ?? 0, row[9]),
      createdAt: row[10],
      completedAt: row[11],
    };
  }

  #statusOf(row: StatusRow): TaskStatusRow {
    const [taskId, ownerRow, endpointId, state, completedAt, ...result] = row;
    const moves = this.#unwritten(endpointId, taskId, state, 0);
    return {
      taskId,
      owner: this.#engine.userName(ownerRow),
      state: moves[moves.length - 1]?.state ?? state,
      result: finishedOf(taskId, state, completedAt, result),
    };
  }

  /** Moves that the endpoint reported a moment ago. */
  #unwritten(
    endpointId: EndpointId,
    taskId: TaskId,
    state: TaskState,
    attempt: number,
  ): readonly TaskEvent[] {
    if (isTerminal(state)) return [];
    return legalMoves(state, this.#live.movesOf(endpointId, taskId, attempt));
  }
}

function finishedOf(
  taskId: TaskId,
  state: TaskState,
  completedAt: number | null,
  row: ResultRow,
): StoredResult | null {
  return isTerminal(state) ? resultOf(taskId, state, completedAt ?? 0, row) : null;
}

function isFiltered(query: ListQuery): boolean {
  return query.state !== undefined || query.endpointId !== undefined ||
    query.functionId !== undefined || query.taskGroupId !== undefined;
}
