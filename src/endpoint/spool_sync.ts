/**
 * When what the spool has written gets to the disk, and what waits for that. A kill of the agent
 * loses nothing that is written; only a loss of power does, until a sync. So a sync is due at once
 * for what must not be undone by that, and otherwise soon: one does for all that came meanwhile.
 */
import type { Spool } from "./spool.ts";

/** Milliseconds that something written may wait for its sync, so that others share it. */
const PATIENCE = 10;

export class SpoolSync {
  readonly #spool: Pick<Spool, "synced">;
  #actions: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: "idle" | "syncing" | "syncing, then again" | "closed" = "idle";

  constructor(spool: Pick<Spool, "synced">) {
    this.#spool = spool;
  }

  /** Whether somebody waits for a sync, in which case what comes later has to wait as well. */
  get isAwaited(): boolean {
    return this.#actions.length > 0 || this.#state.startsWith("syncing");
  }

  /** Runs `action` when everything that is written now is on disk. */
  whenSynced(action: () => void, due: "now" | "soon"): void {
    this.#actions.push(action);
    if (due === "now") this.#begin();
    else this.soon();
  }

  /** Something was written that should not wait long. */
  soon(): void {
    if (this.#state === "idle") this.#timer ??= setTimeout(() => this.#begin(), PATIENCE);
  }

  /** Nothing is run any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#actions = [];
    this.#state = "closed";
  }

  #begin(): void {
    if (this.#state === "syncing") this.#state = "syncing, then again";
    if (this.#state !== "idle") return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#state = "syncing";
    const actions = this.#actions;
    this.#actions = [];
    // A sync that fails ends the agent by the spool's own word.
    this.#spool.synced().then(() => this.#ended(actions), () => this.close());
  }

  #ended(actions: readonly (() => void)[]): void {
    if (this.#state === "closed") return;
    const again = this.#state === "syncing, then again";
    this.#state = "idle";
    if (again) this.#begin();
    else if (this.#actions.length > 0) this.soon();
    for (const action of actions) action();
  }
}
