/** Messages in the order in which they came, each of which the test has to expect. */
import { assertEquals } from "../../lib/assert.ts";
import { Fifo } from "../../lib/fifo.ts";
import { Waiters } from "../../lib/waiters.ts";

export class MessageQueue<M extends { readonly type: string }> {
  readonly #arrived = new Fifo<M>();
  readonly #waiters = new Waiters();
  readonly #ignored = new Set<string>();
  #count = 0;

  /** From here on messages of this type are not kept. */
  ignore(type: M["type"]): void {
    this.#ignored.add(type);
  }

  push(message: M): void {
    if (this.#ignored.has(message.type)) return;
    this.#arrived.push(message);
    this.#count += 1;
    this.#waiters.check();
  }

  /** Messages that nobody has expected yet. */
  get size(): number {
    return this.#count;
  }

  /** The next message, which must be of this type. */
  async expect<T extends M["type"]>(type: T): Promise<M & { readonly type: T }> {
    if (this.#count === 0) await this.#waiters.when(() => this.#count > 0);
    this.#count -= 1;
    const message = this.#arrived.shift()!;
    assertEquals(message.type, type);
    return message as M & { readonly type: T };
  }

  /** The next message of this type; others before it are passed over. */
  async next<T extends M["type"]>(type: T): Promise<M & { readonly type: T }> {
    for (;;) {
      if (this.#count === 0) await this.#waiters.when(() => this.#count > 0);
      this.#count -= 1;
      const message = this.#arrived.shift()!;
      if (message.type === type) return message as M & { readonly type: T };
    }
  }
}
