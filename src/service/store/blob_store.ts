/** What the store knows of blobs; their bytes are in `blobs/vault.ts`. */
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { EndpointId, TaskId, UserId } from "../../contract/ids.ts";

export interface StoredBlob extends BlobReference {
  readonly owner: UserId;
  /** In the name of its file. */
  readonly ownerRow: number;
  readonly blobRow: number;
  /** Its file is whole. */
  readonly complete: boolean;
}

export interface NewBlob extends BlobReference {
  readonly owner: UserId;
  readonly complete: boolean;
  /** Milliseconds since 1970; it is kept longer while a task refers to it. */
  readonly keepUntil: number;
  /** Bytes that all blobs of the owner may take. */
  readonly quota: number;
  /** The unfinished task whose result it is going to be. */
  readonly resultOf?: { readonly endpointId: EndpointId; readonly taskId: TaskId };
}

export interface BlobStore {
  /**
   * Takes it down, or finds it; `complete` and `keepUntil` of a known one only grow. Rejects with
   * `BLOB_QUOTA_EXCEEDED`, with `RESOURCE_CONFLICT` when it is known with another size, and with
   * `TASK_NOT_FOUND` when the task is not the endpoint's or has finished.
   */
  put(blob: NewBlob): Promise<StoredBlob>;
  /** What the owner's blobs have in the names of their files; undefined for who has none yet. */
  ownerRow(owner: UserId): Promise<number | undefined>;
  /** The owner's own. */
  find(owner: UserId, sha256: string): Promise<StoredBlob | undefined>;
  /** One that a task of the endpoint has as an argument. */
  ofTask(
    endpointId: EndpointId,
    taskId: TaskId,
    sha256: string,
  ): Promise<StoredBlob | undefined>;
  /** Whose the task is, if it is the endpoint's and has not finished. */
  ownerOfTask(endpointId: EndpointId, taskId: TaskId): Promise<UserId | undefined>;
  /** All of it is in its file. */
  complete(blobRow: number): Promise<void>;
  /** Forgets up to `limit` blobs that nothing refers to, and says which files to remove. */
  takeUnused(at: number, limit: number): Promise<readonly StoredBlob[]>;
  all(): Promise<readonly StoredBlob[]>;
}
