/** What was handed to a broker and is not confirmed: bounded, and confirmed in its own order. */
import { deferred, Signal } from "../../lib/async.ts";

interface Batch {
  readonly sequence: number;
  readonly messages: number;
  readonly bytes: number;
  done: boolean;
}

/** Bytes that several windows have on their way together. */
export class ByteBudget {
  readonly #limit: number;
  readonly #freed = new Signal();
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.#used >= this.#limit;
  }

  get isUnused(): boolean {
    return this.#used === 0;
  }

  /** Resolves when bytes were given back. */
  freed(): Promise<void> {
    return this.#freed.next();
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#freed.notify();
  }
}

export class PublishWindow {
  readonly #limits: { readonly messages: number; readonly bytes: number };
  readonly #budget: ByteBudget;
  readonly #confirmed: (sequence: number) => void;
  readonly #batches: Batch[] = [];
  readonly #moved = new Signal();
  /** Who waits for something, and is to be told when a message was not taken. */
  readonly #waiting = new Set<(reason: unknown) => void>();
  /** Why a message was not taken; nothing is confirmed from then on. */
  #failure: { readonly reason: unknown } | undefined;
  #isClosed = false;
  #messages = 0;
  #bytes = 0;

  /**
   * @param budget shared with other windows; where it is full, one batch goes out at a time
   * @param confirmed told of each batch with all before it, in order
   */
  constructor(
    limits: { readonly messages: number; readonly bytes: number },
    budget: ByteBudget,
    confirmed: (sequence: number) => void,
  ) {
    this.#limits = limits;
    this.#budget = budget;
    this.#confirmed = confirmed;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Resolves when another batch may go out: one may always, however large it is. */
  async room(): Promise<void> {
    while (
      this.#messages >= this.#limits.messages || this.#bytes >= this.#limits.bytes ||
      this.#budget.isFull && !this.isEmpty
    ) await this.orFailed(Promise.race([this.#moved.next(), this.#budget.freed()]));
  }

  /**
   * What the promise comes to; rejects when a message was not taken before. To race with one promise
   * of that would keep what every race came to for as long as the window is there.
   */
  orFailed<T>(promise: Promise<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    const { promise: first, resolve, reject } = deferred<T>();
    this.#waiting.add(reject);
    promise.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    return first;
  }

  /** Resolves when something was confirmed. */
  moved(): Promise<void> {
    return this.#moved.next();
  }

  add(sequence: number, publishing: readonly Promise<void>[], bytes: number): void {
    const batch: Batch = { sequence, messages: publishing.length, bytes, done: false };
    this.#batches.push(batch);
    this.#messages += batch.messages;
    this.#bytes += bytes;
    this.#budget.take(bytes);
    Promise.all(publishing).then(
      () => {
        batch.done = true;
        this.#settle();
      },
      (reason) => this.#fail(reason),
    );
  }

  /** Confirms nothing from now on, and counts no more against the budget. */
  close(): void {
    this.#isClosed = true;
    this.#budget.giveBack(this.#bytes);
    this.#bytes = 0;
  }

  /** Whoever waits next sees it too; nobody may be there at the moment. */
  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    for (const reject of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  #settle(): void {
    if (this.#isClosed || this.#failure !== undefined) return;
    let last: Batch | undefined;
    while (this.#batches[0]?.done) {
      last = this.#batches.shift()!;
      this.#messages -= last.messages;
      this.#bytes -= last.bytes;
      this.#budget.giveBack(last.bytes);
    }
    if (last === undefined) return;
    this.#confirmed(last.sequence);
    this.#moved.notify();
  }
}
