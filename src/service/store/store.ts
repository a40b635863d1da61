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
import type { ServiceId } from "../../contract/ids.ts";
import type { AgentGrantStore } from "./agent_grant_store.ts";
import type { BlobStore } from "./blob_store.ts";
import type { StoreChanges } from "./changes.ts";
import type { GroupStore } from "./group_store.ts";
import type { HistoryStore } from "./history_store.ts";
import type { QueueStore } from "./queue_store.ts";
import type { EndpointStore, FunctionStore, TokenStore } from "./registry_store.ts";
import type { ResultQueueStore } from "./result_queue_store.ts";
import type { ResultStore, TaskStore } from "./task_store.ts";
import type { UserEndpointStore } from "./user_endpoint_store.ts";

export type { BlobStore, StoredBlob } from "./blob_store.ts";
export type { EndedTask, StoreChanges } from "./changes.ts";
export type { Page, PageQuery } from "./page.ts";
export type * from "./agent_grant_store.ts";
export type * from "./group_store.ts";
export type * from "./history_store.ts";
export type * from "./queue_store.ts";
export type * from "./registry_store.ts";
export type * from "./result_queue_store.ts";
export type * from "./task_store.ts";
export type * from "./user_endpoint_store.ts";

export interface Store {
  /** Made with the database; the same for its whole life. */
  readonly serviceId: ServiceId;
  readonly tokens: TokenStore;
  readonly functions: FunctionStore;
  readonly endpoints: EndpointStore;
  readonly userEndpoints: UserEndpointStore;
  readonly tasks: TaskStore;
  readonly groups: GroupStore;
  readonly queue: QueueStore;
  readonly results: ResultStore;
  readonly resultQueues: ResultQueueStore;
  readonly agentGrants: AgentGrantStore;
  readonly blobs: BlobStore;
  readonly history: HistoryStore;
  readonly changes: StoreChanges;
  /** Resolves when the disk has failed so that only another process can go on, with the reason. */
  readonly failed: Promise<Error>;
  /** Writes what is still held back and closes the file. */
  close(): Promise<void>;
}
