import { ENDPOINT_LOST, type EndpointTasks } from "./endpoint_tasks.ts";
import type { EndpointId, FunctionId, UserId } from "../../../contract/ids.ts";
import type {
  EndpointDescription,
  EndpointStore,
  EndpointToken,
  JsonObject,
  Page,
  PageQuery,
  StoredEndpoint,
} from "../store.ts";
import { decodeCursor, likePattern, pageOf } from "./cursor.ts";
import type { Engine } from "./engine.ts";
import { Command, fromJson, Query, queryOnce, type SqlValue, toJson } from "./query.ts";
import type { LibsqlTokens } from "./tokens.ts";
import type { Transaction } from "./transaction.ts";

type EndpointRow = [
  endpointRow: number,
  endpointId: string,
  name: string,
  displayName: string | null,
  description: string | null,
  metadata: string | null,
  allowedFunctions: string | null,
  ownerRow: number,
  isPublic: number,
  createdAt: number,
  lastSeen: number | null,
  hostname: string | null,
  softwareVersion: string | null,
  runtimes: string | null,
  queuedTasks: number,
];

const SELECT = `
  SELECT e.endpoint_row, e.endpoint_id, e.name, e.display_name, e.description, e.metadata,
    e.allowed_functions, e.owner_row, e.public, e.created_at, e.last_seen, e.hostname,
    e.software_version, e.runtimes,
    (SELECT coalesce(sum(c.unfinished), 0) FROM task_counts c
      WHERE c.endpoint_row = e.endpoint_row)
  FROM endpoints e`;

export class LibsqlEndpoints implements EndpointStore {
  readonly #engine: Engine;
  readonly #tokens: LibsqlTokens;
  readonly #tasks: EndpointTasks;
  readonly #add: Query<[number]>;
  readonly #change: Query<[endpointRow: number, ownerRow: number]>;
  readonly #byId: Query<EndpointRow>;
  readonly #count: Query<[number]>;
  readonly #hide: Query<[number]>;
  readonly #see: Command;

  constructor(engine: Engine, tokens: LibsqlTokens, tasks: EndpointTasks) {
    const { connection } = engine;
    this.#engine = engine;
    this.#tokens = tokens;
    this.#tasks = tasks;
    this.#add = new Query(
      connection,
      `INSERT INTO endpoints (name, display_name, description, metadata, allowed_functions, public,
         endpoint_id, owner_row, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING endpoint_row`,
    );
    this.#change = new Query(
      connection,
      `UPDATE endpoints SET name = ?, display_name = ?, description = ?, metadata = ?,
         allowed_functions = ?, public = ?
       WHERE endpoint_id = ? AND deleted_at IS NULL RETURNING endpoint_row, owner_row`,
    );
    this.#byId = new Query(connection, `${SELECT} WHERE e.endpoint_id = ? AND deleted_at IS NULL`);
    this.#count = new Query(
      connection,
      `SELECT count(*) FROM endpoints
       WHERE owner_row = (SELECT user_row FROM users WHERE user = ?) AND deleted_at IS NULL`,
    );
    this.#hide = new Query(
      connection,
      `UPDATE endpoints SET deleted_at = ? WHERE endpoint_id = ? AND deleted_at IS NULL
       RETURNING endpoint_row`,
    );
    this.#see = new Command(connection, "UPDATE endpoints SET last_seen = ? WHERE endpoint_id = ?");
  }

  register(
    endpoint: EndpointDescription & {
      readonly endpointId: EndpointId;
      readonly owner: UserId;
      readonly createdAt: number;
      readonly token: EndpointToken;
    },
  ): Promise<void> {
    const { endpointId, owner, createdAt, token } = endpoint;
    return this.#engine.write((transaction) => {
      const ownerRow = this.#engine.userRow(transaction, owner);
      const described = descriptionValues(endpoint);
      const added = this.#add.get(...described, endpointId, ownerRow, createdAt);
      const identity = { endpointId, owner, endpointRow: added![0] };
      this.#tokens.replaceOfEndpoint(transaction, identity, token, createdAt);
      this.#changed(transaction, endpointId);
    });
  }

  update(
    endpointId: EndpointId,
    description: EndpointDescription & { readonly token: EndpointToken; readonly at: number },
  ): Promise<boolean> {
    return this.#engine.write((transaction) => {
      const changed = this.#change.get(...descriptionValues(description), endpointId);
      if (changed === undefined) return false;
      const [endpointRow, ownerRow] = changed;
      const identity = { endpointId, endpointRow, owner: this.#engine.userName(ownerRow) };
      this.#tokens.replaceOfEndpoint(transaction, identity, description.token, description.at);
      this.#changed(transaction, endpointId);
      return true;
    });
  }

  get(endpointId: EndpointId): Promise<StoredEndpoint | undefined> {
    const row = this.#byId.get(endpointId);
    return Promise.resolve(row === undefined ? undefined : this.#endpointOf(row));
  }

  // deno-lint-ignore require-await -- a bad cursor has to reject, not to throw
  async list(
    query: PageQuery & {
      readonly viewer: UserId;
      readonly name?: string;
      readonly search?: string;
      readonly ownedOnly?: boolean;
    },
  ): Promise<Page<StoredEndpoint>> {
    const visible = query.ownedOnly ? "e.owner_row = ?" : "(e.owner_row = ? OR e.public = 1)";
    const conditions = ["e.deleted_at IS NULL", visible];
    const parameters: SqlValue[] = [this.#engine.findUser(query.viewer) ?? -1];
    if (query.cursor !== undefined) {
      conditions.push("(e.name, e.endpoint_row) > (?, ?)");
      parameters.push(...decodeCursor(query.cursor, ["", 0]));
    }
    if (query.name !== undefined) {
      conditions.push("e.name = ?");
      parameters.push(query.name);
    }
    if (query.search !== undefined) {
      const pattern = likePattern(query.search);
      conditions.push(`(e.name LIKE ? ESCAPE '\\' OR e.display_name LIKE ? ESCAPE '\\')`);
      parameters.push(pattern, pattern);
    }
    const rows = queryOnce<EndpointRow>(
      this.#engine.connection,
      `${SELECT} WHERE ${conditions.join(" AND ")} ORDER BY e.name, e.endpoint_row LIMIT ?`,
      [...parameters, query.limit + 1],
    );
    return pageOf(rows, query.limit, (row) => this.#endpointOf(row), (row) => [row[2], row[0]]);
  }

  async delete(endpointId: EndpointId, at: number): Promise<boolean> {
    const row = await this.#engine.write((transaction) => {
      const hidden = this.#hide.get(at, endpointId);
      if (hidden !== undefined) this.#tokens.endOfEndpoint(hidden[0]);
      this.#changed(transaction, endpointId);
      return hidden?.[0];
    });
    if (row === undefined) return false;
    await this.#tasks.failAll(row, ENDPOINT_LOST.deleted, at);
    return true;
  }

  count(owner: UserId): Promise<number> {
    return Promise.resolve(this.#count.get(owner)?.[0] ?? 0);
  }

  seen(endpointId: EndpointId, at: number): Promise<void> {
    return this.#engine.write((transaction) => {
      this.#see.run(at, endpointId);
      this.#changed(transaction, endpointId);
    });
  }

  onChange(listener: (endpointId: EndpointId) => void): () => void {
    return this.#engine.changes.onEndpoint(listener);
  }

  #changed(transaction: Transaction, endpointId: EndpointId): void {
    transaction.afterCommit(() => this.#engine.changes.endpointChanged(endpointId));
  }

  #endpointOf(row: EndpointRow): StoredEndpoint {
    return {
      endpointId: row[1],
      name: row[2],
      displayName: row[3],
      description: row[4],
      metadata: fromJson<JsonObject>(row[5]),
      allowedFunctions: fromJson<FunctionId[]>(row[6]),
      owner: this.#engine.userName(row[7]),
      public: row[8] === 1,
      createdAt: row[9],
      lastSeen: row[10],
      hostname: row[11],
      softwareVersion: row[12],
      runtimes: fromJson<string[]>(row[13]) ?? [],
      queuedTasks: row[14],
    };
  }
}

function descriptionValues(description: EndpointDescription): SqlValue[] {
  return [
    description.name,
    description.displayName,
    description.description,
    toJson(description.metadata),
    toJson(description.allowedFunctions),
    description.public ? 1 : 0,
  ];
}
