/** libSQL in this process, opened the one way that is safe on shared and network file systems. */
import Database from "libsql";

export type Connection = Database.Database;
export type Statement = Database.Statement;

/** Another process has the file. */
export class DatabaseInUseError extends Error {
  override readonly name = "DatabaseInUseError";
}

/** The file is not a database, or is damaged; it was left as it is. */
export class DatabaseUnreadableError extends Error {
  override readonly name = "DatabaseUnreadableError";
}

/**
 * Opens or makes the file at `path`, mode 0600, for this process alone: `locking_mode=EXCLUSIVE`
 * comes before WAL, so that there is no shared-memory file, which network file systems cannot hold.
 * With `synchronous=FULL` a commit is on disk when it returns.
 *
 * Throws {@link DatabaseInUseError} or {@link DatabaseUnreadableError}.
 */
export function openDatabase(path: string): Connection {
  createPrivately(path);
  let connection: Connection | undefined;
  try {
    connection = new Database(path);
    connection.pragma("locking_mode = EXCLUSIVE");
    connection.pragma("journal_mode = WAL");
    connection.pragma("synchronous = FULL");
    connection.pragma("foreign_keys = ON");
    connection.pragma("temp_store = MEMORY");
    // The exclusive lock is taken by the first write transaction, not by the pragma.
    connection.exec("BEGIN IMMEDIATE; COMMIT");
    return connection;
  } catch (thrown) {
    if (connection !== undefined) closeDatabase(connection);
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (/locked|busy/i.test(message)) {
      throw new DatabaseInUseError(`${path} is open in another process`);
    }
    if (/not a database|malformed|corrupt/i.test(message)) {
      throw new DatabaseUnreadableError(`${path}: ${message}`);
    }
    throw thrown;
  }
}

/**
 * Throws {@link DatabaseUnreadableError} when pages of the file at `path` are not what they should be.
 * It reads all of it, 500 MB a second or so.
 */
export function checkDatabase(connection: Connection, path: string): void {
  const row = connection.prepare("PRAGMA quick_check(1)").get() as Record<string, string>;
  const [verdict = "the check gave nothing"] = Object.values(row);
  if (verdict !== "ok") throw new DatabaseUnreadableError(`${path}: ${verdict.split("\n").at(-1)}`);
}

/** SQLite makes files by the umask; the WAL takes the mode of the database. */
function createPrivately(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
  }
}

/**
 * Closes the connection and frees the file at once. `close` alone leaves the lock until the garbage
 * collector has found every statement of the connection.
 */
export function closeDatabase(connection: Connection): void {
  try {
    // An exclusive lock that was there before WAL can only be given up after leaving WAL.
    connection.pragma("journal_mode = DELETE");
    connection.pragma("locking_mode = NORMAL");
    connection.prepare("SELECT count(*) FROM sqlite_schema").get();
  } catch {
    // A damaged file or a full disk: the lock ends with the process then.
  }
  connection.close();
}
