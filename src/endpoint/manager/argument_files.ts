/**
 * Large arguments of attempts at a manager: brought from the agent before an attempt begins, each
 * content once for all attempts here that use it at the time.
 */
import { newId } from "../../contract/ids.ts";
import { ensurePrivateFolder, removeIfPresent } from "../../lib/files.ts";
import { basename, join } from "../../lib/path.ts";
import type { AttemptId } from "../executor/executor.ts";
import type { FileDownloads } from "../managers/file_transfer.ts";

interface Content {
  /** SHA-256. */
  readonly key: string;
  readonly file: Promise<string>;
  users: number;
}

export class ArgumentFiles {
  readonly #folder: string;
  readonly #downloads: FileDownloads;
  readonly #contents = new Map<string, Content>();
  /** By the folder of the attempt that uses them. */
  readonly #used = new Map<string, Content[]>();

  /** @param folder absolute, of this manager alone */
  constructor(folder: string, downloads: FileDownloads) {
    ensurePrivateFolder(folder);
    this.#folder = folder;
    this.#downloads = downloads;
  }

  /**
   * The paths by what a worker asks for them with: a content by its SHA-256, a file by `SHA-256/name`,
   * under its own name. Until `release`, which follows in any case. Rejects with why one cannot be had.
   */
  async fetch(
    attempt: AttemptId,
    files: readonly (readonly [string, number])[],
  ): Promise<Record<string, string>> {
    const folder = this.#folderOf(attempt);
    ensurePrivateFolder(folder);
    const contents = files.map(([name, size]) => this.#use(attempt, name, size));
    this.#used.set(folder, contents);
    const paths = await Promise.all(contents.map(({ file }) => file));
    return Object.fromEntries(files.map(([name], index) => {
      const own = join(folder, String(index));
      ensurePrivateFolder(own);
      const path = join(own, basename(name));
      Deno.linkSync(paths[index]!, path);
      return [name, path];
    }));
  }

  #use(attempt: AttemptId, name: string, size: number): Content {
    const key = name.split("/")[0]!;
    const known = this.#contents.get(key);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const path = join(this.#folder, newId());
    const file = this.#downloads.fetch({ ...attempt, file: name, size, path }).then(() => path);
    const content = { key, file, users: 1 };
    this.#contents.set(key, content);
    // The next one that needs it asks anew.
    file.catch(() => this.#forget(content));
    return content;
  }

  #forget(content: Content): void {
    if (this.#contents.get(content.key) === content) this.#contents.delete(content.key);
  }

  /** The attempt has ended, or there will be none. */
  release(attempt: AttemptId): void {
    const folder = this.#folderOf(attempt);
    const used = this.#used.get(folder);
    if (used === undefined) return;
    this.#used.delete(folder);
    Deno.removeSync(folder, { recursive: true });
    for (const content of used) {
      if (--content.users > 0) continue;
      this.#forget(content);
      content.file.then(removeIfPresent, () => {});
    }
  }

  #folderOf({ taskId, attempt }: AttemptId): string {
    return join(this.#folder, `${taskId}-${attempt}`);
  }
}
