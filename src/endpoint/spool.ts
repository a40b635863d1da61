/**
 * Tasks and results on disk. Changes are queued and written by `commit`, all of them in one
 * transaction or none; what failed to be written stays queued, so nothing accepted is forgotten when
 * the disk is full for a while. What is written outlives the process, and after `synced` a loss of
 * power too; `spool_sync.ts` has when that is.
 */
import type { FuncxFailure } from "../contract/errors.ts";
import type { EndpointId, FunctionId, SpoolId, TaskId } from "../contract/ids.ts";
import { closeDatabase, type Connection, type Statement } from "../lib/database.ts";
import { LogSync } from "../lib/log_sync.ts";
import { fatal, messageOf, ok, type Outcome, retryable } from "../lib/outcome.ts";
import { openSpoolFile, readMeta, unreadable } from "./spool_file.ts";
import { TaskInsert } from "./spool_insert.ts";
import { recover } from "./spool_recovery.ts";
import { SpoolLoad } from "./spool_load.ts";
import { RECORD, taskRecord, type TaskRow, UNFINISHED } from "./spool_rows.ts";
import type { StoredLane } from "./lane.ts";
import type { LaneLoad, LaneMark, LoadedLane, Recovery } from "./table_events.ts";
import type { SpooledTask, TaskRecord } from "./task.ts";

/** Results as they are sent: one frame of the protocol. */
export interface StoredBatch {
  readonly batch: number;
  readonly frame: Uint8Array;
  readonly taskIds: readonly TaskId[];
}

const DAMAGED = /malformed|not a database|corrupt/i;

const IDS = "(SELECT value FROM json_each(?))";
const SEQS_OF_BATCH = "(SELECT value FROM json_each((SELECT seqs FROM results WHERE batch = ?)))";

/** Throws as {@link openSpoolFile} does. */
export function openSpool(path: string, endpointId: EndpointId): Spool {
  return new Spool(path, openSpoolFile(path, endpointId));
}

export class Spool {
  readonly spoolId: SpoolId;
  readonly #connection: Connection;
  readonly #log: LogSync;
  readonly #sql: ReturnType<typeof statements>;
  readonly #insert: TaskInsert;
  readonly #load: SpoolLoad;
  #writes: (() => void)[] = [];
  /** Those that nobody needs to see done: they go with the next others. */
  #drops: (() => void)[] = [];
  /** Ids of tasks in `#writes`. */
  readonly #uncommitted = new Set<TaskId>();
  #lastBatch: number;

  /** Takes an open file over; see `openSpool`. */
  constructor(readonly path: string, connection: Connection) {
    this.#connection = connection;
    this.#log = new LogSync(connection, path);
    this.#sql = statements(connection);
    this.#insert = new TaskInsert(connection);
    this.#load = new SpoolLoad(connection);
    this.spoolId = readMeta(connection, "spool_id")!;
    this.#lastBatch = this.#number("SELECT coalesce(max(batch), 0) AS n FROM results");
  }

  // -- reading ----------------------------------------------------------------------------------

  recover(at: number): Recovery {
    return recover(this.#connection, at);
  }

  /** Those of `taskIds` that are stored, finished or not, or about to be. */
  known(taskIds: readonly TaskId[]): Set<TaskId> {
    // One row for all of them: reading rows costs the driver more than a query that has one.
    const row = this.#sql.known.get(JSON.stringify(taskIds)) as { task_ids: string };
    const known = new Set(JSON.parse(row.task_ids) as TaskId[]);
    for (const taskId of taskIds) if (this.#uncommitted.has(taskId)) known.add(taskId);
    return known;
  }

  /** Those of `taskIds` that are stored, without payloads, and whether they have a result. */
  lookUp(
    taskIds: readonly TaskId[],
  ): { readonly waiting: TaskRecord[]; readonly finished: Set<TaskId> } {
    const rows = this.#sql.lookUp.all(JSON.stringify(taskIds)) as (TaskRow & { done: number })[];
    return {
      waiting: rows.filter((row) => row.done === 0).map(taskRecord),
      finished: new Set(rows.filter((row) => row.done !== 0).map((row) => row.task_id)),
    };
  }

  /** See {@link SpoolLoad.load}. */
  load(lanes: readonly LaneLoad[], maximumBytes: number): LoadedLane[] {
    return this.#load.load(lanes, maximumBytes);
  }

  functionCode(functionId: FunctionId): Uint8Array | undefined {
    return (this.#sql.code.get(functionId) as { code: Uint8Array } | undefined)?.code;
  }

  /** Batches of results that wait for acknowledgement, oldest first, and how many results. */
  unacknowledged(): { readonly batches: number[]; readonly results: number } {
    const rows = this.#connection.prepare(
      "SELECT batch, json_array_length(task_ids) AS n FROM results ORDER BY batch",
    ).all() as { batch: number; n: number }[];
    return {
      batches: rows.map((row) => row.batch),
      results: rows.reduce((sum, row) => sum + row.n, 0),
    };
  }

  batch(batch: number): StoredBatch | undefined {
    const row = this.#sql.batch.get(batch) as { frame: Uint8Array; task_ids: string } | undefined;
    return row && { batch, frame: row.frame, taskIds: JSON.parse(row.task_ids) };
  }

  // -- queueing changes -------------------------------------------------------------------------

  storeFunctions(functions: readonly { function_id: FunctionId; code: Uint8Array }[]): void {
    for (const { function_id, code } of functions) {
      this.#writes.push(() => this.#sql.storeFunction.run(function_id, code));
    }
  }

  /** Functions are sent anew in each session, so an empty spool needs none. */
  dropFunctions(): void {
    this.#writes.push(() =>
      this.#connection.exec(
        "DELETE FROM functions WHERE function_id NOT IN (SELECT function_id FROM tasks)",
      )
    );
  }

  store(tasks: readonly SpooledTask[], lanes: readonly StoredLane[]): void {
    for (const task of tasks) this.#uncommitted.add(task.taskId);
    this.#writes.push(() => {
      for (const { lane, owner, group, priority } of lanes) {
        this.#sql.storeLane.run(lane, owner, group, priority);
      }
      this.#insert.run(tasks);
    });
  }

  /** See invariant 3 of the task table. */
  begin(through: readonly LaneMark[], again: readonly number[]): void {
    this.#writes.push(() => {
      for (const { lane, seq } of through) this.#sql.beginLane.run(seq, lane);
      if (again.length > 0) this.#sql.beginAgain.run(JSON.stringify(again));
    });
  }

  /** Lanes without unfinished tasks. */
  forgetLanes(lanes: readonly number[]): void {
    this.#writes.push(() => this.#sql.forgetLanes.run(JSON.stringify(lanes)));
  }

  requeue(tasks: readonly TaskRecord[]): void {
    this.#writes.push(() => {
      for (const { seq, attemptsMade, moved, timeline } of tasks) {
        this.#sql.requeue.run(attemptsMade, moved, JSON.stringify(timeline), seq);
      }
    });
  }

  /** The number under which the batch can be asked for and dropped. */
  storeResults(
    frame: Uint8Array,
    tasks: readonly { readonly seq: number | null; readonly taskId: TaskId }[],
  ): number {
    const batch = ++this.#lastBatch;
    const seqs = JSON.stringify(tasks.map((task) => task.seq).filter((seq) => seq !== null));
    const taskIds = JSON.stringify(tasks.map((task) => task.taskId));
    this.#writes.push(() => {
      this.#sql.storeResults.run(batch, frame, taskIds, seqs);
      this.#sql.finish.run(seqs);
    });
    return batch;
  }

  /**
   * The service has these; their tasks go with them. That is no reason to write by itself: where it
   * is lost, they are sent again, and acknowledged again.
   */
  dropResults(batch: number): void {
    this.#drops.push(() => {
      this.#sql.dropTasks.run(batch);
      this.#sql.dropFinished.run(batch);
      this.#sql.dropBatch.run(batch);
    });
  }

  // -- writing ----------------------------------------------------------------------------------

  /** Whether something is queued that has to be written now. */
  get hasChanges(): boolean {
    return this.#writes.length > 0;
  }

  /** Whether something is queued that may wait for such. */
  get hasDrops(): boolean {
    return this.#drops.length > 0;
  }

  /**
   * Writes what is queued. `retryable` with `STORAGE_FULL` when the disk has no room or gives errors,
   * `fatal` with `SPOOL_UNREADABLE` when the file is damaged; nothing is written then, and the
   * changes stay queued.
   */
  commit(): Outcome<void, FuncxFailure> {
    if (!this.hasChanges && !this.hasDrops) return ok(undefined);
    try {
      this.#connection.exec("BEGIN IMMEDIATE");
      for (const drop of this.#drops) drop();
      for (const write of this.#writes) write();
      this.#connection.exec("COMMIT");
    } catch (thrown) {
      this.#rollBack();
      return this.#notWritten(thrown);
    }
    this.#writes = [];
    this.#drops = [];
    this.#uncommitted.clear();
    this.#log.written();
    return ok(undefined);
  }

  /** Resolves when all that is written now is on disk. */
  synced(): Promise<void> {
    return this.#log.synced();
  }

  /** Resolves when the disk failed so that nobody knows what is on it; only another agent can go on. */
  get lost(): Promise<FuncxFailure> {
    return this.#log.failed.then((error) => ({
      code: "STORAGE_FULL",
      message: `${this.path} could not be brought to the disk: ${messageOf(error)}`,
      hint: "See that the disk works and has room, then start the endpoint again.",
    }));
  }

  /** SQLite may have rolled back by itself already. */
  #rollBack(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
    }
  }

  /** Gives the room of what was deleted back to the disk. */
  shrink(): void {
    try {
      this.#connection.exec("PRAGMA incremental_vacuum");
      this.#connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (thrown) {
      // It needs a little room itself; the file stays as it is then.
      if (!(thrown instanceof Error)) throw thrown;
    }
  }

  #notWritten(thrown: unknown): Outcome<void, FuncxFailure> {
    const message = messageOf(thrown);
    if (DAMAGED.test(message)) return fatal(unreadable(this.path, message));
    return retryable({
      code: "STORAGE_FULL",
      message: `${this.path} cannot be written: ${message}`,
      hint: "Make room on that disk, or move stateDir of the profile to another one.",
    });
  }

  /** What reading it has thrown, told to a user. */
  failureOf(thrown: unknown): FuncxFailure {
    const message = messageOf(thrown);
    return DAMAGED.test(message)
      ? unreadable(this.path, message)
      : { code: "INTERNAL_ERROR", message, hint: "Start the endpoint again; nothing is lost." };
  }

  close(): void {
    this.#syncLast();
    this.#log.close();
    closeDatabase(this.#connection);
  }

  #syncLast(): void {
    try {
      this.#log.syncNow();
    } catch (thrown) {
      // `lost` has told it.
      if (!(thrown instanceof Error)) throw thrown;
    }
  }

  #number(sql: string): number {
    return (this.#connection.prepare(sql).get() as { n: number }).n;
  }
}

function statements(connection: Connection): Record<StatementName, Statement> {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, connection.prepare(sql)]);
  return Object.fromEntries(prepared);
}

const SQL = {
  known: `SELECT json_group_array(task_id) AS task_ids FROM tasks WHERE task_id IN ${IDS}`,
  lookUp: `SELECT ${RECORD}, NOT ${UNFINISHED} AS done FROM tasks WHERE task_id IN ${IDS}`,
  code: "SELECT code FROM functions WHERE function_id = ?",
  batch: "SELECT frame, task_ids FROM results WHERE batch = ?",
  storeFunction: "INSERT OR IGNORE INTO functions (function_id, code) VALUES (?, ?)",
  beginAgain: `UPDATE tasks SET again = 2 WHERE seq IN ${IDS}`,
  requeue: "UPDATE tasks SET again = 1, attempts_made = ?, moved = ?, timeline = ? WHERE seq = ?",
  storeResults: "INSERT INTO results (batch, frame, task_ids, seqs) VALUES (?, ?, ?, ?)",
  finish: `INSERT INTO finished (seq) SELECT value FROM json_each(?)`,
  dropTasks: `DELETE FROM tasks WHERE seq IN ${SEQS_OF_BATCH}`,
  dropFinished: `DELETE FROM finished WHERE seq IN ${SEQS_OF_BATCH}`,
  dropBatch: "DELETE FROM results WHERE batch = ?",
  storeLane: "INSERT INTO lanes (lane, owner, task_group, priority) VALUES (?, ?, ?, ?)",
  beginLane: "UPDATE lanes SET begun_through = ? WHERE lane = ?",
  forgetLanes: `DELETE FROM lanes WHERE lane IN ${IDS}`,
} as const;

type StatementName = keyof typeof SQL;
