/**
 * The files of blobs: `OWNER/ab/cdef…`, named by owner and content. A file has its name only once
 * all of it is on disk; before that it ends in `.part`, and a `.part` may end anywhere.
 */
import { ensurePrivateFolder } from "../../lib/files.ts";
import { dirname, join } from "../../lib/path.ts";
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

  /** For reading and writing, made when it is missing. */
  async openPart(blob: Named): Promise<Deno.FsFile> {
    const path = this.#part(blob);
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  }

  /** All of a blob at once, durably. */
  async write(blob: Named, bytes: Uint8Array): Promise<void> {
    using file = await this.openPart(blob);
    await file.truncate(0);
    await writeAll(file, bytes);
    await this.finish(blob, file);
  }

  /** Gives the whole file its name, durably. */
  async finish(blob: Named, file: Deno.FsFile): Promise<void> {
    await file.syncData();
    await Deno.rename(this.#part(blob), this.path(blob));
    const folder = dirname(this.path(blob));
    for (const each of [folder, dirname(folder)]) await syncFolder(each);
  }

  async remove(blob: Named): Promise<void> {
    for (const path of [this.path(blob), this.#part(blob)]) await removeIfPresent(path);
  }

  /** Removes what belongs to none of `blobs`. Gives those of them whose file is whole. */
  async tidy(blobs: readonly StoredBlob[]): Promise<readonly StoredBlob[]> {
    const byPath = new Map(blobs.map((blob) => [this.path(blob), blob]));
    const whole: StoredBlob[] = [];
    for await (const path of filesIn(this.folder)) {
      const blob = byPath.get(path.replace(/\.part$/, ""));
      if (blob === undefined) await removeIfPresent(path);
      else if (!path.endsWith(".part")) whole.push(blob);
    }
    return whole;
  }

  #part(blob: Named): string {
    return `${this.path(blob)}.part`;
  }
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesIn(path);
    else yield path;
  }
}

async function syncFolder(folder: string): Promise<void> {
  try {
    using handle = await Deno.open(folder, { read: true });
    await handle.sync();
  } catch (thrown) {
    // Some network file systems refuse to sync a directory; the rename itself stays atomic.
    if (!(thrown instanceof Error)) throw thrown;
  }
}

export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
