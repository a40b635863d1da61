/** The one result stream of an executor. */
import type { FinishedTask } from "../contract/api.ts";
import type { TaskGroupId } from "../contract/ids.ts";
import type { Client } from "./client.ts";

export interface ResultFeedOptions {
  readonly client: Client;
  readonly taskGroupId: TaskGroupId;
  readonly deliver: (task: FinishedTask) => void;
  /** The service refuses the stream: nothing that is waited for will come. */
  readonly failed: (error: unknown) => void;
}

/**
 * Open while there is something to wait for and a moment longer, so that a program which forgets to
 * close its executor still ends. It goes on where it ended, and however long the service is away:
 * tasks run on meanwhile, and their results are there when it is back.
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
    const connection = new AbortController();
    this.#connection = connection;
    try {
      await this.#read(connection.signal);
    } catch (thrown) {
      if (connection.signal.aborted) return;
      this.#connection = undefined;
      this.#options.failed(thrown);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { client, taskGroupId, deliver } = this.#options;
    const batches = client.results(taskGroupId, {
      after: this.#position,
      signal,
      // Whoever waits for a task says how long.
      onAway: () => {},
    });
    for await (const { tasks, position } of batches) {
      this.#position = position;
      for (const task of tasks) deliver(task);
    }
  }
}

/** Milliseconds. */
const IDLE_TIME = 1_000;
