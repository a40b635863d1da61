/**
 * The end of finished tasks: the one place where a task is deleted, with its result and what its
 * submission and its group leave behind. Whatever else belongs to tasks ends with them by triggers
 * on `tasks` and `results` (`migrations/002_blobs.ts`, `005_overview.ts`). Pages that become free are used for later
 * tasks: the file stays as large as what it held at most, and nothing is moved to make it smaller.
 *
 * 1. A task that has not finished is never deleted.
 * 2. An idempotency key is kept as long as all tasks of its request.
 */
import type { TerminalState } from "../../../contract/task_state.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";
import type { Transaction } from "./transaction.ts";

type Row = [
  sequence: number,
  taskRow: number,
  ownerRow: number,
  endpointRow: number,
  submissionRow: number,
  groupRow: number,
  state: TerminalState,
  completedAt: number,
];

export class ExpiredTasks {
  readonly #engine: Engine;
  readonly #oldest: Query<Row>;
  readonly #deleteResults: Command;
  readonly #deleteTasks: Command;
  readonly #forgetKeys: Command;
  readonly #deleteSubmissions: Command;
  readonly #emptyGroups: Query<[groupRow: number, taskGroupId: string]>;
  readonly #deleteGroups: Command;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#oldest = new Query(
      connection,
      `SELECT r.sequence, t.task_row, t.owner_row, t.endpoint_row, t.submission_row, t.group_row,
         t.state, t.completed_at
       FROM results r JOIN tasks t USING (task_row) ORDER BY r.sequence LIMIT ?`,
    );
    const rows = "(SELECT value FROM json_each(?))";
    this.#deleteResults = new Command(connection, `DELETE FROM results WHERE sequence IN ${rows}`);
    this.#deleteTasks = new Command(connection, `DELETE FROM tasks WHERE task_row IN ${rows}`);
    this.#forgetKeys = new Command(
      connection,
      `UPDATE submissions SET idempotency_key = NULL, digest = NULL, batches = NULL
       WHERE submission_row IN ${rows} AND idempotency_key IS NOT NULL`,
    );
    this.#deleteSubmissions = new Command(
      connection,
      `DELETE FROM submissions WHERE submission_row IN ${rows} AND NOT EXISTS (SELECT 1 FROM tasks
         WHERE task_row >= first_task_row AND task_row < first_task_row + task_count)`,
    );
    this.#emptyGroups = new Query(
      connection,
      `SELECT group_row, group_id FROM task_groups g WHERE group_row IN ${rows}
         AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.group_row = g.group_row)`,
    );
    this.#deleteGroups = new Command(
      connection,
      `DELETE FROM task_groups WHERE group_row IN ${rows}`,
    );
  }

  /** See `TaskStore.deleteFinished`. */
  delete(before: number, limit: number): Promise<number> {
    return this.#engine.write((transaction) => {
      const rows = this.#oldest.all(limit).filter(([, , , , , , , at]) => at < before);
      if (rows.length > 0) this.#delete(transaction, rows);
      return rows.length;
    });
  }

  #delete(transaction: Transaction, rows: readonly Row[]): void {
    const unique = (values: number[]): string => JSON.stringify([...new Set(values)]);
    const sequences = JSON.stringify(rows.map(([sequence]) => sequence));
    const taskRows = JSON.stringify(rows.map(([, taskRow]) => taskRow));
    const submissions = unique(rows.map(([, , , , submissionRow]) => submissionRow));
    const groups = unique(
      rows.map(([, , , , , groupRow]) => groupRow).filter((row) => !this.#engine.isWatched(row)),
    );
    this.#deleteResults.run(sequences);
    this.#deleteTasks.run(taskRows);
    this.#forgetKeys.run(submissions);
    this.#deleteSubmissions.run(submissions);
    const empty = this.#emptyGroups.all(groups);
    this.#deleteGroups.run(unique(empty.map(([groupRow]) => groupRow)));
    transaction.afterCommit(() => {
      for (const [, taskGroupId] of empty) this.#engine.changes.groupDeleted(taskGroupId);
    });
    for (const [, , ownerRow, endpointRow, , groupRow, state] of rows) {
      transaction.deleted({ ownerRow, endpointRow, groupRow, state });
    }
  }
}
