/** The one result stream of an executor. */
import type { FinishedTask } from "../contract/api.ts";
import type { TaskGroupId } from "../contract/ids.ts";
import { FuncxError } from "../contract/errors.ts";
import { delay } from "../lib/async.ts";
import { Backoff } from "../lib/backoff.ts";
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
      await this.#readOn(connection.signal);
    } catch (thrown) {
      if (connection.signal.aborted) return;
      this.#connection = undefined;
      this.#options.failed(thrown);
    }
  }

  async #readOn(signal: AbortSignal): Promise<never> {
    const backoff = new Backoff(REOPENING);
    for (;;) {
      const openedAt = performance.now();
      try {
        await this.#read(signal);
      } catch (thrown) {
        if (signal.aborted || !isPassing(thrown)) throw thrown;
      }
      backoff.connectionEnded(performance.now() - openedAt);
      await delay(backoff.next(), signal);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { client, taskGroupId, deliver } = this.#options;
    for await (
      const { tasks, position } of client.results(taskGroupId, { after: this.#position, signal })
    ) {
      this.#position = position;
      for (const task of tasks) deliver(task);
    }
  }
}

/** The client has repeated it for as long as it has patience, but nobody has refused it for good. */
function isPassing(thrown: unknown): boolean {
  return thrown instanceof FuncxError && (thrown.kind.retryable || thrown.kind.status === 429);
}

/** Milliseconds. */
const IDLE_TIME = 1_000;
const REOPENING = { initial: 50, maximum: 5_000, minimumUptime: 10_000 };
