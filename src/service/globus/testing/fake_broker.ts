/** A broker in memory that keeps what nobody reads yet, as RabbitMQ does. */
import { deferred } from "../../../lib/async.ts";
import { Waiters } from "../../../lib/waiters.ts";
import type { Broker, BrokerMessage, ConnectionGrant, Subscription } from "../../amqp/broker.ts";

type Take = (message: BrokerMessage) => Promise<void>;

interface Queue {
  waiting: BrokerMessage[];
  /** Whose turn it is comes first. */
  readers: Take[];
  isTaking: boolean;
}

export class FakeBroker implements Broker {
  /** What the next {@link declare} waits for, and fails with. */
  #hindrance: (() => Promise<void>) | undefined;
  readonly #queues = new Map<string, Queue>();
  readonly #waiters = new Waiters();

  async wanted(name: string): Promise<void> {
    await this.#when(() => this.#queues.has(name));
  }

  /** Resolves as soon as the queue has it. */
  publish(name: string, message: BrokerMessage): Promise<void> {
    const queue = this.#queues.get(name);
    if (queue === undefined) return Promise.reject(new Error(`there is no queue ${name}`));
    queue.waiting.push(message);
    void this.#pump(queue);
    return Promise.resolve();
  }

  /** Resolves when all that was published to the queue is taken. */
  async taken(name: string): Promise<void> {
    await this.#when(() => {
      const queue = this.#queues.get(name);
      return queue !== undefined && queue.waiting.length === 0 && !queue.isTaking;
    });
  }

  read(name: string, take: Take): Promise<Subscription> {
    const queue = this.#queue(name);
    queue.readers.push(take);
    void this.#pump(queue);
    const close = (): Promise<void> => {
      queue.readers = queue.readers.filter((reader) => reader !== take);
      return Promise.resolve();
    };
    return Promise.resolve({ close });
  }

  async declare(name: string): Promise<void> {
    const hindrance = this.#hindrance;
    this.#hindrance = undefined;
    await hindrance?.();
    this.#queue(name);
  }

  /** The next queue cannot be made. */
  failNext(): void {
    this.#hindrance = () => Promise.reject(new Error("RabbitMQ is away"));
  }

  /** The next queue is made when it is released; `reached` resolves when somebody waits for it. */
  holdNext(): { readonly reached: Promise<void>; readonly release: () => void } {
    const [reached, released] = [deferred<void>(), deferred<void>()];
    this.#hindrance = () => {
      reached.resolve();
      return released.promise;
    };
    return { reached: reached.promise, release: released.resolve };
  }

  release(): void {}

  /** A reader reads on when the queue is made again. */
  remove(name: string): Promise<void> {
    const queue = this.#queues.get(name);
    if (queue !== undefined) queue.waiting = [];
    return Promise.resolve();
  }

  grantReader(): Promise<ConnectionGrant> {
    return Promise.reject(new Error("nobody reads results here"));
  }

  grantAgent(agentId: string): Promise<ConnectionGrant> {
    return Promise.resolve({ url: `amqp://${agentId}:secret@127.0.0.1` });
  }

  revokeAgent(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const made: Queue = { waiting: [], readers: [], isTaking: false };
    this.#queues.set(name, made);
    this.#waiters.check();
    return made;
  }

  async #pump(queue: Queue): Promise<void> {
    if (queue.isTaking) return;
    queue.isTaking = true;
    while (queue.readers.length > 0 && queue.waiting.length > 0) {
      const take = queue.readers.shift()!;
      queue.readers.push(take);
      await take(queue.waiting.shift()!);
    }
    queue.isTaking = false;
    this.#waiters.check();
  }

  async #when(holds: () => boolean): Promise<void> {
    if (!holds()) await this.#waiters.when(holds);
  }
}
