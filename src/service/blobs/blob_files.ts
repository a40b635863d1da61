/**
 * The files of blobs: `OWNER/ab/cdef…`, named by owner and content. A file has its name only once
 * all of it is on disk; before that it ends in `.part`, and a `.part` may end anywhere.
 */
import { ensurePrivateFolder } from "../../lib/files.ts";
import { GrowingFile, removeFile, writeWhole } from "../../lib/growing_file.ts";
import { join } from "../../lib/path.ts";
import type { StoredBlob } from "../store/store.ts";

type Named = Pick<StoredBlob, "ownerRow" | "sha256">;

export class BlobFiles {
  readonly folder: string;

  /** @param folder made with mode 0700 when it is missing. */
  constructor(folder: string) {
    ensurePrivateFolder(folder);
    this.folder = folder;
  }

  path({ ownerRow, sha256 }: Named): string {
    return join(this.folder, String(ownerRow), sha256.slice(0, 2), sha256.slice(2));
  }

  open(blob: Named): Promise<Deno.FsFile> {
    return Deno.open(this.path(blob), { read: true });
  }

  upload(blob: StoredBlob): Promise<GrowingFile> {
    return GrowingFile.open(this.path(blob), blob.size);
  }

  write(blob: Named, bytes: Uint8Array): Promise<void> {
    return writeWhole(this.path(blob), bytes);
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
      if (blob === undefined) await removeFile(path);
      else if (!path.endsWith(".part")) whole.push(blob);
    }
    return whole;
  }
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesIn(path);
    else yield path;
  }
}
