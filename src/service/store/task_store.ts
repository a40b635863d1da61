/** Tasks and their results as their owners see them. See `store.ts`. */
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { ClientVersions } from "../../contract/client_versions.ts";
import type { TaskError } from "../../contract/errors.ts";
import type { EndpointId, FunctionId, TaskGroupId, TaskId, UserId } from "../../contract/ids.ts";
import type { TaskOptions } from "../../contract/protocol/messages.ts";
import type { TaskEvent, TaskState, TerminalState } from "../../contract/task_state.ts";
import type { Page, PageQuery } from "./page.ts";
import type { JsonObject } from "./registry_store.ts";

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
  readonly endpointId: EndpointId;
  readonly state: TaskState;
  readonly result: StoredResult | null;
}

export interface TaskDetailRow extends TaskSummaryRow {
  readonly maxAttempts: number;
  readonly priority: number;
  /** What is known of its client and its function; undefined without either. */
  readonly client?: ClientVersions;
  /** Whether `input` has its payload, and what that refers to is there. */
  readonly payloadKept: boolean;
  /** At most `MAX_TIMELINE_EVENTS`, in the order in which they happened. */
  readonly timeline: readonly TaskEvent[];
  readonly result: StoredResult | null;
}

/** What it takes to run a task again. */
export interface TaskInput {
  readonly owner: UserId;
  readonly functionId: FunctionId;
  readonly endpointId: EndpointId;
  readonly options: TaskOptions;
  /** Two packed buffers; null when it, or a blob that it refers to, is not kept any more. */
  readonly payload: string | null;
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
  input(taskId: TaskId): Promise<TaskInput | undefined>;
  /** The owner's, newest first. */
  list(
    query: PageQuery & {
      readonly owner: UserId;
      readonly state?: TaskState;
      readonly endpointId?: EndpointId;
      readonly functionId?: FunctionId;
      readonly taskGroupId?: TaskGroupId;
      /** Those that have ended, or those that have not. */
      readonly finished?: boolean;
      /** Submitted then or later, milliseconds since 1970. */
      readonly since?: number;
      /** Submitted before. */
      readonly until?: number;
    },
  ): Promise<Page<TaskSummaryRow>>;
  /** Milliseconds that the last run of each took on its worker, of those that ran and have ended. */
  runTimes(taskIds: readonly TaskId[]): Promise<readonly number[]>;
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
