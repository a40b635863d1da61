/** Gathers tasks into few requests. */
import { soon } from "../lib/async.ts";
import { Fifo } from "./fifo.ts";

interface Waiting<T> {
  readonly item: T;
  /** When it was added: that of an item which is not wanted any more may be another one. */
  readonly bytes: number;
}

export interface SubmitQueueOptions<T> {
  /** Sends one batch; it never rejects. */
  readonly send: (batch: readonly T[]) => Promise<void>;
  /** Bytes of an item, about. */
  readonly size: (item: T) => number;
  /** Items of one request. */
  readonly maximumItems: number;
  /** Bytes of one request; a larger item goes alone. */
  readonly maximumBytes: number;
  /** Requests at a time. */
  readonly concurrency: number;
  /** Milliseconds to gather while a request is on its way. */
  readonly linger: number;
}

/**
 * With no request on its way, what is added within one turn of the event loop is sent at once. Else
 * items gather until a batch is full, `linger` has passed or the last request is answered.
 */
export class SubmitQueue<T> {
  readonly #options: SubmitQueueOptions<T>;
  readonly #waiting = new Fifo<Waiting<T>>();
  #bytes = 0;
  #inFlight = 0;
  /** What waits has waited long enough. */
  #due = false;
  #scheduled = false;

  constructor(options: SubmitQueueOptions<T>) {
    this.#options = options;
  }

  add(item: T): void {
    const bytes = this.#options.size(item);
    this.#waiting.push({ item, bytes });
    this.#bytes += bytes;
    if (this.#isFull()) this.#pump();
    else this.#schedule();
  }

  #isFull(): boolean {
    const { maximumItems, maximumBytes } = this.#options;
    return this.#waiting.size >= maximumItems || this.#bytes >= maximumBytes;
  }

  #schedule(): void {
    if (this.#scheduled || this.#due) return;
    this.#scheduled = true;
    const run = (): void => {
      this.#scheduled = false;
      this.#due = true;
      this.#pump();
    };
    if (this.#inFlight === 0) soon(run);
    else setTimeout(run, this.#options.linger);
  }

  #pump(): void {
    while (
      this.#waiting.size > 0 && this.#inFlight < this.#options.concurrency &&
      (this.#due || this.#isFull())
    ) {
      this.#inFlight++;
      this.#options.send(this.#takeBatch()).finally(() => {
        this.#inFlight--;
        this.#due ||= this.#inFlight === 0;
        this.#pump();
      });
    }
    if (this.#waiting.size === 0) this.#due = false;
  }

  #takeBatch(): T[] {
    const { maximumItems, maximumBytes } = this.#options;
    const batch: T[] = [];
    let bytes = 0;
    for (let next; (next = this.#waiting.peek()) !== undefined && batch.length < maximumItems;) {
      if (batch.length > 0 && bytes + next.bytes > maximumBytes) break;
      bytes += next.bytes;
      batch.push(next.item);
      this.#waiting.shift();
    }
    this.#bytes -= bytes;
    return batch;
  }
}
