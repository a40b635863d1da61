/**
 * How a private service and an agent of the same user on the same machine give each other blobs: as
 * another name of the same file instead of its bytes. Whoever can make a name in the service's
 * private folder is that user, who could as well change the blobs there, so nobody asks for more.
 *
 * 1. An agent links the file of a result, which is whole and on disk, to {@link handedPath}, then
 *    begins its upload; the service takes the file from there, or says that the bytes are to come.
 * 2. An agent links the file of a blob that arguments refer to, {@link blobPath}, into a folder of
 *    its own. A file with that name is whole, and never written again.
 *
 * Where that cannot be, for instance between two file systems, the bytes go by HTTP.
 */
import { join } from "../lib/path.ts";
import type { BlobReference } from "./blob_reference.ts";
import type { TaskId } from "./ids.ts";

const HANDED_FOLDER = "handed";

/** @param folder the service's blobs; @param owner the folder of its owner in there. */
export function blobPath(folder: string, owner: string, sha256: string): string {
  return join(folder, owner, sha256.slice(0, 2), sha256.slice(2));
}

/** Folders of owners have numbers. */
export function isOwnerFolder(name: string): boolean {
  return /^\d+$/.test(name);
}

export function handedFolder(folder: string): string {
  return join(folder, HANDED_FOLDER);
}

export function handedPath(folder: string, taskId: TaskId, { sha256 }: BlobReference): string {
  return join(handedFolder(folder), `${taskId}.${sha256}`);
}
