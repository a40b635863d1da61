/** What the store keeps of those who take part: tokens, functions and endpoints. See `store.ts`. */
import type { Scope } from "../../contract/api.ts";
import type { FuncxError } from "../../contract/errors.ts";
import type { EndpointId, FunctionId, UserId } from "../../contract/ids.ts";
import type { Page, PageQuery } from "./page.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

// -- tokens -----------------------------------------------------------------------------------

export interface StoredToken {
  readonly tokenId: string;
  readonly user: UserId;
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** The endpoint that it serves, when it is an endpoint's own token. */
  readonly endpointId: EndpointId | null;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly expiresAt: number | null;
  /** `session`: of a browser that is signed in. */
  readonly kind: "token" | "session";
  /** The token by which a session was opened; the session ends with it. */
  readonly parentId: string | null;
}

export interface NewToken {
  readonly tokenId: string;
  /** SHA-256 of the token's text, 32 bytes. The token itself is never stored. */
  readonly hash: Uint8Array;
  readonly user: UserId;
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export interface TokenStore {
  create(token: NewToken): Promise<void>;
  /**
   * A session under the token `parentId`; `hash` is of its two halves. Whether the parent was there
   * still. Sessions that had expired by then are deleted.
   */
  createSession(session: NewToken & { readonly parentId: string }): Promise<boolean>;
  /** Also one that has expired: the caller compares `expiresAt`. */
  findByHash(hash: Uint8Array): Promise<StoredToken | undefined>;
  /** The same by its id. */
  find(tokenId: string): Promise<StoredToken | undefined>;
  /** The user's own, newest first, without those of endpoints. */
  list(user: UserId): Promise<readonly StoredToken[]>;
  /** Whether there was such a token of this user. Its sessions end with it. */
  revoke(user: UserId, tokenId: string): Promise<boolean>;
  /** Remembers the use; written with a later transaction, so the last minute may be lost in a crash. */
  used(tokenId: string, at: number): void;
}

// -- functions ----------------------------------------------------------------------------------

export interface FunctionSummaryRow {
  readonly functionId: FunctionId;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: JsonObject | null;
  /** JSON Schema of the signature. */
  readonly parameters: JsonObject | null;
  readonly owner: UserId;
  readonly public: boolean;
  /** `typescript`, `python` or `shell`. */
  readonly runtime: string;
  readonly createdAt: number;
}

export interface StoredFunction extends FunctionSummaryRow {
  /** One packed buffer, as it was registered. */
  readonly code: string;
}

export interface FunctionStore {
  create(record: StoredFunction): Promise<void>;
  /** Not one that was deleted. */
  get(functionId: FunctionId): Promise<StoredFunction | undefined>;
  /** Without code, in no order; ids that are unknown or deleted are left out. */
  summaries(functionIds: readonly FunctionId[]): Promise<readonly FunctionSummaryRow[]>;
  /**
   * Those that `viewer` owns and, unless `owner` is `me`, the public ones, newest first. `search` is
   * in the name or description.
   */
  list(
    query: PageQuery & {
      readonly viewer: UserId;
      readonly name?: string;
      readonly search?: string;
      readonly runtime?: string;
      readonly owner?: "me" | "any";
    },
  ): Promise<Page<FunctionSummaryRow>>;
  /** Number of functions that the user owns. */
  count(owner: UserId): Promise<number>;
  /** Hides it; unfinished tasks still run. Whether it was there. */
  delete(functionId: FunctionId): Promise<boolean>;
}

// -- endpoints ----------------------------------------------------------------------------------

/** What its owner says of an endpoint, at registration and at each update. */
export interface EndpointDescription {
  readonly name: string;
  readonly displayName: string | null;
  readonly description: string | null;
  readonly metadata: JsonObject | null;
  /** null means any function. */
  readonly allowedFunctions: readonly FunctionId[] | null;
  readonly public: boolean;
}

export interface StoredEndpoint extends EndpointDescription {
  readonly endpointId: EndpointId;
  readonly owner: UserId;
  readonly createdAt: number;
  /** When it was heard last, as far as it was written; the hub knows better while it is online. */
  readonly lastSeen: number | null;
  readonly hostname: string | null;
  readonly softwareVersion: string | null;
  readonly runtimes: readonly string[];
  /** Its tasks that are not finished. */
  readonly queuedTasks: number;
}

/** As much of an endpoint as finds it among ten thousand. */
export interface EndpointOutline {
  /** Its place in the order in which endpoints were registered. */
  readonly position: number;
  readonly endpointId: EndpointId;
  readonly name: string;
  readonly displayName: string | null;
  readonly owner: UserId;
  readonly public: boolean;
  readonly createdAt: number;
  readonly lastSeen: number | null;
  readonly hostname: string | null;
  /** `site` of its metadata, when that is text. */
  readonly namedSite: string | null;
  readonly runtimes: readonly string[];
}

/** The token that an endpoint serves with; ends those that it had before. */
export interface EndpointToken {
  readonly tokenId: string;
  /** SHA-256, 32 bytes. */
  readonly hash: Uint8Array;
}

export interface EndpointStore {
  register(
    endpoint: EndpointDescription & {
      readonly endpointId: EndpointId;
      readonly owner: UserId;
      readonly createdAt: number;
      readonly token: EndpointToken;
    },
  ): Promise<void>;
  /** Whether there was such an endpoint. */
  update(
    endpointId: EndpointId,
    description: EndpointDescription & { readonly token: EndpointToken; readonly at: number },
  ): Promise<boolean>;
  /**
   * Makes of the functions that it may run, none when all were allowed, the only ones that it runs
   * from now on; nothing else is written between the two. Rejects with the error that `change`
   * returns. @returns the functions; undefined if there is no such endpoint.
   */
  changeAllowedFunctions(
    endpointId: EndpointId,
    change: (allowed: readonly FunctionId[]) => readonly FunctionId[] | FuncxError,
  ): Promise<readonly FunctionId[] | undefined>;
  get(endpointId: EndpointId): Promise<StoredEndpoint | undefined>;
  /** In the order asked for; ids that are unknown or deleted are left out. */
  several(endpointIds: readonly EndpointId[]): Promise<readonly StoredEndpoint[]>;
  /** In no order, those with these ids or all, whoever owns them; deleted ones are left out. */
  outlines(endpointIds?: readonly EndpointId[]): Promise<readonly EndpointOutline[]>;
  /** Its tasks that are not finished, of the endpoint at a position; from memory. */
  queuedTasks(position: number): number;
  /** Ends its tokens and fails its unfinished tasks with `ENDPOINT_LOST`. Call `Hub.deleteEndpoint`. */
  delete(endpointId: EndpointId, at: number): Promise<boolean>;
  seen(endpointId: EndpointId, at: number): Promise<void>;
  /**
   * Calls `listener` after each write that has registered, changed or deleted an endpoint, or what is
   * known of its agent. Returns the end of it. Must not throw.
   */
  onChange(listener: (endpointId: EndpointId) => void): () => void;
}
