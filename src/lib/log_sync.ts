/**
 * Syncing a database's write-ahead log beside the event loop. A commit with `synchronous=NORMAL`
 * only writes; what makes it durable is a sync of the log file, which here runs in a thread of the
 * runtime while the process goes on. One sync does for every commit before it.
 *
 * 1. `synced()` resolves after a sync that began when everything committed before the call had been
 *    written.
 * 2. After a sync that failed nobody can know what is on disk, since the system forgets which pages
 *    it could not write (https://wiki.postgresql.org/wiki/Fsync_Errors): every later call rejects
 *    with the same error, and only another process, which reads the file anew, can go on.
 */
import type { Connection } from "./database.ts";

export class LogSync {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  /** Something was committed since the last sync began. */
  #isDirty = false;
  #running: Promise<void> | undefined;
  /** Of those who came after the running sync had begun. */
  #next: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;
  readonly #failed = Promise.withResolvers<Error>();

  /** Resolves when a sync has failed (2). */
  readonly failed: Promise<Error> = this.#failed.promise;

  /** Takes the syncing of `connection`, whose file is at `path`, over from SQLite. */
  constructor(connection: Connection, path: string) {
    // Its checkpoints sync log and file by themselves with NORMAL too, so the file stays whole.
    connection.pragma("synchronous = NORMAL");
    this.#path = `${path}-wal`;
    this.#file = Deno.openSync(this.#path, { read: true, write: true });
  }

  /** Something was committed. */
  written(): void {
    this.#isDirty = true;
  }

  /** Whether something was committed that is perhaps not on disk. */
  get isBehind(): boolean {
    return this.#isDirty || this.#running !== undefined;
  }

  /** Resolves when all that was committed before is on disk. */
  synced(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#isDirty) return this.#running ?? Promise.resolve();
    if (this.#running === undefined) return this.#start(Promise.withResolvers<void>());
    this.#next ??= Promise.withResolvers<void>();
    return this.#next.promise;
  }

  /** The same, before it returns. */
  syncNow(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.isBehind) return;
    try {
      // A file of its own: the other one cannot be used twice at a time.
      using file = Deno.openSync(this.#path, { read: true, write: true });
      file.syncDataSync();
      this.#isDirty = false;
    } catch (thrown) {
      throw this.#fail(thrown);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #start(waiting: PromiseWithResolvers<void>): Promise<void> {
    this.#isDirty = false;
    this.#running = waiting.promise;
    this.#file!.syncData().then(
      () => this.#ended(waiting),
      (thrown) => this.#broke(waiting, this.#fail(thrown)),
    );
    return waiting.promise;
  }

  #ended(waiting: PromiseWithResolvers<void>): void {
    const next = this.#takeNext();
    waiting.resolve();
    if (next === undefined) return;
    if (this.#isDirty) void this.#start(next);
    else next.resolve();
  }

  #broke(waiting: PromiseWithResolvers<void>, failure: Error): void {
    const next = this.#takeNext();
    waiting.reject(failure);
    next?.reject(failure);
  }

  #takeNext(): PromiseWithResolvers<void> | undefined {
    const next = this.#next;
    this.#running = undefined;
    this.#next = undefined;
    return next;
  }

  #fail(thrown: unknown): Error {
    this.#failure ??= thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#failed.resolve(this.#failure);
    return this.#failure;
  }
}
