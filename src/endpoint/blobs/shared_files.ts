/**
 * Blobs that need not travel, since a private service keeps them on this machine: see
 * `contract/blob_hand_over.ts`. What cannot be linked, for whatever reason, goes by HTTP.
 */
import { existsSync } from "node:fs";
import { blobPath, handedPath, isOwnerFolder } from "../../contract/blob_hand_over.ts";
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { TaskId } from "../../contract/ids.ts";
import { removeIfPresent } from "../../lib/files.ts";

/** Owners of blobs at the service that was looked at last; they are few. */
let owners: { readonly folder: string; readonly names: readonly string[] } | undefined;

/** Gives the service's file of the blob a second name, `path`; says whether that was possible. */
export function takeFile(folder: string, { sha256 }: BlobReference, path: string): boolean {
  const known = owners?.folder === folder ? owners.names : [];
  const isFrom = (owner: string): boolean => isLinked(blobPath(folder, owner, sha256), path);
  if (known.some(isFrom)) return true;
  owners = { folder, names: ownersIn(folder) };
  return owners.names.some((owner) => !known.includes(owner) && isFrom(owner));
}

function ownersIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter(isOwnerFolder);
  } catch {
    return [];
  }
}

/**
 * Puts the file of a result where the service looks for it while `begin` asks; says whether it was
 * taken from there.
 */
export async function handFile(
  { folder, taskId, blob, path }: {
    readonly folder: string;
    readonly taskId: TaskId;
    readonly blob: BlobReference;
    readonly path: string;
  },
  begin: () => Promise<{ readonly complete: boolean }>,
): Promise<boolean> {
  const handed = handedPath(folder, taskId, blob);
  if (!isLinked(path, handed)) return false;
  try {
    return (await begin()).complete;
  } finally {
    // It is still there when the service knew the content, or did not take it.
    if (existsSync(handed)) removeIfPresent(handed);
  }
}

/** In this thread: to have another one do it takes several times as long. */
function isLinked(from: string, to: string): boolean {
  try {
    try {
      Deno.linkSync(from, to);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
      // What an earlier agent has left there.
      removeIfPresent(to);
      Deno.linkSync(from, to);
    }
    return true;
  } catch {
    return false;
  }
}
