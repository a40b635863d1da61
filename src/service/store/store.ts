/**
 * What the service keeps on disk, behind one interface. Everything is asynchronous, so that another
 * engine can stand behind it; libSQL in this process answers reads at once.
 *
 * - Times are milliseconds since 1970. Users are strings; whoever calls has checked who may do what.
 * - A promise of a write resolves when the write is on disk, and one of a read when the states of
 *   tasks that it gives are. Writes that come within one turn share one transaction, and one that is
 *   refused does not touch the others.
 * - Lists are paged by keyset: `cursor` is opaque, and pages stay stable while rows are added.
 * - Writes reject with `FuncxError` `STORAGE_FULL` when the disk is full; the store keeps working.
 * - A record that is not there is `undefined`, never an error.
 */
import type { Scope } from "../../contract/api.ts";
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { TaskError } from "../../contract/errors.ts";
import type {
  EndpointId,
  FunctionId,
  ServiceId,
  SpoolId,
  TaskGroupId,
  TaskId,
  UserId,
} from "../../contract/ids.ts";
import type { ResultMessage, TaskOptions } from "../../contract/protocol/messages.ts";
import type { BlobStore } from "./blob_store.ts";
import type { Page, PageQuery } from "./page.ts";
import type { TaskEvent, TaskState, TerminalState } from "../../contract/task_state.ts";

export type { BlobStore, StoredBlob } from "./blob_store.ts";
export type { Page, PageQuery };
export type JsonObject = Readonly<Record<string, unknown>>;

export interface Store {
  /** Made with the database; the same for its whole life. */
  readonly serviceId: ServiceId;
  readonly tokens: TokenStore;
  readonly functions: FunctionStore;
  readonly endpoints: EndpointStore;
  readonly tasks: TaskStore;
  readonly queue: QueueStore;
  readonly results: ResultStore;
  readonly blobs: BlobStore;
  /** Resolves when the disk has failed so that only another process can go on, with the reason. */
  readonly failed: Promise<Error>;
  /** Writes what is still held back and closes the file. */
  close(): Promise<void>;
}

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
  /** Also one that has expired: the caller compares `expiresAt`. */
  findByHash(hash: Uint8Array): Promise<StoredToken | undefined>;
  /** The user's own, newest first, without those of endpoints. */
  list(user: UserId): Promise<readonly StoredToken[]>;
  /** Whether there was such a token of this user. */
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
  /** Those that `viewer` owns and the public ones, newest first. `search` is in the name or description. */
  list(
    query: PageQuery & {
      readonly viewer: UserId;
      readonly name?: string;
      readonly search?: string;
    },
  ): Promise<Page<FunctionSummaryRow>>;
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
  get(endpointId: EndpointId): Promise<StoredEndpoint | undefined>;
  /** Those that `viewer` owns and, unless `ownedOnly`, the public ones; by name. */
  list(
    query: PageQuery & {
      readonly viewer: UserId;
      readonly name?: string;
      readonly search?: string;
      readonly ownedOnly?: boolean;
    },
  ): Promise<Page<StoredEndpoint>>;
  /** Ends its tokens and fails its unfinished tasks with `ENDPOINT_LOST`. Call `Hub.deleteEndpoint`. */
  delete(endpointId: EndpointId, at: number): Promise<boolean>;
  /** Number of endpoints that the user owns. */
  count(owner: UserId): Promise<number>;
  seen(endpointId: EndpointId, at: number): Promise<void>;
}

// -- tasks, as clients see them -------------------------------------------------------------------

export interface SubmitRequest {
  readonly owner: UserId;
  readonly endpointId: EndpointId;
  /** Made when it is null or not there yet. */
  readonly taskGroupId: TaskGroupId | null;
  readonly tasks: readonly {
    readonly functionId: FunctionId;
    /** Each two packed buffers. */
    readonly payloads: readonly string[];
  }[];
  /** What its tasks refer to, by the index of the task in the request. */
  readonly references?: ReadonlyMap<number, readonly BlobReference[]>;
  readonly options: TaskOptions;
  /** From `Hub.reserve`: `received` when the endpoint can take the tasks at once. */
  readonly state: "received" | "waiting-for-ep";
  /** When the request came in. */
  readonly at: number;
  /** Of the owner; `digest` (SHA-256 of the request) tells a repetition from another request. */
  readonly idempotency?: { readonly key: string; readonly digest: Uint8Array };
  /**
   * Called with the position of the first task when the tasks are in the queue, a moment before they
   * are on disk, so that a dispatch is made ready meanwhile: `QueueStore` gives nothing that is not
   * on disk. Positions have no gaps. Must not throw.
   */
  readonly queued?: (firstPosition: number) => void;
}

export interface SubmitReceipt {
  readonly requestId: string;
  readonly taskGroupId: TaskGroupId;
  /** In the order of the request. */
  readonly tasks: readonly {
    readonly functionId: FunctionId;
    readonly taskIds: readonly TaskId[];
  }[];
  /** True when the idempotency key was known: nothing was added. */
  readonly repeated: boolean;
}

export interface TaskSummaryRow {
  readonly taskId: TaskId;
  readonly owner: UserId;
  readonly taskGroupId: TaskGroupId;
  readonly functionId: FunctionId;
  readonly functionName: string;
  readonly endpointId: EndpointId;
  readonly endpointName: string;
  readonly state: TaskState;
  /** The attempt that runs, ran last or comes next; 0 before the first. */
  readonly attempt: number;
  readonly createdAt: number;
  readonly completedAt: number | null;
}

/** How a task ended. */
export interface StoredResult {
  readonly taskId: TaskId;
  readonly state: TerminalState;
  readonly completedAt: number;
  /** One result buffer; null unless it succeeded. */
  readonly result: string | null;
  readonly error: TaskError | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly details: JsonObject | null;
}

/** A task for whoever polls it; `result` is there once it ended. */
export interface TaskStatusRow {
  readonly taskId: TaskId;
  readonly owner: UserId;
  readonly state: TaskState;
  readonly result: StoredResult | null;
}

export interface TaskDetailRow extends TaskSummaryRow {
  readonly maxAttempts: number;
  readonly priority: number;
  /** At most `MAX_TIMELINE_EVENTS`, in the order in which they happened. */
  readonly timeline: readonly TaskEvent[];
  readonly result: StoredResult | null;
}

export interface TaskStore {
  /**
   * All tasks of the request or none. Rejects with `ENDPOINT_NOT_FOUND` or `FUNCTION_NOT_FOUND` when
   * one was deleted meanwhile, `BLOB_NOT_FOUND` when the owner has not uploaded what it refers to,
   * `TASK_GROUP_ACCESS_FORBIDDEN` when the group is another user's, and
   * `RESOURCE_CONFLICT` when the idempotency key came with another request before. Settle
   * what `Hub.reserve` gave when it is queued, and when it is not.
   */
  submit(request: SubmitRequest): Promise<SubmitReceipt>;
  /**
   * Those that exist, in the order asked for, whoever owns them. Tasks after those whose results
   * fill `MAX_ANSWER_BYTES` are left out; the first one never is.
   */
  statuses(taskIds: readonly TaskId[]): Promise<readonly TaskStatusRow[]>;
  detail(taskId: TaskId): Promise<TaskDetailRow | undefined>;
  /** The owner's, newest first. */
  list(
    query: PageQuery & {
      readonly owner: UserId;
      readonly state?: TaskState;
      readonly endpointId?: EndpointId;
      readonly functionId?: FunctionId;
      readonly taskGroupId?: TaskGroupId;
    },
  ): Promise<Page<TaskSummaryRow>>;
  groupOwner(taskGroupId: TaskGroupId): Promise<UserId | undefined>;
  /** Oldest first. */
  groupTasks(
    query: PageQuery & { readonly taskGroupId: TaskGroupId },
  ): Promise<Page<{ readonly taskId: TaskId; readonly createdAt: number }>>;
  /**
   * Deletes up to `limit` tasks that finished before a time, oldest first, with their results and
   * what only they needed; resolves to their number. Fewer than `limit` when no more are that old.
   */
  deleteFinished(
    query: { readonly before: number; readonly limit: number },
  ): Promise<number>;
  /** The owner's tasks that are kept, by state; states without tasks are left out. */
  counts(owner: UserId): Promise<Readonly<Partial<Record<TaskState, number>>>>;
  /** Of all owners. */
  unfinished(): Promise<number>;
}

// -- results, in the order in which tasks finished ------------------------------------------------

export interface FinishedPage {
  readonly items: readonly StoredResult[];
  /** Of the last item; the argument `after` of the next page. Store-wide and increasing. */
  readonly sequence: number;
}

export interface ResultStore {
  /** Results of a group after a sequence number, as many as fit `limit` and `maximumBytes`, at least one. */
  after(query: {
    readonly taskGroupId: TaskGroupId;
    readonly sequence: number;
    readonly limit: number;
    readonly maximumBytes: number;
  }): Promise<FinishedPage>;
  /** Calls `listener` after each commit that finished a task of the group. Returns the end of it. */
  onFinished(taskGroupId: TaskGroupId, listener: () => void): () => void;
}

// -- the queue, as the hub sees it ----------------------------------------------------------------

/** A task on its way to an endpoint. */
export interface QueuedTask {
  /** Its place in the order of all tasks; a later task has a greater one. */
  readonly position: number;
  readonly taskId: TaskId;
  readonly functionId: FunctionId;
  readonly taskGroupId: TaskGroupId;
  readonly owner: UserId;
  readonly attemptsMade: number;
  readonly payload: Uint8Array;
  readonly options: TaskOptions;
  /** It must not be sent: its endpoint is asked to cancel it. */
  readonly cancelRequested: boolean;
}

/** What becomes of a task that is to be cancelled. */
export type Cancellation =
  /** It was not on its way: it is cancelled now. */
  | { readonly kind: "cancelled"; readonly taskId: TaskId }
  /** Its endpoint has it, or may have it: remembered until it ends. */
  | { readonly kind: "requested"; readonly taskId: TaskId; readonly endpointId: EndpointId }
  | { readonly kind: "finished"; readonly taskId: TaskId };

export interface QueueStore {
  /**
   * Records a session's beginning. With another spool than last time the endpoint has lost what it
   * had accepted: those tasks are queued again with one attempt more, or failed with
   * `ENDPOINT_LOST` when none is left.
   */
  connected(session: {
    readonly endpointId: EndpointId;
    readonly spoolId: SpoolId;
    readonly hostname: string;
    readonly softwareVersion: string;
    readonly runtimes: readonly string[];
    readonly at: number;
  }): Promise<{ readonly requeued: number; readonly failed: number }>;
  /**
   * The tasks that go next of those that wait for an endpoint. They are marked on disk as perhaps
   * sent before the promise resolves, and wait no more. At least one when there is one; else no more
   * than `limit`, and no more than `maximumBytes` of payloads. Owners take turns, and so do the
   * groups with an owner's highest priority; within a group the oldest goes first.
   */
  claim(query: {
    readonly endpointId: EndpointId;
    readonly limit: number;
    readonly maximumBytes: number;
  }): Promise<readonly QueuedTask[]>;
  /**
   * Tasks that are marked as perhaps sent and were not accepted, in order, after a position: what a
   * new session has to send again. Bounded as a claim is.
   */
  sent(query: {
    readonly endpointId: EndpointId;
    readonly after: number;
    readonly limit: number;
    readonly maximumBytes: number;
  }): Promise<readonly QueuedTask[]>;
  /** The same of certain positions, in their order; the first ones, as many as fit, at least one. */
  sentAt(query: {
    readonly endpointId: EndpointId;
    readonly positions: readonly number[];
    readonly maximumBytes: number;
  }): Promise<readonly QueuedTask[]>;
  /** Tasks that were marked but never sent, in any session, wait for the endpoint again. */
  release(endpointId: EndpointId, positions: readonly number[]): Promise<void>;
  /** Tasks that the endpoint has accepted and not finished, in order, after a position. */
  held(query: {
    readonly endpointId: EndpointId;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly { readonly taskId: TaskId; readonly position: number }[]>;
  /**
   * The endpoint does not have these any more: those that are held are queued again with one attempt
   * more, or failed with `ENDPOINT_LOST` when none is left.
   */
  missing(
    endpointId: EndpointId,
    taskIds: readonly TaskId[],
    at: number,
  ): Promise<{ readonly requeued: number; readonly failed: number }>;
  codes(functionIds: readonly FunctionId[]): Promise<ReadonlyMap<FunctionId, Uint8Array>>;
  /** The endpoint has them on its disk. Written later; a crash before that only sends them twice. */
  accepted(endpointId: EndpointId, taskIds: readonly TaskId[], at: number): void;
  /** Moves that are not the last. Written later, since a result repeats them. Illegal ones are dropped. */
  progressed(
    endpointId: EndpointId,
    events: readonly { readonly task_id: TaskId; readonly event: TaskEvent }[],
  ): void;
  /** First results win; a second one, or one of a task that is not this endpoint's, is dropped. */
  finished(endpointId: EndpointId, results: readonly ResultMessage[], at: number): Promise<void>;
  /**
   * Asks tasks to end, or ends them. `owner` has to own them all: else rejects with
   * `TASK_NOT_FOUND`, which names the first one that is not his.
   */
  cancel(
    owner: UserId,
    taskIds: readonly TaskId[],
    at: number,
  ): Promise<readonly Cancellation[]>;
  /** Accepted or perhaps sent tasks whose cancel was asked for, in order, after a position. */
  cancelRequests(query: {
    readonly endpointId: EndpointId;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly { readonly taskId: TaskId; readonly position: number }[]>;
}
