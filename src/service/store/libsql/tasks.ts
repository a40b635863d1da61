/** Tasks as their owners see them. */
import { withFunctionPython } from "../../../contract/client_versions.ts";
import type { TaskGroupId, TaskId, UserId } from "../../../contract/ids.ts";
import { DEFAULT_PRIORITY, MAX_ANSWER_BYTES } from "../../../contract/limits.ts";
import type { TaskOptions } from "../../../contract/protocol/messages.ts";
import { isTerminal, type TaskEvent, type TaskState } from "../../../contract/task_state.ts";
import type {
  JsonObject,
  Page,
  PageQuery,
  StoredResult,
  SubmitReceipt,
  SubmitRequest,
  TaskDetailRow,
  TaskInput,
  TaskStatusRow,
  TaskStore,
  TaskSummaryRow,
} from "../store.ts";
import { decodeCursor, pageOf } from "../cursor.ts";
import type { Engine } from "./engine.ts";
import { ExpiredTasks } from "./expired_tasks.ts";
import type { LiveProgress } from "./live_progress.ts";
import { fromJson, Query } from "./query.ts";
import {
  lastThatFits,
  RESULT_BYTES,
  RESULT_COLUMNS,
  resultOf,
  type ResultRow,
} from "./result_rows.ts";
import type { Submissions } from "./submissions.ts";
import type { TaskInputs } from "./task_inputs.ts";
import { TaskCounts } from "./task_counts.ts";
import { TaskList } from "./task_list.ts";
import { SELECT_SUMMARY, type SummaryRow, TaskSummaries } from "./task_summaries.ts";
import { boundTimeline, readEvents, runTime } from "./timeline.ts";

type StatusRow = [
  taskId: string,
  ownerRow: number,
  endpointId: string,
  state: TaskState,
  completedAt: number | null,
  ...result: ResultRow,
];

type DetailRow = [
  storedState: TaskState,
  storedAttempt: number,
  maxAttempts: number,
  options: string | null,
  functionMetadata: string | null,
  timeline: string | null,
  progress: string | null,
  resultTimeline: string | null,
  ...result: ResultRow,
];

export class LibsqlTasks implements TaskStore {
  readonly #engine: Engine;
  readonly #submissions: Submissions;
  readonly #inputs: TaskInputs;
  readonly #summaries: TaskSummaries;
  readonly #list: TaskList;
  readonly #counts: TaskCounts;
  readonly #expired: ExpiredTasks;
  readonly #sizes: Query<[index: number, bytes: number]>;
  readonly #statuses: Query<StatusRow>;
  readonly #summary: Query<SummaryRow>;
  readonly #detail: Query<DetailRow>;
  readonly #timelines: Query<[timelines: string | null]>;
  readonly #groupOwner: Query<[string]>;
  readonly #groupTasks: Query<[taskRow: number, taskId: string, createdAt: number]>;

  constructor(
    engine: Engine,
    live: LiveProgress,
    parts: { readonly submissions: Submissions; readonly inputs: TaskInputs },
  ) {
    const { connection } = engine;
    this.#engine = engine;
    this.#submissions = parts.submissions;
    this.#inputs = parts.inputs;
    this.#summaries = new TaskSummaries(engine, live);
    this.#list = new TaskList(engine, this.#summaries);
    this.#counts = new TaskCounts(engine);
    this.#expired = new ExpiredTasks(engine);
    this.#sizes = new Query(
      connection,
      `SELECT ids.key, coalesce(${RESULT_BYTES}, 0)
       FROM json_each(?) ids JOIN tasks t ON t.task_id = ids.value
         LEFT JOIN results r ON r.sequence = t.result_sequence
       ORDER BY ids.key`,
    );
    this.#statuses = new Query(
      connection,
      `SELECT t.task_id, t.owner_row, e.endpoint_id, t.state, t.completed_at, ${RESULT_COLUMNS}
       FROM json_each(?) ids JOIN tasks t ON t.task_id = ids.value
         JOIN endpoints e USING (endpoint_row)
         LEFT JOIN results r ON r.sequence = t.result_sequence
       ORDER BY ids.key`,
    );
    this.#summary = new Query(connection, `${SELECT_SUMMARY} WHERE t.task_id = ?`);
    this.#detail = new Query(
      connection,
      `SELECT t.state, t.attempt, t.max_attempts, s.options, f.metadata, t.timeline, t.progress,
         r.timeline, ${RESULT_COLUMNS}
       FROM tasks t JOIN submissions s USING (submission_row) JOIN functions f USING (function_row)
         LEFT JOIN results r ON r.sequence = t.result_sequence WHERE t.task_row = ?`,
    );
    this.#timelines = new Query(
      connection,
      `SELECT group_concat('[' || coalesce(r.timeline, '') || ']')
       FROM json_each(?) ids JOIN tasks t ON t.task_id = ids.value
         JOIN results r ON r.sequence = t.result_sequence`,
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
  }

  submit(request: SubmitRequest): Promise<SubmitReceipt> {
    return this.#submissions.submit(request);
  }

  statuses(taskIds: readonly TaskId[]): Promise<readonly TaskStatusRow[]> {
    const last = lastThatFits(this.#sizes.all(JSON.stringify(taskIds)), MAX_ANSWER_BYTES);
    if (last === undefined) return Promise.resolve([]);
    const rows = this.#statuses.all(JSON.stringify(taskIds.slice(0, last + 1)));
    return this.#engine.onDisk(rows.map((row) => this.#statusOf(row)));
  }

  detail(taskId: TaskId): Promise<TaskDetailRow | undefined> {
    const row = this.#summary.get(taskId);
    return this.#engine.onDisk(row === undefined ? undefined : this.#detailOf(row[0], row));
  }

  input(taskId: TaskId): Promise<TaskInput | undefined> {
    return this.#engine.onDisk(this.#inputs.of(taskId));
  }

  list(query: Parameters<TaskStore["list"]>[0]): Promise<Page<TaskSummaryRow>> {
    return this.#list.page(query);
  }

  runTimes(taskIds: readonly TaskId[]): Promise<readonly number[]> {
    const [timelines] = this.#timelines.get(JSON.stringify(taskIds))!;
    const parsed = JSON.parse(`[${timelines ?? ""}]`) as TaskEvent[][];
    return this.#engine.onDisk(parsed.map(runTime).filter((time) => time !== undefined));
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
    return pageOf(
      rows,
      query.limit,
      ([, taskId, createdAt]) => ({ taskId, createdAt }),
      ([row]) => [row],
    );
  }

  counts(owner: UserId): Promise<Readonly<Partial<Record<TaskState, number>>>> {
    return this.#engine.onDisk(this.#counts.byState(owner));
  }

  deleteFinished({ before, limit }: Parameters<TaskStore["deleteFinished"]>[0]): Promise<number> {
    return this.#expired.delete(before, limit);
  }

  unfinished(): Promise<number> {
    return Promise.resolve(this.#counts.unfinished());
  }

  #statusOf(row: StatusRow): TaskStatusRow {
    const [taskId, ownerRow, endpointId, state, completedAt, ...result] = row;
    return {
      taskId,
      owner: this.#engine.userName(ownerRow),
      endpointId,
      state: this.#summaries.unwritten(endpointId, taskId, state, 0).at(-1)?.state ?? state,
      result: finishedOf(taskId, state, completedAt, result),
    };
  }

  #detailOf(taskRow: number, summaryRow: SummaryRow): TaskDetailRow {
    const summary = this.#summaries.of(summaryRow);
    const { taskId, endpointId, createdAt, completedAt } = summary;
    const [
      state,
      attempt,
      maxAttempts,
      optionsText,
      metadata,
      service,
      progress,
      reported,
      ...result
    ] = this.#detail.get(taskRow)!;
    const options = fromJson<TaskOptions>(optionsText);
    const received: TaskEvent = { state: "received", at: createdAt, by: "service", attempt: 0 };
    const timeline = boundTimeline([
      received,
      ...readEvents(service, progress),
      ...this.#summaries.unwritten(endpointId, taskId, state, attempt),
      ...readEvents(reported),
    ]);
    return {
      ...summary,
      maxAttempts,
      priority: options?.priority ?? DEFAULT_PRIORITY,
      client: withFunctionPython(options?.client, fromJson<JsonObject>(metadata)),
      payloadKept: isTerminal(state) ? this.#inputs.of(taskId)?.payload !== null : true,
      timeline,
      result: finishedOf(taskId, state, completedAt, result),
    };
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
