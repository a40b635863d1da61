/**
 * Prepared statements with types. The driver aborts the process when it is handed a boolean, an
 * array or, as the only parameter, a buffer; the types here and the list around the parameters
 * rule that out.
 */
import type { Connection, Statement } from "../../../lib/database.ts";

export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = readonly SqlValue[];

/** A statement that gives rows, each as a tuple in the order of its columns. */
export class Query<Row extends SqlRow> {
  readonly #connection: Connection;
  readonly #sql: string;
  #statement: Statement;

  constructor(connection: Connection, sql: string) {
    this.#connection = connection;
    this.#sql = sql;
    this.#statement = connection.prepare(sql).raw(true);
  }

  /**
   * The first row. Also for a statement that changes rows and returns one: all changes are made
   * before its first row comes. A third of the cost of {@link all}.
   */
  get(...parameters: readonly SqlValue[]): Row | undefined {
    try {
      return this.#statement.get(parameters) as Row | undefined;
    } catch (thrown) {
      // The driver does not reset a statement that failed: it would repeat the error.
      this.#statement = this.#connection.prepare(this.#sql).raw(true);
      throw thrown;
    }
  }

  all(...parameters: readonly SqlValue[]): Row[] {
    return this.#statement.all(parameters) as Row[];
  }
}

/** A statement that gives no rows. */
export class Command {
  readonly #statement: Statement;

  constructor(connection: Connection, sql: string) {
    this.#statement = connection.prepare(sql);
  }

  /** The number of rows that it changed. */
  run(...parameters: readonly SqlValue[]): number {
    return (this.#statement.run(parameters) as { changes: number }).changes;
  }
}

/** Rows per statement of a {@link BulkInsert}: an insert costs two thirds of one row at a time. */
const ROWS_PER_STATEMENT = 50;

/** Inserts rows, many with one statement. */
export class BulkInsert {
  readonly #one: Command;
  readonly #many: Command;

  /**
   * @param into such as `INSERT INTO table (column, …)`
   * @param row such as `(?, CAST(? AS BLOB), …)`
   */
  constructor(connection: Connection, into: string, row: string) {
    this.#one = new Command(connection, `${into} VALUES ${row}`);
    const rows = Array(ROWS_PER_STATEMENT).fill(row).join(", ");
    this.#many = new Command(connection, `${into} VALUES ${rows}`);
  }

  /** In the order given. */
  run(rows: readonly SqlRow[]): void {
    let start = 0;
    for (; start + ROWS_PER_STATEMENT <= rows.length; start += ROWS_PER_STATEMENT) {
      this.#many.run(...rows.slice(start, start + ROWS_PER_STATEMENT).flat());
    }
    for (const row of rows.slice(start)) this.#one.run(...row);
  }
}

/** Prepares a query whose text depends on the request. */
export function queryOnce<Row extends SqlRow>(
  connection: Connection,
  sql: string,
  parameters: readonly SqlValue[],
): Row[] {
  return new Query<Row>(connection, sql).all(...parameters);
}

export function toJson(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

export function fromJson<T>(text: string | null): T | null {
  return text === null ? null : JSON.parse(text) as T;
}
