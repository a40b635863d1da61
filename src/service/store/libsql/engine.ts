/** What all parts of the libSQL store share: the connection, its transactions, users, and signals. */
import { FuncxError } from "../../../contract/errors.ts";
import type { UserId } from "../../../contract/ids.ts";
import { closeDatabase, type Connection } from "../../../lib/database.ts";
import { isDiskFull } from "../../../lib/files.ts";
import { logger } from "../../../lib/log.ts";
import { LogSync } from "../../../lib/log_sync.ts";
import { messageOf } from "../../../lib/outcome.ts";
import { GroupCommit, type Write } from "../group_commit.ts";
import { Changes } from "./changes.ts";
import { Query } from "./query.ts";
import { GroupDurations } from "./group_durations.ts";
import { QueuedTasks } from "./queued_tasks.ts";
import { RecentResults } from "./recent_results.ts";
import { CountWriter, Transaction } from "./transaction.ts";

const log = logger("service", "store");

export class Engine {
  readonly connection: Connection;
  readonly recent = new RecentResults();
  readonly changes: Changes;
  readonly queued: QueuedTasks;
  readonly durations: GroupDurations;
  readonly #log: LogSync;
  readonly #commit: GroupCommit<Transaction>;
  readonly #counts: CountWriter;
  readonly #findUser: Query<[number]>;
  readonly #addUser: Query<[number]>;
  readonly #nameUser: Query<[string]>;
  readonly #userRows = new Map<UserId, number>();
  readonly #userNames = new Map<number, UserId>();
  readonly #listeners = new Map<number, Set<() => void>>();
  #lastTaskRow: number;
  #lastSequence: number;

  /** @param path of the connection's file */
  constructor(connection: Connection, path: string) {
    this.connection = connection;
    this.#log = new LogSync(connection, path);
    this.changes = new Changes(connection, (row) => this.userName(row));
    this.queued = new QueuedTasks(connection);
    this.durations = new GroupDurations(connection);
    this.#counts = new CountWriter(connection);
    this.#findUser = new Query(connection, "SELECT user_row FROM users WHERE user = ?");
    this.#addUser = new Query(connection, "INSERT INTO users (user) VALUES (?) RETURNING user_row");
    this.#nameUser = new Query(connection, "SELECT user FROM users WHERE user_row = ?");
    // Also of tasks that were deleted, as long as one of the same request is there.
    this.#lastTaskRow = Math.max(
      greatest(connection, "SELECT max(task_row) FROM tasks"),
      greatest(
        connection,
        `SELECT first_task_row + task_count - 1 FROM submissions
         ORDER BY submission_row DESC LIMIT 1`,
      ),
    );
    this.#lastSequence = greatest(
      connection,
      "SELECT max(seq) FROM sqlite_sequence WHERE name = 'results'",
    );
    this.#commit = new GroupCommit({
      connection,
      log: this.#log,
      scope: () => this.#transaction(),
      translate,
    });
  }

  /** See {@link GroupCommit.write}. */
  write<T>(write: Write<Transaction, T>): Promise<T> {
    return this.#commit.write(write);
  }

  /** As {@link write}, and commits before it returns, together with what was waiting; the sync follows. */
  writeNow<T>(write: Write<Transaction, T>): Promise<T> {
    const written = this.#commit.write(write);
    this.#commit.flush();
    return written;
  }

  /** Of the last result that is committed. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** See `Store.failed`. */
  get failed(): Promise<Error> {
    return this.#log.failed;
  }

  /** Resolves with what was read when all that it may show is on disk; see {@link GroupCommit}. */
  onDisk<T>(value: T): Promise<T> {
    return this.#commit.onDisk(value);
  }

  close(): void {
    this.changes.close();
    this.#commit.close();
    this.#log.close();
    closeDatabase(this.connection);
  }

  // -- users ------------------------------------------------------------------------------------

  /** Undefined for a user who has stored nothing yet. */
  findUser(user: UserId): number | undefined {
    const known = this.#userRows.get(user);
    return known ?? this.#findUser.get(user)?.[0];
  }

  /** The user's row, made when it is missing. */
  userRow(transaction: Transaction, user: UserId): number {
    const row = this.findUser(user) ?? this.#addUser.get(user)![0];
    // Only a committed row may be remembered: this transaction may be rolled back.
    transaction.afterCommit(() => this.#userRows.set(user, row));
    return row;
  }

  userName(row: number): UserId {
    let name = this.#userNames.get(row);
    if (name === undefined) {
      name = this.#nameUser.get(row)![0];
      this.#userNames.set(row, name);
    }
    return name;
  }

  // -- signals ------------------------------------------------------------------------------------

  /** Calls `listener` after each commit that finished a task of the group, before its sync. */
  onFinished(groupRow: number, listener: () => void): () => void {
    const listeners = this.#listeners.get(groupRow) ?? new Set();
    this.#listeners.set(groupRow, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      this.#listeners.delete(groupRow);
      this.recent.forget(groupRow);
    };
  }

  /** Whether somebody waits for results of the group. */
  isWatched(groupRow: number): boolean {
    return this.#listeners.has(groupRow);
  }

  #transaction(): Transaction {
    return new Transaction({
      counts: this.#counts,
      lastTaskRow: this.#lastTaskRow,
      lastSequence: this.#lastSequence,
      recent: this.recent,
      committed: (transaction) => this.#committed(transaction),
    });
  }

  #committed(transaction: Transaction): void {
    this.#lastTaskRow = transaction.lastTaskRow;
    this.#lastSequence = transaction.lastSequence;
    this.recent.add(transaction.recentResults);
    this.queued.add(transaction.counts);
    this.changes.counted(transaction.counts);
    this.durations.ended(transaction.counts);
    for (const group of transaction.shrunkGroups) this.durations.forget(group);
    this.changes.ended(transaction.counts);
    for (const group of transaction.finishedGroups) {
      for (const listener of this.#listeners.get(group) ?? []) listener();
    }
  }
}

function greatest(connection: Connection, sql: string): number {
  return new Query<[number | null]>(connection, sql).get()?.[0] ?? 0;
}

function translate(thrown: unknown): Error {
  if (thrown instanceof FuncxError) return thrown;
  const code = (thrown as { code?: unknown }).code;
  if (isDiskFull(thrown)) {
    log.error("nothing can be stored: {reason}", { reason: messageOf(thrown) });
    return new FuncxError({
      code: "STORAGE_FULL",
      message: `the service cannot store anything: ${messageOf(thrown)}`,
      hint: "Free space, or quota, on the disk that holds the service's folder; then try again.",
    }, { cause: thrown });
  }
  log.error("a write failed: {reason}", { reason: messageOf(thrown), code });
  return new FuncxError(
    { code: "INTERNAL_ERROR", message: `the service's database failed: ${messageOf(thrown)}` },
    { cause: thrown },
  );
}
