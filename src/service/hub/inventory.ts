/**
 * Asks an endpoint, portion by portion, which of the tasks that it has acknowledged it still has. Its
 * agent was started anew, or the service was: whatever one of them had not on disk after all, because
 * a disk forgot what it had confirmed, would else be waited for for ever.
 */
import type { EndpointId, TaskId } from "../../contract/ids.ts";
import { MAX_BATCH_ITEMS } from "../../contract/limits.ts";
import { logger } from "../../lib/log.ts";
import type { QueueStore } from "../store/store.ts";

const log = logger("service", "hub");

export interface InventoryOptions {
  readonly endpointId: EndpointId;
  readonly queue: Pick<QueueStore, "held" | "missing">;
  readonly now: () => number;
  /** Sends one portion; its answer comes through {@link Inventory.answered}. */
  readonly ask: (taskIds: readonly TaskId[]) => void;
  /** Told when tasks that were missing wait to be sent again. */
  readonly requeued: () => void;
}

export class Inventory {
  readonly #options: InventoryOptions;
  /** Of the portion that was asked; undefined while none is. */
  #answer: PromiseWithResolvers<readonly TaskId[] | undefined> | undefined;
  #stopped = false;

  constructor(options: InventoryOptions) {
    this.#options = options;
  }

  /** Resolves when everything was asked, or the session has ended. */
  async take(): Promise<void> {
    const { endpointId, queue, now } = this.#options;
    for (let after = 0; !this.#stopped;) {
      const held = await queue.held({ endpointId, after, limit: MAX_BATCH_ITEMS });
      if (held.length === 0) return;
      const missing = await this.#ask(held.map(({ taskId }) => taskId));
      if (missing === undefined) return;
      this.#told(await queue.missing(endpointId, missing, now()));
      after = held[held.length - 1]!.position;
    }
  }

  #told(lost: { readonly requeued: number; readonly failed: number }): void {
    if (lost.requeued + lost.failed === 0) return;
    log.warning("endpoint {endpoint} has lost tasks that it had acknowledged", {
      endpoint: this.#options.endpointId,
      ...lost,
    });
    if (lost.requeued > 0) this.#options.requeued();
  }

  /** An answer that nobody waits for is dropped. */
  answered(missing: readonly TaskId[]): void {
    this.#answer?.resolve(missing);
  }

  stop(): void {
    this.#stopped = true;
    this.#answer?.resolve(undefined);
  }

  async #ask(taskIds: readonly TaskId[]): Promise<readonly TaskId[] | undefined> {
    if (this.#stopped) return undefined;
    this.#answer = Promise.withResolvers();
    this.#options.ask(taskIds);
    const missing = await this.#answer.promise;
    this.#answer = undefined;
    return missing;
  }
}
