/**
 * What becomes of all unfinished tasks of one endpoint when it lost them, left or was deleted. There
 * may be a hundred thousand, so they are changed in portions, and others' requests come between.
 * Each portion leaves the database such that the rest can be done after a crash.
 */
import type { TaskError } from "../../../contract/errors.ts";
import type { TaskId } from "../../../contract/ids.ts";
import type { TaskEvent, TaskState } from "../../../contract/task_state.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";
import type { TaskFinisher } from "./task_finisher.ts";
import { writeEvents } from "./timeline.ts";
import type { Transaction } from "./transaction.ts";

const PORTION = 1_000;

function lost(message: string, hint: string): TaskError {
  return { code: "ENDPOINT_LOST", type: "EndpointLost", message, traceback: "", hint };
}

/** Why a task failed for the sake of its endpoint. */
export const ENDPOINT_LOST = {
  spool: lost(
    "the endpoint lost the tasks on its disk, and no attempt is left for this one",
    "Submit it again, or allow more attempts with max_attempts if it may run twice.",
  ),
  deleted: lost(
    "the endpoint was deleted before the task finished",
    "Submit it to another endpoint.",
  ),
};

export const CANCELLED: TaskError = {
  code: "TASK_CANCELLED",
  type: "TaskCancelled",
  message: "cancelled before it was sent to its endpoint",
  traceback: "",
};

type Row = [
  taskRow: number,
  state: TaskState,
  attemptsMade: number,
  attempt: number,
  maxAttempts: number,
  cancelRequested: number | null,
];

export type HeldRow = [taskRow: number, taskId: TaskId, ownerRow: number, submissionRow: number];

const COLUMNS = "task_row, state, attempts_made, attempt, max_attempts, cancel_requested";

export class EndpointTasks {
  readonly #engine: Engine;
  readonly #finisher: TaskFinisher;
  readonly #waiting: Query<Row>;
  readonly #sent: Query<Row>;
  readonly #held: Query<Row>;
  readonly #sentAt: Query<Row>;
  readonly #requeue: Command;
  readonly #heldAfter: Query<HeldRow>;
  readonly #heldOf: Query<Row>;

  constructor(engine: Engine, finisher: TaskFinisher) {
    const { connection } = engine;
    this.#engine = engine;
    this.#finisher = finisher;
    const select = (delivery: string, order: string): Query<Row> =>
      new Query(
        connection,
        `SELECT ${COLUMNS} FROM tasks
         WHERE endpoint_row = ? AND delivery = ${delivery} ORDER BY ${order} LIMIT ${PORTION}`,
      );
    // In the order of their indexes. Each portion leaves what it selected.
    this.#waiting = select("0", "owner_row, priority, group_row, task_row");
    this.#sent = select("1", "task_row");
    this.#held = select("2", "task_row");
    this.#sentAt = new Query(
      connection,
      `SELECT ${COLUMNS} FROM json_each(?) positions JOIN tasks ON task_row = positions.value
       WHERE endpoint_row = ? AND delivery = 1`,
    );
    this.#heldAfter = new Query(
      connection,
      `SELECT task_row, task_id, owner_row, submission_row FROM tasks
       WHERE endpoint_row = ? AND task_row > ? AND delivery = 2 ORDER BY task_row LIMIT ?`,
    );
    this.#heldOf = new Query(
      connection,
      `SELECT ${COLUMNS} FROM tasks
       WHERE task_id IN (SELECT value FROM json_each(?)) AND endpoint_row = ? AND delivery = 2`,
    );
    this.#requeue = new Command(
      connection,
      `UPDATE tasks SET delivery = 0, state = 'waiting-for-ep', attempts_made = ?1, attempt = ?2,
         timeline = nullif(concat_ws(',', timeline, progress, ?3), ''), progress = NULL
       WHERE task_row = ?4`,
    );
  }

  /** Fails every unfinished task. */
  async failAll(endpointRow: number, error: TaskError, at: number): Promise<number> {
    const all = [this.#waiting, this.#sent, this.#held];
    return await this.#inPortions(all, endpointRow, (transaction, row) => {
      this.#finish(transaction, row, { state: "failed", error, at });
    });
  }

  /** What was sent or accepted is gone: it is queued once more, or fails when no attempt is left. */
  async spoolLost(
    endpointRow: number,
    at: number,
  ): Promise<{ readonly requeued: number; readonly failed: number }> {
    let requeued = 0;
    const portions = [this.#sent, this.#held];
    const changed = await this.#inPortions(portions, endpointRow, (transaction, row) => {
      if (this.#tryAgain(transaction, row, at)) transaction.afterCommit(() => requeued++);
    });
    return { requeued, failed: changed - requeued };
  }

  /** In order, after a position. */
  held(endpointRow: number, after: number, limit: number): HeldRow[] {
    return this.#heldAfter.all(endpointRow, after, limit);
  }

  /** As {@link spoolLost}, of some of the accepted ones. */
  async missing(
    endpointRow: number,
    taskIds: readonly TaskId[],
    at: number,
  ): Promise<{ readonly requeued: number; readonly failed: number }> {
    return await this.#engine.write((transaction) => {
      const rows = this.#heldOf.all(JSON.stringify(taskIds), endpointRow);
      const requeued = rows.filter((row) => this.#tryAgain(transaction, row, at)).length;
      return { requeued, failed: rows.length - requeued };
    });
  }

  /** Those at `positions` that were marked as perhaps sent, but were not, wait for the endpoint. */
  async release(endpointRow: number, positions: readonly number[], at: number): Promise<void> {
    for (let start = 0; start < positions.length; start += PORTION) {
      const portion = JSON.stringify(positions.slice(start, start + PORTION));
      await this.#engine.write((transaction) => {
        for (const row of this.#sentAt.all(portion, endpointRow)) {
          this.#release(transaction, row, at);
        }
      });
    }
  }

  #release(transaction: Transaction, row: Row, at: number): void {
    const [taskRow, state, attemptsMade, attempt, , cancelRequested] = row;
    if (cancelRequested === 1) {
      return this.#finish(transaction, row, { state: "cancelled", error: CANCELLED, at });
    }
    const events = state === "waiting-for-ep" ? [] : [waiting(at, attempt)];
    this.#requeue.run(attemptsMade, attempt, writeEvents(events), taskRow);
  }

  #tryAgain(transaction: Transaction, row: Row, at: number): boolean {
    const [taskRow, , attemptsMade, attempt, maxAttempts, cancelRequested] = row;
    if (cancelRequested === 1) {
      this.#finish(transaction, row, { state: "cancelled", error: CANCELLED, at });
      return false;
    }
    // The endpoint retries by itself: its last attempt may be beyond the first.
    const made = Math.max(attemptsMade + 1, attempt);
    if (made >= maxAttempts) {
      this.#finish(transaction, row, { state: "failed", error: ENDPOINT_LOST.spool, at });
      return false;
    }
    const event = waiting(at, made, "the endpoint lost the tasks on its disk");
    this.#requeue.run(made, made, writeEvents([event]), taskRow);
    return true;
  }

  #finish(
    transaction: Transaction,
    row: Row,
    end: { readonly state: "failed" | "cancelled"; readonly error: TaskError; readonly at: number },
  ): void {
    this.#finisher.byService(transaction, { taskRow: row[0], attempt: row[3] }, end);
  }

  /**
   * Applies `change`, after which a row is no longer among them, to each row; their number. The last
   * portion sees that none of `portions` has any more, all at once: others may move rows from one to
   * another in between.
   */
  async #inPortions(
    portions: readonly Query<Row>[],
    endpointRow: number,
    change: (transaction: Transaction, row: Row) => void,
  ): Promise<number> {
    let count = 0;
    while (true) {
      const changed = await this.#engine.write((transaction) => {
        const rows: Row[] = [];
        for (const portion of portions) {
          if (rows.length < PORTION) rows.push(...portion.all(endpointRow));
        }
        for (const row of rows) change(transaction, row);
        return rows.length;
      });
      count += changed;
      if (changed < PORTION) return count;
    }
  }
}

function waiting(at: number, attempt: number, detail?: string): TaskEvent {
  return {
    state: "waiting-for-ep",
    at,
    by: "service",
    attempt,
    ...(detail === undefined ? {} : { detail }),
  };
}
