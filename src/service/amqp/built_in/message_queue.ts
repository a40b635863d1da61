/**
 * One queue: what is on its way from those who publish to those who read. It holds messages only while
 * somebody reads it: whoever publishes keeps them until then.
 *
 * 1. A message is settled once: acknowledged, or refused, and then its sender still has it.
 * 2. What waits when the last reader goes is refused, and so is what is given back with no reader there.
 */
import { type Deferred, deferred, Signal } from "../../../lib/async.ts";
import type { BrokerMessage } from "../broker.ts";
import { AmqpError } from "./replies.ts";

/** A reader that gives a message back this often does not take it; its sender waits before another try. */
const MAX_DELIVERIES = 10;

/** The message was not taken; its sender still has it. */
export class NotTakenError extends Error {
  override readonly name = "NotTakenError";
}

export class Delivery {
  readonly message: BrokerMessage;
  readonly queue: MessageQueue;
  readonly settled: Deferred<void> = deferred();
  /** How often it was handed to a reader. */
  count = 0;

  constructor(queue: MessageQueue, message: BrokerMessage) {
    this.queue = queue;
    this.message = message;
  }

  acknowledge(): void {
    this.settled.resolve();
  }

  refuse(reason: string): void {
    this.settled.reject(new NotTakenError(reason));
  }
}

export interface QueueReader {
  readonly exclusive: boolean;
  canTake(): boolean;
  take(delivery: Delivery): void;
  /** The queue has ended. */
  ended(): void;
}

export class MessageQueue {
  readonly name: string;
  readonly #readers = new Set<QueueReader>();
  #waiting: Delivery[] = [];
  readonly #gotReader = new Signal();
  readonly #becameIdle: () => void;
  #wanting = 0;

  /** @param becameIdle called each time when nobody uses it any more */
  constructor(name: string, becameIdle: () => void = () => {}) {
    this.name = name;
    this.#becameIdle = becameIdle;
  }

  /** Whether nobody reads it or waits for a reader. */
  get isIdle(): boolean {
    return this.#readers.size === 0 && this.#wanting === 0;
  }

  get readers(): number {
    return this.#readers.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when somebody reads. Rejects with the signal's reason. */
  async wanted(signal: AbortSignal): Promise<void> {
    const { promise: aborted, reject } = deferred<never>();
    aborted.catch(() => {});
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#wanting++;
    try {
      signal.throwIfAborted();
      while (this.#readers.size === 0) await Promise.race([this.#gotReader.next(), aborted]);
    } finally {
      signal.removeEventListener("abort", abort);
      this.#wanting--;
      if (this.isIdle) this.#becameIdle();
    }
  }

  /** Rejects with {@link NotTakenError}. */
  publish(message: BrokerMessage): Promise<void> {
    if (this.#readers.size === 0) {
      return Promise.reject(new NotTakenError(`nobody reads ${this.name}`));
    }
    const delivery = new Delivery(this, message);
    this.#waiting.push(delivery);
    this.pump();
    return delivery.settled.promise;
  }

  /** Throws `ACCESS_REFUSED` when it, or one that is there, wants to read alone. */
  requireRoomFor(reader: QueueReader): void {
    const isAlone = [...this.#readers].some(({ exclusive }) => exclusive);
    if (isAlone || reader.exclusive && this.#readers.size > 0) {
      throw new AmqpError("ACCESS_REFUSED", `queue '${this.name}' is in exclusive use`);
    }
  }

  /** Throws as {@link requireRoomFor}. */
  attach(reader: QueueReader): void {
    this.requireRoomFor(reader);
    this.#readers.add(reader);
    this.#gotReader.notify();
    this.pump();
  }

  /** @param held what it was given and has not settled */
  detach(reader: QueueReader, held: readonly Delivery[] = []): void {
    this.#readers.delete(reader);
    this.giveBack(held);
    if (this.isIdle) this.#becameIdle();
  }

  /** In their order, before what waits. */
  giveBack(deliveries: readonly Delivery[]): void {
    const tired = deliveries.filter(({ count }) => count >= MAX_DELIVERIES);
    for (const delivery of tired) delivery.refuse("its readers gave it back again and again");
    this.#waiting.unshift(...deliveries.filter(({ count }) => count < MAX_DELIVERIES));
    if (this.#readers.size === 0) this.#refuseAll(`the last reader of ${this.name} has gone`);
    else this.pump();
  }

  end(): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    this.#refuseAll(`queue ${this.name} has ended`);
    for (const reader of readers) reader.ended();
  }

  /** Hands out what its readers can take, by turns. */
  pump(): void {
    let taken = 0;
    for (let someoneTook = true; someoneTook && taken < this.#waiting.length;) {
      someoneTook = false;
      for (const reader of [...this.#readers]) {
        const delivery = this.#waiting[taken];
        if (delivery === undefined || !reader.canTake()) continue;
        taken++;
        someoneTook = true;
        delivery.count++;
        reader.take(delivery);
      }
    }
    if (taken > 0) this.#waiting = this.#waiting.slice(taken);
  }

  #refuseAll(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const delivery of waiting) delivery.refuse(reason);
  }
}
