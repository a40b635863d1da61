/** Brings a database to the newest form. */
import { FuncxError } from "../../contract/errors.ts";
import type { Connection } from "../../lib/database.ts";
import { VERSION } from "../../lib/version.ts";
import { type Migration, MIGRATIONS } from "./migrations/mod.ts";

/**
 * Applies what is missing, each migration in a transaction of its own, and records it in the table
 * `migrations`. The version is read inside the transaction, so of two starts at once one migrates
 * and the other finds it done. Throws `STORE_UNREADABLE` when a newer program made the database.
 */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  refuseNewer(userVersion(connection), migrations.length);
  for (const migration of migrations) {
    connection.exec("BEGIN IMMEDIATE");
    try {
      if (userVersion(connection) < migration.number) apply(connection, migration);
      connection.exec("COMMIT");
    } catch (thrown) {
      if (connection.inTransaction) connection.exec("ROLLBACK");
      throw thrown;
    }
  }
}

function apply(connection: Connection, migration: Migration): void {
  connection.exec(`
    CREATE TABLE IF NOT EXISTS migrations (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      software_version TEXT NOT NULL,
      applied_at REAL NOT NULL
    )`);
  connection.exec(migration.sql);
  connection.prepare("INSERT INTO migrations VALUES (?, ?, ?, ?)")
    .run([migration.number, migration.name, VERSION, Date.now()]);
  connection.pragma(`user_version = ${migration.number}`);
}

function userVersion(connection: Connection): number {
  const [row] = connection.pragma("user_version") as { user_version: number }[];
  return row?.user_version ?? 0;
}

function refuseNewer(found: number, known: number): void {
  if (found <= known) return;
  throw new FuncxError({
    code: "STORE_UNREADABLE",
    message: `the service's database has version ${found}, this program knows up to ${known}`,
    hint: "Start the service with the newer funcx-endpoint that made the database.",
  });
}
