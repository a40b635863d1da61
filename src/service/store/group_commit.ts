/**
 * One transaction for all that came within one turn of the event loop, or while the one before it
 * was on its way to the disk. A synced write costs about a millisecond whatever it holds, so this is
 * what makes durability cheap. The sync runs beside the event loop (`lib/log_sync.ts`), but for that
 * of little when the disk is quick; so what was committed can be read a moment before it is durable:
 * whatever leaves the store goes through `onDisk`.
 *
 * 1. A promise resolves only after a sync that holds its COMMIT.
 * 2. A write that is refused, or fails, does not touch the others: a refusal is found before anything
 *    is written, and after an unexpected failure the group is rolled back and each write is tried in
 *    a transaction of its own.
 * 3. Writes are applied in the order in which they were asked for.
 */
import { setImmediate } from "node:timers";
import { FuncxError } from "../../contract/errors.ts";
import type { Connection } from "../../lib/database.ts";
import type { LogSync } from "../../lib/log_sync.ts";

/** What happens around the writes of one transaction; a new one for each attempt. */
export interface TransactionScope {
  /** Last writes of the transaction, such as sums over its changes. */
  beforeCommit(): void;
  /** The transaction is committed, and synced or about to be. Must not throw. */
  committed(): void;
}

/**
 * Runs inside a transaction, perhaps more than once, so it has no effect but through the scope.
 * Returns a `FuncxError`, before it wrote anything, to refuse.
 */
export type Write<Scope, T> = (scope: Scope) => T | FuncxError;

/**
 * Milliseconds: what takes less to write came alone or nearly so, and whoever waits for it is served
 * sooner when the sync does not go through a thread. Of more, the next part can be made meanwhile.
 */
const LITTLE = 1;

interface Waiting<Scope> {
  readonly write: Write<Scope, unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

export interface GroupCommitOptions<Scope> {
  readonly connection: Connection;
  readonly log: LogSync;
  readonly scope: () => Scope;
  /** Turns what the database threw into what the caller gets. */
  readonly translate: (thrown: unknown) => Error;
  /** Milliseconds after which a transaction takes no more writes, so that answers do not wait. */
  readonly maximumMilliseconds?: number;
}

export class GroupCommit<Scope extends TransactionScope> {
  readonly #options: GroupCommitOptions<Scope>;
  readonly #maximumMilliseconds: number;
  #waiting: Waiting<Scope>[] = [];
  #scheduled = false;
  #closed = false;

  constructor(options: GroupCommitOptions<Scope>) {
    this.#options = options;
    this.#maximumMilliseconds = options.maximumMilliseconds ?? 50;
  }

  /** Resolves with what `write` returned once it is on disk; rejects when it was refused or failed. */
  write<T>(write: Write<Scope, T>): Promise<T> {
    if (this.#closed) return Promise.reject(stopping());
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({ write, resolve: resolve as (value: unknown) => void, reject });
    this.#schedule();
    return promise;
  }

  /** Commits now all that waits. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commitNext();
  }

  /** Resolves with `value` when all that is committed now is on disk. */
  async onDisk<T>(value: T): Promise<T> {
    const { log, translate } = this.#options;
    if (!log.isBehind) return value;
    try {
      await log.synced();
      return value;
    } catch (thrown) {
      throw translate(thrown);
    }
  }

  /** Commits what waits, on disk when it returns, and takes no more. */
  close(): void {
    this.flush();
    this.#closed = true;
    this.#options.log.syncNow();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const commit = (): void => {
      this.#scheduled = false;
      if (this.#waiting.length > 0) this.#commitNext();
      if (this.#waiting.length > 0) this.#schedule();
    };
    const { log } = this.#options;
    // The disk is busy: what comes until it is free shares the next transaction and its sync.
    if (log.isBehind) log.synced().then(commit, commit);
    else setImmediate(commit);
  }

  #commitNext(): void {
    const group = this.#waiting;
    this.#waiting = [];
    const done = this.#attempt(group);
    if (done < group.length) this.#waiting = group.slice(done).concat(this.#waiting);
  }

  /** Number of writes, from the first, that were answered. */
  #attempt(group: readonly Waiting<Scope>[]): number {
    try {
      const results = this.#transaction(group);
      this.#settle(group, results);
      return results.length;
    } catch (thrown) {
      if (group.length > 1) { for (const waiting of group) this.#alone(waiting); }
      else group[0]!.reject(this.#options.translate(thrown));
      return group.length;
    }
  }

  #alone(waiting: Waiting<Scope>): void {
    try {
      this.#settle([waiting], this.#transaction([waiting]));
    } catch (thrown) {
      waiting.reject(this.#options.translate(thrown));
    }
  }

  /** What each write returned; fewer than the group when the time for one transaction was up. */
  #transaction(group: readonly Waiting<Scope>[]): unknown[] {
    const { connection, scope: newScope } = this.#options;
    const begun = performance.now();
    const end = begun + this.#maximumMilliseconds;
    const scope = newScope();
    const results: unknown[] = [];
    try {
      connection.exec("BEGIN IMMEDIATE");
      for (const waiting of group) {
        results.push(waiting.write(scope));
        if (performance.now() > end) break;
      }
      scope.beforeCommit();
      connection.exec("COMMIT");
    } catch (thrown) {
      // A full disk has ended the transaction already.
      if (connection.inTransaction) connection.exec("ROLLBACK");
      throw thrown;
    }
    this.#options.log.written();
    if (performance.now() - begun < LITTLE) this.#options.log.syncIfQuick();
    scope.committed();
    return results;
  }

  /** `results` are of the first writes of the group. */
  #settle(group: readonly Waiting<Scope>[], results: readonly unknown[]): void {
    const { log, translate } = this.#options;
    log.synced().then(
      () => results.forEach((result, index) => answer(group[index]!, result)),
      (thrown) => {
        const error = translate(thrown);
        for (let index = 0; index < results.length; index++) group[index]!.reject(error);
      },
    );
  }
}

function answer(waiting: Pick<Waiting<never>, "resolve" | "reject">, result: unknown): void {
  if (result instanceof FuncxError) waiting.reject(result);
  else waiting.resolve(result);
}

function stopping(): FuncxError {
  return new FuncxError({
    code: "SERVICE_STOPPING",
    message: "the service is stopping",
    hint: "Try again when it has been started again.",
  });
}
