/**
 * Credits, from both sides. The receiver of tasks or results grants a number of items; the sender
 * never has more of them unacknowledged, nor more than `MAX_WINDOW_BYTES` of them, so that neither a
 * slow disk nor a slow link can fill anybody's memory. Pure; one window per direction and session.
 */
import { MAX_WINDOW_BYTES } from "../limits.ts";

/** The sender's account: what is in flight and what may follow. */
export class SendWindow {
  readonly #inFlight = new Map<string, number>();
  readonly #credits: number;
  readonly #maximumBytes: number;
  #bytes = 0;

  constructor(credits: number, maximumBytes: number = MAX_WINDOW_BYTES) {
    this.#credits = credits;
    this.#maximumBytes = maximumBytes;
  }

  /** How many more items may be sent now, if their bytes fit as well. */
  get room(): number {
    return this.#bytes >= this.#maximumBytes ? 0 : this.#credits - this.#inFlight.size;
  }

  /** Bytes that may still be sent; an item that is larger than the whole window may go alone. */
  get roomBytes(): number {
    return this.#maximumBytes - this.#bytes;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  has(id: string): boolean {
    return this.#inFlight.has(id);
  }

  /**
   * Takes the item into account when it may be sent now; false when it has to wait for an
   * acknowledgement, or is in flight already.
   */
  trySend(id: string, bytes: number): boolean {
    if (this.room <= 0 || this.#inFlight.has(id)) return false;
    if (bytes > this.roomBytes && this.#inFlight.size > 0) return false;
    this.#inFlight.set(id, bytes);
    this.#bytes += bytes;
    return true;
  }

  /** The ids among `ids` that were in flight; the others were acknowledged before, or never sent. */
  acknowledged(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      const bytes = this.#inFlight.get(id);
      if (bytes === undefined) return false;
      this.#inFlight.delete(id);
      this.#bytes -= bytes;
      return true;
    });
  }

  /** What has to be sent again in the next session, oldest first. */
  unacknowledged(): string[] {
    return [...this.#inFlight.keys()];
  }
}

/** The receiver's account, with which it notices a sender that does not keep to its credits. */
export class ReceiveWindow {
  readonly #credits: number;
  #unacknowledged = 0;

  constructor(credits: number) {
    this.#credits = credits;
  }

  /** Items received and not yet acknowledged. */
  get size(): number {
    return this.#unacknowledged;
  }

  /** False when the sender had no credit for `count` more: a violation. */
  received(count: number): boolean {
    this.#unacknowledged += count;
    return this.#unacknowledged <= this.#credits;
  }

  acknowledge(count: number): void {
    this.#unacknowledged -= count;
  }
}
