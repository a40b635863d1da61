/** The one result stream of an executor. */
import type { FinishedTask } from "../contract/api.ts";
import type { TaskGroupId } from "../contract/ids.ts";
import type { Client } from "./client.ts";

export interface ResultFeedOptions {
  readonly client: Client;
  readonly taskGroupId: TaskGroupId;
  readonly deliver: (task: FinishedTask) => void;
  /** The stream is closed for good: nothing that is waited for will come. */
  readonly failed: (error: unknown) => void;
}

/**
 * Open while there is something to wait for and a moment longer, so that a program which forgets to
 * close its executor still ends. It goes on where it ended.
 */
export class ResultFeed {
  readonly #options: ResultFeedOptions;
  #position: string | undefined;
  #connection: AbortController | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ResultFeedOptions) {
    this.#options = options;
  }

  /** Something is waited for, and the service knows the group. */
  wake(): void {
    clearTimeout(this.#idle);
    if (this.#connection === undefined) this.#run();
  }

  /** Nothing is waited for. */
  rest(): void {
    clearTimeout(this.#idle);
    if (this.#connection !== undefined) this.#idle = setTimeout(() => this.stop(), IDLE_TIME);
  }

  stop(): void {
    clearTimeout(this.#idle);
    this.#connection?.abort();
    this.#connection = undefined;
  }

  async #run(): Promise<void> {
    const { client, taskGroupId, deliver, failed } = this.#options;
    const connection = new AbortController();
    this.#connection = connection;
    try {
      const batches = client.results(taskGroupId, {
        after: this.#position,
        signal: connection.signal,
      });
      for await (const { tasks, position } of batches) {
        this.#position = position;
        for (const task of tasks) deliver(task);
      }
    } catch (thrown) {
      if (connection.signal.aborted) return;
      this.#connection = undefined;
      failed(thrown);
    }
  }
}

/** Milliseconds. */
const IDLE_TIME = 1_000;
