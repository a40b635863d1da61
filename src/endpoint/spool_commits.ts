/**
 * When what is queued in the spool is written, and what may happen then. Actions that others see wait
 * for the commit of all that was queued before them. While the disk takes nothing, changes and
 * actions stay queued, and it is tried again.
 *
 * What the service has acknowledged is dropped together with the next change, since a commit by
 * itself would cost as much as the task that it forgets; without a change it waits a moment.
 */
import type { FuncxFailure } from "../contract/errors.ts";
import type { Failure } from "../lib/outcome.ts";
import type { Spool } from "./spool.ts";
import { SpoolSync } from "./spool_sync.ts";
import { spoolShort, StorageHealth, type StorageState } from "./storage_health.ts";

/** Milliseconds that a drop waits for a change to go with. */
const DROP_PATIENCE = 20;

export interface CommitOptions {
  readonly spool: Spool;
  /** Told when writing begins to fail or room gets short, and with null when that is over. */
  readonly onStorage: (problem: Failure | null) => void;
  /** The spool cannot be written any more, whatever is done. */
  readonly onFatal: (problem: FuncxFailure) => void;
  /** It is time to try again. */
  readonly retry: () => void;
}

export class SpoolCommits {
  readonly sync: SpoolSync;
  readonly #options: CommitOptions;
  readonly #storage: StorageHealth;
  #actions: (() => void)[] = [];
  #dropTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: CommitOptions) {
    this.#options = options;
    this.sync = new SpoolSync(options.spool);
    this.#storage = new StorageHealth({ tell: options.onStorage, retry: options.retry });
  }

  get storage(): StorageState {
    return this.#storage.state;
  }

  /** Runs `action` once everything that is queued by then is committed. */
  after(action: () => void): void {
    this.#actions.push(action);
  }

  /** The same, before what waits already. */
  firstAfter(action: () => void): void {
    this.#actions.unshift(action);
  }

  /** Whether the spool's disk has room for more tasks. */
  hasRoom(hasRoom: boolean): void {
    if (hasRoom) return this.#storage.works("short");
    const { spool } = this.#options;
    // Perhaps it is the spool that takes the room, with nothing in it any more.
    spool.shrink();
    this.#storage.troubled("short", spoolShort(spool.path));
  }

  /**
   * Commits until there is nothing left to write and to do; `before` is called before each commit.
   * False while the disk takes nothing.
   */
  settle(before: () => void): boolean {
    for (let more = true; more;) {
      before();
      if (!this.#commit()) return false;
      const actions = this.#actions.splice(0);
      for (const action of actions) action();
      more = actions.length > 0 || this.#options.spool.hasChanges;
    }
    return true;
  }

  /** Writes what waits for company, if that can be. */
  flush(): void {
    this.#write();
  }

  close(): void {
    clearTimeout(this.#dropTimer);
    this.sync.close();
    this.#storage.stop();
  }

  #commit(): boolean {
    const { spool } = this.#options;
    if (spool.hasChanges) this.sync.soon();
    else if (spool.hasDrops && this.#storage.state === "works") return this.#dropSoon();
    return this.#write();
  }

  #dropSoon(): true {
    this.#dropTimer ??= setTimeout(() => {
      this.#dropTimer = undefined;
      this.#write();
    }, DROP_PATIENCE);
    return true;
  }

  #write(): boolean {
    const outcome = this.#options.spool.commit();
    if (outcome.kind === "ok") {
      this.#storage.works("failing");
      return true;
    }
    if (outcome.kind === "fatal") this.#options.onFatal(outcome.failure);
    else this.#storage.troubled("failing", outcome.failure);
    return false;
  }
}
