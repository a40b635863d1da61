/** The spool's file: its tables, whose it is, and what is done with one that cannot be used. */
import { FuncxError, type FuncxFailure } from "../contract/errors.ts";
import { type EndpointId, newId } from "../contract/ids.ts";
import {
  checkDatabase,
  closeDatabase,
  type Connection,
  DatabaseInUseError,
  DatabaseUnreadableError,
  openDatabase,
} from "../lib/database.ts";
import { messageOf } from "../lib/outcome.ts";
import { dirname, join } from "../lib/path.ts";
import { unwritable } from "./unwritable.ts";

/** Each takes a file from one version to the next. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE functions (function_id TEXT PRIMARY KEY, code BLOB NOT NULL) STRICT;
  -- Kept until the result is acknowledged, so that a task that is sent again is known.
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    function_id TEXT NOT NULL,
    options TEXT NOT NULL,
    attempts_made INTEGER NOT NULL,
    timeline TEXT NOT NULL,
    payload BLOB NOT NULL,
    -- 0: begun if its lane says so; 1: lost an attempt and waits; 2: began again.
    again INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  -- Tasks with a result in the next table.
  CREATE TABLE finished (seq INTEGER PRIMARY KEY) STRICT;
  -- One frame of the protocol in each row; ids and seqs of its tasks as JSON.
  CREATE TABLE results (
    batch INTEGER PRIMARY KEY, frame BLOB NOT NULL, task_ids TEXT NOT NULL, seqs TEXT NOT NULL
  ) STRICT;
`,
  `
  -- What one owner's group has waiting at one priority; kept while a task of it is unfinished.
  CREATE TABLE lanes (
    lane INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    task_group TEXT,
    priority INTEGER NOT NULL,
    -- Its tasks up to this seq have begun.
    begun_through INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  ALTER TABLE tasks ADD COLUMN lane INTEGER NOT NULL DEFAULT 1;
  CREATE INDEX tasks_by_lane ON tasks (lane, seq);
  INSERT INTO lanes (lane, owner, priority, begun_through)
    SELECT 1, '', 0, coalesce((
      SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'begun_through'
    ), 0) WHERE EXISTS (SELECT 1 FROM tasks);
  DELETE FROM meta WHERE key = 'begun_through';
`,
  `
  -- Of attempts_made, how many do not count, since what ran them ended as planned.
  ALTER TABLE tasks ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
`,
];

/** A larger file is not checked when the agent before ended as it should. */
const ALWAYS_CHECKED_BYTES = 64 * 1024 * 1024;
/**
 * A larger file is not checked whole after a crash either: a million tasks are 250 MB, which takes
 * half a second. Damage is noticed when it is read then.
 */
const MAX_CHECKED_BYTES = 1024 * 1024 * 1024;

/**
 * Opens or makes the spool of an endpoint. A spool of another endpoint id, left from an earlier
 * registration, is renamed and kept. Throws `FuncxError` with `SPOOL_UNREADABLE`,
 * `ALREADY_RUNNING`, `STORAGE_FULL` or `DIRECTORY_UNUSABLE`.
 */
export function openSpoolFile(path: string, endpointId: EndpointId): Connection {
  const connection = openFile(path);
  const owner = readMeta(connection, "endpoint_id");
  if (owner === endpointId) return connection;
  if (owner === undefined) return claim(connection, path, endpointId);
  closeDatabase(connection);
  Deno.renameSync(path, join(dirname(path), `spool.${owner}.db`));
  return claim(openFile(path), path, endpointId);
}

function claim(connection: Connection, path: string, endpointId: EndpointId): Connection {
  try {
    writeMeta(connection, "endpoint_id", endpointId);
    return connection;
  } catch (thrown) {
    closeDatabase(connection);
    throw spoolError(path, thrown);
  }
}

function openFile(path: string): Connection {
  let connection: Connection | undefined;
  try {
    const crashed = sizeOf(`${path}-wal`) > 0;
    connection = openDatabase(path);
    // The tasks in flight fit in it, so that their index is not read again and again.
    connection.pragma("cache_size = -16000");
    // A checkpoint syncs twice: once in 16 MB instead of once in 4.
    connection.pragma("wal_autocheckpoint = 4000");
    migrate(connection);
    if (sizeOf(path) <= (crashed ? MAX_CHECKED_BYTES : ALWAYS_CHECKED_BYTES)) {
      checkDatabase(connection, path);
    }
    if (readMeta(connection, "spool_id") === undefined) {
      throw new DatabaseUnreadableError("it has no spool id");
    }
    return connection;
  } catch (thrown) {
    // Not `closeDatabase`: a damaged file is touched as little as can be.
    connection?.close();
    throw spoolError(path, thrown);
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return 0;
    throw thrown;
  }
}

function migrate(connection: Connection): void {
  const { user_version: version } = connection.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (version > MIGRATIONS.length) {
    throw new DatabaseUnreadableError(`it was written by a newer version (${version})`);
  }
  if (version === MIGRATIONS.length) return;
  if (version === 0) {
    // Takes effect with the next VACUUM, which has nothing to do here.
    connection.exec("PRAGMA auto_vacuum = INCREMENTAL");
    connection.exec("VACUUM");
  }
  const steps = MIGRATIONS.slice(version).join("\n");
  connection.exec(`BEGIN; ${steps} PRAGMA user_version = ${MIGRATIONS.length}`);
  if (version === 0) writeMeta(connection, "spool_id", newId());
  connection.exec("COMMIT");
}

function spoolError(path: string, thrown: unknown): FuncxError {
  const message = messageOf(thrown);
  if (thrown instanceof DatabaseInUseError) {
    return new FuncxError({
      code: "ALREADY_RUNNING",
      message: `the spool ${path} is open in another process`,
      hint: "Stop the agent that has it; `funcx-endpoint list` names it.",
    });
  }
  if (thrown instanceof DatabaseUnreadableError || /malformed|not a database/i.test(message)) {
    return new FuncxError(unreadable(path, message));
  }
  return unwritable(`the spool ${path} cannot be opened`, thrown);
}

export function readMeta(connection: Connection, key: string): string | undefined {
  const row = connection.prepare("SELECT value FROM meta WHERE key = ?").get(key);
  return (row as { value: string } | undefined)?.value;
}

/** Takes key and value. */
export const SET_META = `INSERT INTO meta (key, value) VALUES (?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;

function writeMeta(connection: Connection, key: string, value: string): void {
  connection.prepare(SET_META).run(key, value);
}

/** What is told of a damaged file, which is kept as it is. */
export function unreadable(path: string, reason: string): FuncxFailure {
  return {
    code: "SPOOL_UNREADABLE",
    message: `the spool ${path} is damaged: ${reason.split("\n").at(-1)}`,
    hint: `It was left as it is. Move it away and start again: mv '${path}' '${path}.damaged'; ` +
      "the service then sends unfinished tasks again as far as they have attempts left.",
  };
}
