import { setImmediate } from "node:timers/promises";
import { ENDPOINT_LOST, type EndpointTasks } from "./endpoint_tasks.ts";
import { FuncxError } from "../../../contract/errors.ts";
import type { EndpointId, FunctionId, UserId } from "../../../contract/ids.ts";
import type {
  EndpointDescription,
  EndpointOutline,
  EndpointStore,
  EndpointToken,
  JsonObject,
  StoredEndpoint,
} from "../store.ts";
import type { Engine } from "./engine.ts";
import { Command, fromJson, Query, type SqlValue, toJson } from "./query.ts";
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

type OutlineRow = [
  endpointRow: number,
  endpointId: string,
  name: string,
  displayName: string | null,
  ownerRow: number,
  isPublic: number,
  createdAt: number,
  lastSeen: number | null,
  hostname: string | null,
  namedSite: string | null,
  runtimes: string[],
];

/** Takes some milliseconds. */
const OUTLINES_PER_STATEMENT = 2_000;

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
  readonly #several: Query<EndpointRow>;
  readonly #some: Query<[rows: string | null]>;
  readonly #all: Query<[rows: string | null]>;
  readonly #hide: Query<[number]>;
  readonly #allow: Command;
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
    this.#several = new Query(
      connection,
      `${SELECT} JOIN json_each(?) ids ON e.endpoint_id = ids.value
       WHERE deleted_at IS NULL ORDER BY ids.key`,
    );
    const outlines = (where: string): Query<[rows: string | null]> =>
      new Query(
        connection,
        `SELECT group_concat(outline) FROM (SELECT json_array(e.endpoint_row, e.endpoint_id,
             e.name, e.display_name, e.owner_row, e.public, e.created_at, e.last_seen, e.hostname,
             CASE json_type(e.metadata, '$.site') WHEN 'text' THEN e.metadata ->> '$.site' END,
             json(coalesce(e.runtimes, '[]'))) AS outline
           FROM endpoints e WHERE e.deleted_at IS NULL AND ${where})`,
      );
    this.#some = outlines("e.endpoint_id IN (SELECT value FROM json_each(?))");
    this.#all = outlines(
      `e.endpoint_row > ? ORDER BY e.endpoint_row LIMIT ${OUTLINES_PER_STATEMENT}`,
    );
    this.#hide = new Query(
      connection,
      `UPDATE endpoints SET deleted_at = ? WHERE endpoint_id = ? AND deleted_at IS NULL
       RETURNING endpoint_row`,
    );
    this.#allow = new Command(
      connection,
      "UPDATE endpoints SET allowed_functions = ? WHERE endpoint_id = ? AND deleted_at IS NULL",
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

  changeAllowedFunctions(
    endpointId: EndpointId,
    change: (allowed: readonly FunctionId[]) => readonly FunctionId[] | FuncxError,
  ): Promise<readonly FunctionId[] | undefined> {
    return this.#engine.write((transaction) => {
      const row = this.#byId.get(endpointId);
      if (row === undefined) return undefined;
      const allowed = change(this.#endpointOf(row).allowedFunctions ?? []);
      if (allowed instanceof FuncxError) return allowed;
      this.#allow.run(JSON.stringify(allowed), endpointId);
      this.#changed(transaction, endpointId);
      return allowed;
    });
  }

  get(endpointId: EndpointId): Promise<StoredEndpoint | undefined> {
    const row = this.#byId.get(endpointId);
    return Promise.resolve(row === undefined ? undefined : this.#endpointOf(row));
  }

  several(endpointIds: readonly EndpointId[]): Promise<readonly StoredEndpoint[]> {
    const rows = this.#several.all(JSON.stringify(endpointIds));
    return Promise.resolve(rows.map((row) => this.#endpointOf(row)));
  }

  async outlines(endpointIds?: readonly EndpointId[]): Promise<readonly EndpointOutline[]> {
    if (endpointIds !== undefined) return this.#outlinesOf(this.#some, JSON.stringify(endpointIds));
    const outlines: EndpointOutline[] = [];
    for (let after = 0;;) {
      const portion = this.#outlinesOf(this.#all, after);
      outlines.push(...portion);
      if (portion.length < OUTLINES_PER_STATEMENT) return outlines;
      after = portion.at(-1)!.position;
      await setImmediate();
    }
  }

  #outlinesOf(query: Query<[rows: string | null]>, parameter: SqlValue): EndpointOutline[] {
    const [rows] = query.get(parameter)!;
    return (JSON.parse(`[${rows ?? ""}]`) as OutlineRow[]).map((row) => this.#outlineOf(row));
  }

  queuedTasks(position: number): number {
    return this.#engine.queued.at(position);
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

  #outlineOf(row: OutlineRow): EndpointOutline {
    const [position, endpointId, name, displayName, ownerRow, isPublic] = row;
    return {
      position,
      endpointId,
      name,
      displayName,
      owner: this.#engine.userName(ownerRow),
      public: isPublic === 1,
      createdAt: row[6],
      lastSeen: row[7],
      hostname: row[8],
      namedSite: row[9],
      runtimes: row[10],
    };
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
