import type { Scope } from "../../../contract/api.ts";
import { FuncxError } from "../../../contract/errors.ts";
import type { EndpointId, UserId } from "../../../contract/ids.ts";
import type { EndpointToken, NewToken, StoredToken, TokenStore } from "../store.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";
import type { Transaction } from "./transaction.ts";

type TokenRow = [
  tokenId: string,
  user: string,
  label: string,
  scopes: string,
  endpointId: string | null,
  createdAt: number,
  lastUsedAt: number | null,
  expiresAt: number | null,
  kind: "token" | "session",
  parentId: string | null,
];

const SELECT = `
  SELECT t.token_id, u.user, t.label, t.scopes, e.endpoint_id, t.created_at, t.last_used_at,
    t.expires_at, t.kind, p.token_id
  FROM tokens t JOIN users u USING (user_row) LEFT JOIN endpoints e USING (endpoint_row)
    LEFT JOIN tokens p ON p.token_row = t.parent_row`;

/** A use is written at most this often for one token; milliseconds. */
const USE_INTERVAL = 60_000;

export class LibsqlTokens implements TokenStore {
  readonly #engine: Engine;
  readonly #add: Command;
  readonly #addSession: Command;
  readonly #removeExpiredSessions: Command;
  readonly #byHash: Query<TokenRow>;
  readonly #byId: Query<TokenRow>;
  readonly #byUser: Query<TokenRow>;
  readonly #remove: Command;
  readonly #removeOfEndpoint: Command;
  readonly #use: Command;
  /** When the last use of each token was handed on; forgotten when it grows large. */
  readonly #used = new Map<string, number>();

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#add = new Command(
      connection,
      `INSERT INTO tokens
         (token_id, hash, user_row, label, scopes, endpoint_row, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#addSession = new Command(
      connection,
      `INSERT INTO tokens
         (token_id, hash, user_row, label, scopes, created_at, expires_at, kind, parent_row)
       SELECT ?, ?, user_row, ?, ?, ?, ?, 'session', token_row FROM tokens
       WHERE token_id = ? AND kind = 'token'
         AND user_row = (SELECT user_row FROM users WHERE user = ?)`,
    );
    this.#removeExpiredSessions = new Command(
      connection,
      "DELETE FROM tokens WHERE parent_row IS NOT NULL AND expires_at <= ?",
    );
    this.#byHash = new Query(connection, `${SELECT} WHERE t.hash = ?`);
    this.#byId = new Query(connection, `${SELECT} WHERE t.token_id = ?`);
    this.#byUser = new Query(
      connection,
      `${SELECT} WHERE u.user = ? AND t.endpoint_row IS NULL ORDER BY t.token_row DESC`,
    );
    this.#remove = new Command(
      connection,
      `DELETE FROM tokens WHERE token_id = ?
         AND user_row = (SELECT user_row FROM users WHERE user = ?)`,
    );
    this.#removeOfEndpoint = new Command(connection, "DELETE FROM tokens WHERE endpoint_row = ?");
    this.#use = new Command(connection, "UPDATE tokens SET last_used_at = ? WHERE token_id = ?");
  }

  create(token: NewToken): Promise<void> {
    return this.#engine.write((transaction) => {
      if (this.#byHash.get(token.hash) !== undefined) return taken();
      this.#insert(token, this.#engine.userRow(transaction, token.user), null);
    });
  }

  createSession(session: NewToken & { readonly parentId: string }): Promise<boolean> {
    const { tokenId, hash, user, label, scopes, createdAt, expiresAt, parentId } = session;
    return this.#engine.write(() => {
      this.#removeExpiredSessions.run(createdAt);
      const values = [tokenId, hash, label, scopes.join(" "), createdAt, expiresAt];
      return this.#addSession.run(...values, parentId, user) > 0;
    });
  }

  findByHash(hash: Uint8Array): Promise<StoredToken | undefined> {
    const row = this.#byHash.get(hash);
    return Promise.resolve(row === undefined ? undefined : tokenOf(row));
  }

  find(tokenId: string): Promise<StoredToken | undefined> {
    const row = this.#byId.get(tokenId);
    return Promise.resolve(row === undefined ? undefined : tokenOf(row));
  }

  list(user: UserId): Promise<readonly StoredToken[]> {
    return Promise.resolve(this.#byUser.all(user).map(tokenOf));
  }

  revoke(user: UserId, tokenId: string): Promise<boolean> {
    return this.#engine.write(() => this.#remove.run(tokenId, user) > 0);
  }

  used(tokenId: string, at: number): void {
    if (at - (this.#used.get(tokenId) ?? 0) < USE_INTERVAL) return;
    if (this.#used.size >= 10_000) this.#used.clear();
    this.#used.set(tokenId, at);
    // It only tells when; that it could not be written was logged.
    this.#engine.write(() => this.#use.run(at, tokenId)).catch(() => {});
  }

  /** Within a transaction: the endpoint's old tokens end, the new one begins. */
  replaceOfEndpoint(
    transaction: Transaction,
    endpoint: {
      readonly endpointId: EndpointId;
      readonly endpointRow: number;
      readonly owner: UserId;
    },
    token: EndpointToken,
    at: number,
  ): void {
    this.#removeOfEndpoint.run(endpoint.endpointRow);
    const label = `endpoint ${endpoint.endpointId}`;
    this.#insert(
      { ...token, label, scopes: ["endpoint"], createdAt: at, expiresAt: null },
      this.#engine.userRow(transaction, endpoint.owner),
      endpoint.endpointRow,
    );
  }

  endOfEndpoint(endpointRow: number): void {
    this.#removeOfEndpoint.run(endpointRow);
  }

  #insert(token: Omit<NewToken, "user">, userRow: number, endpointRow: number | null): void {
    const { tokenId, hash, label, scopes, createdAt, expiresAt } = token;
    this.#add.run(
      tokenId,
      hash,
      userRow,
      label,
      scopes.join(" "),
      endpointRow,
      createdAt,
      expiresAt,
    );
  }
}

function tokenOf(row: TokenRow): StoredToken {
  const [
    tokenId,
    user,
    label,
    scopes,
    endpointId,
    createdAt,
    lastUsedAt,
    expiresAt,
    kind,
    parentId,
  ] = row;
  return {
    tokenId,
    user,
    label,
    scopes: scopes.split(" ") as Scope[],
    endpointId,
    createdAt,
    lastUsedAt,
    expiresAt,
    kind,
    parentId,
  };
}

function taken(): FuncxError {
  return new FuncxError({
    code: "RESOURCE_CONFLICT",
    message: "there is such a token already",
    hint: "Make another one.",
  });
}
