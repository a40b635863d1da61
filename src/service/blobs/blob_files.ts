/**
 * The files of blobs: `OWNER/ab/cdef…`, named by owner and content. A file has its name only once
 * all of it is there; before that it ends in `.part`, and a `.part` may end anywhere. That it is on
 * disk as well is certain only when its row says that it is complete.
 */
import { blobPath, handedFolder, handedPath } from "../../contract/blob_hand_over.ts";
import type { TaskId } from "../../contract/ids.ts";
import { ensurePrivateFolder } from "../../lib/files.ts";
import {
  GrowingFile,
  hashFile,
  makeFolders,
  nameFile,
  removeFile,
  writeWhole,
} from "../../lib/growing_file.ts";
import { join } from "../../lib/path.ts";
import type { BlobReference } from "../../contract/blob_reference.ts";
import type { StoredBlob } from "../store/store.ts";

/** First bytes of a hash. */
const SHARDS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

type Named = Pick<StoredBlob, "ownerRow" | "sha256">;

export class BlobFiles {
  readonly folder: string;
  /** Owners whose folders are there. */
  readonly #prepared = new Set<string>();

  /** @param folder made with mode 0700 when it is missing. */
  constructor(folder: string) {
    ensurePrivateFolder(folder);
    ensurePrivateFolder(handedFolder(folder));
    this.folder = folder;
  }

  path({ ownerRow, sha256 }: Named): string {
    return blobPath(this.folder, String(ownerRow), sha256);
  }

  /** In this thread: to have another one do it takes several times as long. */
  open(blob: Named): Deno.FsFile {
    return Deno.openSync(this.path(blob), { read: true });
  }

  async upload(blob: StoredBlob): Promise<GrowingFile> {
    await this.#prepare(blob);
    return await GrowingFile.open(this.path(blob), blob.size);
  }

  async write(blob: Named, bytes: Uint8Array): Promise<void> {
    await this.#prepare(blob);
    await writeWhole(this.path(blob), bytes);
  }

  /** Whether this user's agent has handed the file over; else it is as before. */
  isHanded(taskId: TaskId, blob: BlobReference): boolean {
    try {
      const { isFile, size } = Deno.lstatSync(handedPath(this.folder, taskId, blob));
      return isFile && size === blob.size;
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return false;
      throw thrown;
    }
  }

  /** Gives what was handed over its name, durably. Its bytes are on disk already. */
  async takeHanded(taskId: TaskId, blob: Named & BlobReference): Promise<void> {
    await this.#prepare(blob);
    await nameFile(handedPath(this.folder, taskId, blob), this.path(blob));
  }

  /** The owner's folders, all at once: to make them one by one takes a sync for each. */
  async #prepare({ ownerRow }: Named): Promise<void> {
    const owner = String(ownerRow);
    if (this.#prepared.has(owner)) return;
    await makeFolders(join(this.folder, owner), SHARDS);
    this.#prepared.add(owner);
  }

  async remove(blob: Named): Promise<void> {
    for (const path of [this.path(blob), `${this.path(blob)}.part`]) await removeFile(path);
  }

  /** Removes what belongs to none of `blobs`. Gives those of them whose file is whole. */
  async tidy(blobs: readonly StoredBlob[]): Promise<readonly StoredBlob[]> {
    const byPath = new Map(blobs.map((blob) => [this.path(blob), blob]));
    const whole: StoredBlob[] = [];
    for await (const path of filesIn(this.folder)) {
      const blob = byPath.get(path.replace(/\.part$/, ""));
      if (path.endsWith(".part")) {
        if (blob === undefined) await removeFile(path);
      } else if (blob !== undefined && (blob.complete || await isWhole(path, blob))) {
        whole.push(blob);
      } else await removeFile(path);
    }
    return whole;
  }
}

/** Of one that has its name and whose row is behind: the power may have failed in between. */
async function isWhole(path: string, { sha256 }: StoredBlob): Promise<boolean> {
  using file = await Deno.open(path, { read: true });
  return (await hashFile(file)).sha256 === sha256;
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesIn(path);
    else yield path;
  }
}
