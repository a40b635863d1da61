/**
 * Publishes results of task groups to their queues: for each group a cursor over the store.
 *
 * 1. The position is written when a result is confirmed, never before: after a crash a result may
 *    come twice, and none is left out.
 * 2. Nothing of a group is read from the store before its broker wants it, so groups that nobody
 *    reads cost a few hundred bytes each.
 */
import type { TaskGroupId, UserId } from "../../contract/ids.ts";
import {
  BATCH_BYTES,
  MAX_BATCH_ITEMS,
  RESULT_WINDOW_BYTES,
  RESULT_WINDOW_BYTES_PER_USER,
  RESULT_WINDOW_MESSAGES,
} from "../../contract/limits.ts";
import { deferred, delay, Signal } from "../../lib/async.ts";
import { Backoff } from "../../lib/backoff.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { FinishedPage, ResultQueue, Store } from "../store/store.ts";
import type { Broker } from "./broker.ts";
import { ByteBudget, PublishWindow } from "./publish_window.ts";
import { resultQueueName } from "./queue_names.ts";
import { type BlobSource, resultMessage } from "./result_message.ts";

const log = logger("service", "amqp");

export interface ResultPublisherParts {
  readonly store: Pick<
    Store,
    "serviceId" | "results" | "resultQueues" | "blobs" | "tasks" | "changes"
  >;
  readonly vault: BlobSource["vault"];
  readonly broker: Pick<Broker, "wanted" | "publish" | "declare" | "release">;
}

/** What follows one group. */
interface Run {
  readonly ended: Promise<void>;
  /** Ends it before the group is done. */
  readonly stop: () => void;
}

export class ResultPublisher {
  readonly #parts: ResultPublisherParts;
  readonly #stop = new AbortController();
  readonly #running = new Map<TaskGroupId, Run>();
  /** What the groups of each user have on their way together, while they have any. */
  readonly #budgets = new Map<UserId, ByteBudget>();

  readonly #unsubscribe: () => void;

  constructor(parts: ResultPublisherParts) {
    this.#parts = parts;
    // Its readers, if there are some, have nothing more to wait for.
    this.#unsubscribe = parts.store.changes.onGroupDeleted((taskGroupId) =>
      this.#running.get(taskGroupId)?.stop()
    );
  }

  /** Goes on with what the last run of the service has left. */
  async start(): Promise<void> {
    for (const queue of await this.#parts.store.resultQueues.behind()) this.#run(queue);
  }

  /**
   * From now on results of the group go to its queue, which is there when this resolves. False when
   * the user has no such group. Rejects when the broker is away; the queue is made later then.
   */
  async open(user: UserId, taskGroupId: TaskGroupId): Promise<boolean> {
    const { store } = this.#parts;
    if (await store.tasks.groupOwner(taskGroupId) !== user) return false;
    const queue = await store.resultQueues.open(taskGroupId);
    if (queue === undefined) return false;
    this.#run(queue);
    await this.#parts.broker.declare(resultQueueName(store.serviceId, user, taskGroupId));
    return true;
  }

  /** How many groups have results that may still go out. */
  get size(): number {
    return this.#running.size;
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#stop.abort();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #run(queue: ResultQueue): void {
    const { taskGroupId } = queue;
    if (this.#stop.signal.aborted || this.#running.has(taskGroupId)) return;
    const own = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, own.signal]);
    const ended = this.#follow(queue, signal).finally(() => {
      this.#running.delete(taskGroupId);
      const { store, broker } = this.#parts;
      broker.release(resultQueueName(store.serviceId, queue.owner, taskGroupId));
      if (this.#budgets.get(queue.owner)?.isUnused) this.#budgets.delete(queue.owner);
    });
    this.#running.set(taskGroupId, { ended, stop: () => own.abort() });
  }

  #budgetOf(user: UserId): ByteBudget {
    const known = this.#budgets.get(user) ?? new ByteBudget(RESULT_WINDOW_BYTES_PER_USER);
    this.#budgets.set(user, known);
    return known;
  }

  /** Until all is confirmed and no more can come, or it is stopped. Never rejects. */
  async #follow({ taskGroupId, owner }: ResultQueue, signal: AbortSignal): Promise<void> {
    const { store, broker } = this.#parts;
    const name = resultQueueName(store.serviceId, owner, taskGroupId);
    const backoff = new Backoff({ initial: 100, maximum: 10_000, minimumUptime: 1_000 });
    while (!signal.aborted) {
      const began = Date.now();
      try {
        await broker.declare(name);
        await broker.wanted(name, signal);
        const queue = await store.resultQueues.open(taskGroupId);
        if (queue === undefined) return;
        const cursor = new QueueCursor(this.#parts, queue, name, signal, this.#budgetOf(owner));
        await cursor.publish();
        if (await store.resultQueues.isDone(taskGroupId)) return;
      } catch (thrown) {
        if (signal.aborted) return;
        log.debug("results of {group} wait: {reason}", {
          group: taskGroupId,
          reason: messageOf(thrown),
        });
        backoff.connectionEnded(Date.now() - began);
        await delay(backoff.next(), signal).catch(() => {});
      }
    }
  }
}

/** One pass through a queue: from what was confirmed last until it is done or something fails. */
class QueueCursor {
  readonly #parts: ResultPublisherParts;
  readonly #queue: ResultQueue;
  readonly #name: string;
  readonly #signal: AbortSignal;
  readonly #window: PublishWindow;
  /** Confirmed and not yet written. */
  #confirmed: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    parts: ResultPublisherParts,
    queue: ResultQueue,
    name: string,
    signal: AbortSignal,
    budget: ByteBudget,
  ) {
    this.#parts = parts;
    this.#queue = queue;
    this.#name = name;
    this.#signal = signal;
    const limits = { messages: RESULT_WINDOW_MESSAGES, bytes: RESULT_WINDOW_BYTES };
    this.#window = new PublishWindow(limits, budget, (sequence) => this.#note(sequence));
  }

  /** Rejects when the broker has not taken something. */
  async publish(): Promise<void> {
    const { store, broker } = this.#parts;
    const { taskGroupId } = this.#queue;
    const finished = new Signal();
    const wake = (): void => finished.notify();
    const unsubscribe = store.results.onFinished(taskGroupId, wake);
    this.#signal.addEventListener("abort", wake, { once: true });
    try {
      for (let sequence = this.#queue.sequence; !this.#signal.aborted;) {
        await this.#room();
        if (this.#signal.aborted) return;
        // What it would not take now must not pile up in memory.
        const wanted = broker.wanted(this.#name, this.#signal);
        wanted.catch(() => {});
        await this.#window.orFailed(wanted);
        // Taken before the store is read, so that nothing can finish in between unnoticed.
        const news = Promise.race([finished.next(), this.#window.moved()]);
        const page = await store.results.after({
          taskGroupId,
          sequence,
          limit: MAX_BATCH_ITEMS,
          maximumBytes: BATCH_BYTES,
        });
        if (page.items.length > 0) {
          await this.#send(page, sequence);
          sequence = page.sequence;
        } else if (this.#window.isEmpty) {
          await this.#writing;
          if (await store.resultQueues.isDone(taskGroupId)) return;
          await this.#window.orFailed(news);
        } else await this.#window.orFailed(news);
      }
    } finally {
      this.#window.close();
      unsubscribe();
      this.#signal.removeEventListener("abort", wake);
      await this.#writing;
    }
  }

  /** Resolves when more may go out, or at the end: a reader may acknowledge nothing. */
  async #room(): Promise<void> {
    const end = this.#aborted();
    await Promise.race([this.#window.room(), end.promise]).finally(end.forget);
  }

  #aborted(): { readonly promise: Promise<void>; readonly forget: () => void } {
    const { promise, resolve } = deferred<void>();
    const end = (): void => resolve();
    if (this.#signal.aborted) end();
    this.#signal.addEventListener("abort", end, { once: true });
    return { promise, forget: () => this.#signal.removeEventListener("abort", end) };
  }

  /**
   * In parts, since results that are kept as blobs are larger than the page that names them.
   *
   * @param before the position of the page before: parts but the last one confirm no more than that
   */
  async #send({ items, sequence }: FinishedPage, before: number): Promise<void> {
    const { store, vault, broker } = this.#parts;
    const source: BlobSource = { blobs: store.blobs, vault };
    let publishing: Promise<void>[] = [];
    let bytes = 0;
    for (const item of items) {
      if (bytes >= BATCH_BYTES) {
        this.#window.add(before, publishing, bytes);
        [publishing, bytes] = [[], 0];
        await this.#room();
        if (this.#signal.aborted) return;
      }
      const message = await resultMessage(source, this.#queue.owner, item);
      bytes += message.body.length;
      const published = broker.publish(this.#name, message);
      // Seen by the window, which gets them together.
      published.catch(() => {});
      publishing.push(published);
    }
    this.#window.add(sequence, publishing, bytes);
  }

  /** One write at a time, of the newest position. */
  #note(sequence: number): void {
    const isWriting = this.#confirmed !== undefined;
    this.#confirmed = sequence;
    if (!isWriting) this.#writing = this.#write();
  }

  async #write(): Promise<void> {
    const { resultQueues } = this.#parts.store;
    while (this.#confirmed !== undefined) {
      const sequence = this.#confirmed;
      try {
        await resultQueues.confirmed(this.#queue.taskGroupId, sequence);
      } catch (thrown) {
        // It comes again after a restart, which is better than not at all.
        log.warning("position of {group} not written: {reason}", {
          group: this.#queue.taskGroupId,
          reason: messageOf(thrown),
        });
      }
      if (this.#confirmed === sequence) this.#confirmed = undefined;
    }
  }
}
