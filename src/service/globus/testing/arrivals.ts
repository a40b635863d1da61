/** What has come so far, in order. */
import { Signal } from "../../../lib/async.ts";

export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #more = new Signal();

  add(item: T): void {
    this.all.push(item);
    this.#more.notify();
  }

  /** Resolves to the first `count` when they are there. */
  async first(count: number): Promise<readonly T[]> {
    while (this.all.length < count) await this.#more.next();
    return this.all.slice(0, count);
  }
}
