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

/** Milliseconds: a sync that takes less is hardly worth a thread, which takes 0.1 to 0.2 of them. */
const QUICK = 1;

export class LogSync {
  readonly #path: string;
  readonly #quick: number;
  #file: Deno.FsFile | undefined;
  /** Something was committed since the last sync began. */
  #isDirty = false;
  #running: Promise<void> | undefined;
  /** Of those who came after the running sync had begun. */
  #next: PromiseWithResolvers<void> | undefined;
  /** Milliseconds that the last sync took, with the way to its thread and back. */
  #lastTook = Infinity;
  #failure: Error | undefined;
  readonly #failed = Promise.withResolvers<Error>();

  /** Resolves when a sync has failed (2). */
  readonly failed: Promise<Error> = this.#failed.promise;

  /**
   * Takes the syncing of `connection`, whose file is at `path`, over from SQLite.
   * @param quick milliseconds that a sync may take which the process waits for
   */
  constructor(connection: Connection, path: string, quick = QUICK) {
    this.#quick = quick;
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

  /**
   * Syncs before it returns when the disk is as quick as that, and else does nothing. For one who
   * has nothing else to do meanwhile. A failure is told by {@link synced}, as always.
   */
  syncIfQuick(): void {
    if (!this.#isDirty || this.#running !== undefined || this.#lastTook > this.#quick) return;
    if (this.#failure !== undefined) return;
    const begun = performance.now();
    try {
      this.#file!.syncDataSync();
      this.#isDirty = false;
      this.#lastTook = performance.now() - begun;
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** As {@link synced}, before it returns. */
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
    const begun = performance.now();
    this.#file!.syncData().then(
      () => {
        this.#lastTook = performance.now() - begun;
        this.#ended(waiting);
      },
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
