/**
 * Large arguments: each content is downloaded once, verified, and shared by the attempts that refer
 * to it; what nobody uses stays for a while, up to a bound.
 *
 * The files are only copies, which can be had again: they are not synced, and what an earlier agent
 * has left is verified at its first use. Half a file is left only by an agent that ends: the next one
 * continues it, or removes it like what nobody uses. What the service has on this machine is linked
 * instead, for as long as it is used, but for files: a function may write into those.
 */
import { fileKey } from "../../contract/blob_files.ts";
import type { BlobReference, FileReference } from "../../contract/blob_reference.ts";
import { downloadBlob } from "../../contract/blob_transfer.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { BLOB_CHUNK_BYTES, BLOB_TRANSFERS } from "../../contract/limits.ts";
import { KeyedLock, Slots } from "../../lib/async.ts";
import { ensurePrivateFolder, isDiskFull, removeIfPresent } from "../../lib/files.ts";
import { freeBytes } from "../../lib/free_space.ts";
import { GrowingFile, hashFile, removeFile, sha256Of } from "../../lib/growing_file.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { dirname, join } from "../../lib/path.ts";
import { DISK_RESERVE } from "../storage_health.ts";
import type { AgentBlobRequests } from "./service_blobs.ts";

const log = logger("agent", "blobs");

const TASK_FOLDER = "task-";
const PART = ".part";

interface Content {
  readonly size: number;
  users: number;
  /** The path of the whole file, or what an earlier agent has left of it and nobody has looked at. */
  readonly file: Promise<string> | "whole" | "half";
  readonly abort: AbortController;
}

export const FULL_DISK_HINT =
  "Make room on the agent's disk, or move stateDir of the profile to another one; " +
  "then run the task again.";

export interface ArgumentOptions {
  readonly folder: string;
  /** Bytes of files that no attempt uses. */
  readonly cacheBytes: number;
  /** Bytes that are free on a disk; replaced in tests. */
  readonly free?: (path: string) => number | undefined;
}

export class ArgumentBlobs {
  readonly #options: ArgumentOptions;
  /** By name in the folder; those that nobody uses in the order in which they came out of use. */
  readonly #contents = new Map<string, Content>();
  readonly #slots = new Slots(BLOB_TRANSFERS);
  /** By name: a download that was given up has to be over before the next one writes. */
  readonly #writing = new KeyedLock<string>();
  /** Those that are other names of the service's files. */
  readonly #linked = new Set<string>();
  /** Those with files in a folder of their own. */
  readonly #tasksWithFiles = new Set<TaskId>();
  #isClosed = false;

  constructor(options: ArgumentOptions) {
    this.#options = options;
    ensurePrivateFolder(options.folder);
  }

  /** Takes over what an earlier agent has left: files to be verified, halves to be continued. */
  recover(): void {
    for (const { name } of Deno.readDirSync(this.#options.folder)) {
      const path = join(this.#options.folder, name);
      if (name.startsWith(TASK_FOLDER)) Deno.removeSync(path, { recursive: true });
      else this.#recoverFile(name, Deno.statSync(path).size);
    }
    void this.#shrink();
  }

  #recoverFile(name: string, size: number): void {
    const file = name.endsWith(PART) ? "half" : "whole";
    const key = file === "half" ? name.slice(0, -PART.length) : name;
    if (file === "half" && this.#contents.has(key)) return;
    this.#contents.set(key, { size, users: 0, file, abort: new AbortController() });
  }

  /**
   * The path of a file with the content, until `release`. Rejects with the `FuncxError` that makes it
   * impossible, and with an abort's reason after `close`.
   */
  use(blob: BlobReference, requests: (signal: AbortSignal) => AgentBlobRequests): Promise<string> {
    const key = keyOf(blob);
    const known = this.#contents.get(key);
    if (known?.file instanceof Promise) {
      known.users += 1;
      return known.file;
    }
    const abort = new AbortController();
    const file = this.#writing.run(
      key,
      () => this.#slots.run(() => this.#bring(blob, known?.file, requests(abort.signal))),
    );
    const content = { size: blob.size, users: 1, file, abort };
    this.#contents.set(key, content);
    file.catch(() => {
      if (this.#contents.get(key) === content) this.#contents.delete(key);
    });
    return file;
  }

  /** One user less. A download that nobody waits for any more ends, and what has come of it goes. */
  release(blob: BlobReference): void {
    const key = keyOf(blob);
    const content = this.#contents.get(key);
    if (content === undefined || --content.users > 0) return;
    this.#contents.delete(key);
    content.abort.abort(new Error("nobody needs it any more"));
    // A user has made it one.
    (content.file as Promise<string>).then(() => {
      // Last in the order, unless somebody has come for it.
      if (this.#contents.has(key)) return;
      // It can be linked again, and would keep what the service removes.
      if (this.#linked.delete(key)) return removeIfPresent(this.#path(key));
      this.#contents.set(key, content);
      void this.#shrink();
    }, () => {});
  }

  /**
   * What an attempt's worker gets: contents by SHA-256; files by `SHA-256/name`, under their own
   * names in a folder of the task. Throws the system's error.
   */
  link(
    taskId: TaskId,
    references: readonly (BlobReference | FileReference)[],
    paths: readonly string[],
  ): Record<string, string> {
    const blobs: Record<string, string> = {};
    for (const [index, reference] of references.entries()) {
      if (!("name" in reference)) {
        blobs[reference.sha256] = paths[index]!;
        continue;
      }
      this.#tasksWithFiles.add(taskId);
      const folder = join(this.#taskFolder(taskId), String(index));
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      const link = join(folder, reference.name);
      Deno.linkSync(paths[index]!, link);
      blobs[fileKey(reference)] = link;
    }
    return blobs;
  }

  /** The attempt has ended. */
  unlink(taskId: TaskId): void {
    if (!this.#tasksWithFiles.delete(taskId)) return;
    try {
      Deno.removeSync(this.#taskFolder(taskId), { recursive: true });
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return;
      const reason = messageOf(thrown);
      log.warning("the files of {taskId} cannot be removed: {reason}", { taskId, reason });
    }
  }

  #path(key: string): string {
    return join(this.#options.folder, key);
  }

  #taskFolder(taskId: TaskId): string {
    return join(this.#options.folder, `${TASK_FOLDER}${taskId}`);
  }

  /** What has come of a download stays, for the next agent. */
  close(): void {
    this.#isClosed = true;
    for (const { abort } of this.#contents.values()) abort.abort(new Error("the agent stops"));
  }

  async #bring(
    blob: BlobReference,
    left: Content["file"] | undefined,
    requests: AgentBlobRequests,
  ): Promise<string> {
    const key = keyOf(blob);
    const path = this.#path(key);
    if (left === "whole" && await hasContent(path, blob)) return path;
    try {
      if (!isFile(blob) && await requests.take?.(blob, path)) {
        this.#linked.add(key);
        return path;
      }
      return await this.#fetch(path, blob, requests);
    } catch (thrown) {
      if (!this.#isClosed) await this.#remove(key);
      throw thrown;
    }
  }

  async #fetch(path: string, blob: BlobReference, requests: AgentBlobRequests): Promise<string> {
    if (blob.size > BLOB_CHUNK_BYTES || blob.size === 0) {
      return await this.#download(path, blob, requests);
    }
    await this.#makeRoom(blob.size);
    const bytes = await requests.get(blob, 0, blob.size);
    if (await sha256Of(bytes) !== blob.sha256) throw corrupt(blob);
    await writeCopy(path, bytes);
    return path;
  }

  async #download(path: string, blob: BlobReference, requests: AgentBlobRequests): Promise<string> {
    for (let attempt = 1;; attempt++) {
      const file = await GrowingFile.open(path, blob.size);
      if (file.offset > 0) {
        log.info("{sha256} goes on at {offset}", { ...blob, offset: file.offset });
      }
      await this.#makeRoom(blob.size - file.offset);
      for await (const chunk of downloadBlob(requests, blob, file.offset)) await file.append(chunk);
      if (await file.finish(blob.sha256)) return path;
      await removeFile(path + PART);
      // What an earlier agent has left may have been spoilt by a power loss.
      if (attempt > 1) throw corrupt(blob);
    }
  }

  /** Before a download, so that it does not fill the disk of the spool; what nobody uses goes first. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#hasRoom(bytes)) return;
    await this.#shrink(0);
    if (!this.#hasRoom(bytes)) throw noRoom(bytes, this.#options.folder);
  }

  #hasRoom(bytes: number): boolean {
    const { folder, free = freeBytes } = this.#options;
    const room = free(folder);
    return room === undefined || bytes + DISK_RESERVE <= room;
  }

  async #shrink(maximumBytes = this.#options.cacheBytes): Promise<void> {
    const unused = [...this.#contents].filter(([, { users }]) => users === 0);
    let bytes = unused.reduce((sum, [, { size }]) => sum + size, 0);
    const removals: Promise<void>[] = [];
    for (const [key, { size }] of unused) {
      if (bytes <= maximumBytes) break;
      bytes -= size;
      this.#contents.delete(key);
      removals.push(this.#writing.run(key, () => this.#remove(key)));
    }
    await Promise.all(removals);
  }

  async #remove(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      for (const file of [path, path + PART]) await removeFile(file);
    } catch (thrown) {
      log.warning("cannot remove {key}: {reason}", { key, reason: messageOf(thrown) });
    }
  }
}

/** Its name in the folder: what functions get as files is not shared with what only workers read. */
function keyOf(blob: BlobReference): string {
  return isFile(blob) ? `${blob.sha256}.file` : blob.sha256;
}

function isFile(blob: BlobReference): boolean {
  return "name" in blob;
}

/** A file that is cut short by a crash has another hash. */
async function writeCopy(path: string, bytes: Uint8Array): Promise<void> {
  try {
    // What is there may be another name of the service's file.
    removeIfPresent(path);
    await Deno.writeFile(path, bytes, { mode: 0o600 });
  } catch (thrown) {
    throw isDiskFull(thrown) ? noRoom(bytes.length, dirname(path)) : thrown;
  }
}

function noRoom(bytes: number, folder: string): FuncxError {
  return new FuncxError({
    code: "STORAGE_FULL",
    message: `${bytes} bytes more do not fit the disk of ${folder}`,
    hint: FULL_DISK_HINT,
  });
}

async function hasContent(path: string, { sha256 }: BlobReference): Promise<boolean> {
  using file = await Deno.open(path, { read: true });
  const isWhole = (await hashFile(file)).sha256 === sha256;
  if (!isWhole) await removeFile(path);
  return isWhole;
}

function corrupt({ sha256 }: BlobReference): FuncxError {
  return new FuncxError({
    code: "BLOB_CORRUPT",
    message: `what came as argument ${sha256} has another SHA-256`,
    hint: "Run the task again; if it stays so, see the service's disk.",
  });
}
