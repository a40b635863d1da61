/** The queue, as the hub sees it: what goes to an endpoint, and what it brings back. See `store.ts`. */
import type {
  EndpointId,
  FunctionId,
  SpoolId,
  TaskGroupId,
  TaskId,
  UserId,
} from "../../contract/ids.ts";
import type { ResultMessage, TaskOptions } from "../../contract/protocol/messages.ts";
import type { TaskEvent } from "../../contract/task_state.ts";

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

/** A task that its endpoint has. */
export type HeldTask = Pick<QueuedTask, "position" | "taskId" | "owner"> & {
  /** As they were submitted. */
  readonly options: TaskOptions;
};

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
  }): Promise<readonly HeldTask[]>;
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
