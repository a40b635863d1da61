import type { FunctionId, UserId } from "../../../contract/ids.ts";
import type {
  FunctionStore,
  FunctionSummaryRow,
  JsonObject,
  Page,
  StoredFunction,
} from "../store.ts";
import { decodeCursor, likePattern, pageOf } from "../cursor.ts";
import type { Engine } from "./engine.ts";
import { Command, fromJson, Query, queryOnce, type SqlValue, toJson } from "./query.ts";

type FunctionRow = [
  functionRow: number,
  functionId: string,
  name: string,
  description: string | null,
  metadata: string | null,
  parameters: string | null,
  ownerRow: number,
  isPublic: number,
  runtime: string,
  createdAt: number,
];

const COLUMNS = `f.function_row, f.function_id, f.name, f.description, f.metadata, f.parameters,
  f.owner_row, f.public, f.runtime, f.created_at`;

export class LibsqlFunctions implements FunctionStore {
  readonly #engine: Engine;
  readonly #add: Query<[number]>;
  readonly #addCode: Command;
  readonly #byId: Query<[code: Uint8Array, ...FunctionRow]>;
  readonly #summaries: Query<FunctionRow>;
  readonly #count: Query<[number]>;
  readonly #hide: Command;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#add = new Query(
      connection,
      `INSERT INTO functions (function_id, name, description, metadata, parameters, owner_row,
         public, runtime, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING function_row`,
    );
    this.#addCode = new Command(
      connection,
      "INSERT INTO function_codes (function_row, code) VALUES (?, CAST(? AS BLOB))",
    );
    this.#byId = new Query(
      connection,
      `SELECT c.code, ${COLUMNS} FROM functions f JOIN function_codes c USING (function_row)
       WHERE f.function_id = ? AND f.deleted_at IS NULL`,
    );
    this.#summaries = new Query(
      connection,
      `SELECT ${COLUMNS} FROM functions f
       WHERE f.function_id IN (SELECT value FROM json_each(?)) AND f.deleted_at IS NULL`,
    );
    this.#count = new Query(
      connection,
      "SELECT count(*) FROM functions WHERE owner_row = ? AND deleted_at IS NULL",
    );
    this.#hide = new Command(
      connection,
      "UPDATE functions SET deleted_at = ? WHERE function_id = ? AND deleted_at IS NULL",
    );
  }

  create(record: StoredFunction): Promise<void> {
    return this.#engine.write((transaction) => {
      const owner = this.#engine.userRow(transaction, record.owner);
      const inserted = this.#add.get(
        record.functionId,
        record.name,
        record.description,
        toJson(record.metadata),
        toJson(record.parameters),
        owner,
        record.public ? 1 : 0,
        record.runtime,
        record.createdAt,
      );
      this.#addCode.run(inserted![0], record.code);
    });
  }

  get(functionId: FunctionId): Promise<StoredFunction | undefined> {
    const found = this.#byId.get(functionId);
    if (found === undefined) return Promise.resolve(undefined);
    const [code, ...row] = found;
    return Promise.resolve({ ...this.#summaryOf(row), code: new TextDecoder().decode(code) });
  }

  summaries(functionIds: readonly FunctionId[]): Promise<readonly FunctionSummaryRow[]> {
    const rows = this.#summaries.all(JSON.stringify(functionIds));
    return Promise.resolve(rows.map((row) => this.#summaryOf(row)));
  }

  // deno-lint-ignore require-await -- a bad cursor has to reject, not to throw
  async list(
    query: Parameters<FunctionStore["list"]>[0],
  ): Promise<Page<FunctionSummaryRow>> {
    const owner = this.#engine.findUser(query.viewer) ?? -1;
    const visible = query.owner === "me" ? "f.owner_row = ?" : "(f.owner_row = ? OR f.public = 1)";
    const conditions = ["f.deleted_at IS NULL", visible];
    const parameters: SqlValue[] = [owner];
    if (query.cursor !== undefined) {
      conditions.push("f.function_row < ?");
      parameters.push(decodeCursor(query.cursor, [0])[0]);
    }
    if (query.name !== undefined) {
      conditions.push("f.name = ?");
      parameters.push(query.name);
    }
    if (query.runtime !== undefined) {
      conditions.push("f.runtime = ?");
      parameters.push(query.runtime);
    }
    if (query.search !== undefined) {
      const pattern = likePattern(query.search);
      conditions.push(`(f.name LIKE ? ESCAPE '\\' OR f.description LIKE ? ESCAPE '\\')`);
      parameters.push(pattern, pattern);
    }
    const rows = queryOnce<FunctionRow>(
      this.#engine.connection,
      `SELECT ${COLUMNS} FROM functions f WHERE ${conditions.join(" AND ")}
       ORDER BY f.function_row DESC LIMIT ?`,
      [...parameters, query.limit + 1],
    );
    return pageOf(rows, query.limit, (row) => this.#summaryOf(row), (row) => [row[0]]);
  }

  count(owner: UserId): Promise<number> {
    return Promise.resolve(this.#count.get(this.#engine.findUser(owner) ?? -1)![0]);
  }

  delete(functionId: FunctionId): Promise<boolean> {
    return this.#engine.write(() => this.#hide.run(Date.now(), functionId) > 0);
  }

  #summaryOf(row: FunctionRow): FunctionSummaryRow {
    const [, functionId, name, description, metadata, parameters, owner, isPublic, runtime, at] =
      row;
    return {
      functionId,
      name,
      description,
      metadata: fromJson<JsonObject>(metadata),
      parameters: fromJson<JsonObject>(parameters),
      owner: this.#engine.userName(owner),
      public: isPublic === 1,
      runtime,
      createdAt: at,
    };
  }
}
