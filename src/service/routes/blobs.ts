/**
 * Blobs: uploaded by whoever submits tasks, and by endpoints for the results of theirs; read by
 * their owner, and by the endpoint of a task that refers to them.
 */
import { FuncxError } from "../../contract/errors.ts";
import type { EndpointId, TaskId, UserId } from "../../contract/ids.ts";
import { BLOB_CHUNK_BYTES } from "../../contract/limits.ts";
import { taskNotFound } from "../auth/access.ts";
import type { Caller } from "../auth/caller.ts";
import { ChunkIntake } from "../blobs/chunk_intake.ts";
import type { UploadRequest } from "../blobs/vault.ts";
import { octetsOf } from "../http/body.ts";
import { fileResponse, rangeOf } from "../http/octets.ts";
import { ValidationError } from "../http/validation.ts";
import type { ServiceParts } from "../parts.ts";
import type { Store, StoredBlob } from "../store/store.ts";
import type { Handlers } from "./route.ts";

type BlobRoutes = "beginBlob" | "putBlob" | "getBlob";

export function blobHandlers({ store, vault }: ServiceParts): Pick<Handlers, BlobRoutes> {
  const intake = new ChunkIntake();

  return {
    beginBlob: async ({ caller, body: { task_id, sha256, size } }) =>
      await vault.begin({ ...await uploader(store, caller, task_id), sha256, size }),

    putBlob: async ({ caller, query, request, share, parameters: { sha256 } }) => {
      const { task_id, size, offset } = query;
      const upload = { ...await uploader(store, caller, task_id), sha256, size };
      const limit = { bytes: BLOB_CHUNK_BYTES, code: "REQUEST_TOO_LARGE" } as const;
      return await intake.take(
        octetsOf(request, limit, share.take),
        (bytes, from) => vault.put(upload, offset + from, () => Promise.resolve(bytes)),
      );
    },

    getBlob: async ({ caller, query, request, parameters: { sha256 } }) => {
      const blob = await readable(store, caller, sha256, query.task_id);
      const range = rangeOf(request.headers.get("range"), blob.size);
      const headOnly = request.method === "HEAD";
      return await fileResponse(vault.file(blob), {
        size: blob.size,
        range,
        etag: sha256,
        headOnly,
      });
    },
  };
}

/** A user uploads for himself, an endpoint for the owner of the task that it runs. */
async function uploader(
  store: Store,
  { user, endpointId }: Caller,
  taskId: TaskId | undefined,
): Promise<Pick<UploadRequest, "owner" | "resultOf">> {
  if (endpointId === null) return { owner: user };
  const id = requireTask(taskId);
  const owner: UserId | undefined = await store.blobs.ownerOfTask(endpointId, id);
  if (owner === undefined) throw taskNotFound(id);
  return { owner, resultOf: { endpointId, taskId: id } };
}

async function readable(
  store: Store,
  { user, endpointId }: Caller,
  sha256: string,
  taskId: TaskId | undefined,
): Promise<StoredBlob> {
  const blob = endpointId === null
    ? await store.blobs.find(user, sha256)
    : await argument(store, endpointId, requireTask(taskId), sha256);
  if (blob?.complete) return blob;
  throw new FuncxError({
    code: "BLOB_NOT_FOUND",
    message: `there is no blob ${sha256} that you may read`,
    hint: "a blob is removed when no task refers to it any more",
  });
}

function argument(
  store: Store,
  endpointId: EndpointId,
  taskId: TaskId,
  sha256: string,
): Promise<StoredBlob | undefined> {
  return store.blobs.ofTask(endpointId, taskId, sha256);
}

function requireTask(taskId: TaskId | undefined): TaskId {
  if (taskId !== undefined) return taskId.toLowerCase();
  throw new ValidationError({ key: "task_id", expected: "the endpoint's task", found: "nothing" });
}
