/** Waiting for a task with everything that may end the waiting. */
import type { FinishedTask, FollowEvent } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { after } from "../../lib/async.ts";
import type { Client } from "../../client/client.ts";
import type { Output } from "../output/output.ts";

export interface WaitOptions {
  readonly client: Client;
  readonly taskId: TaskId;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** By `performance.now()`; for ever when left out. */
  readonly deadline?: number;
  readonly onEvent?: (event: FollowEvent) => void;
  readonly outages: OutageNotice;
}

/** Says once of each outage of the service that the waiting goes on. */
export class OutageNotice {
  readonly #output: Pick<Output, "warn">;
  #isAway = false;

  constructor(output: Pick<Output, "warn">) {
    this.#output = output;
  }

  away({ message }: FuncxError): void {
    if (!this.#isAway) this.#output.warn(`${message}; still waiting, and what runs goes on`);
    this.#isAway = true;
  }

  back(): void {
    this.#isAway = false;
  }
}

/** The time to wait is over. */
export class WaitedTooLong extends FuncxError {
  constructor(taskId: TaskId) {
    super({
      code: "TIMED_OUT",
      message: `task ${taskId} did not finish in time`,
      hint: "Give it a longer --timeout.",
    });
  }
}

/**
 * The task's end, however long the service is away meanwhile. Throws the signal's reason, or
 * {@link WaitedTooLong}; the task goes on then.
 */
export async function waitForTask(options: WaitOptions): Promise<FinishedTask> {
  const { client, taskId, deadline, onEvent, outages } = options;
  using limit = waitingLimit(options.signal, deadline, taskId);
  const onAway = (error: FuncxError): void => outages.away(error);
  for await (const event of client.follow(taskId, { signal: limit.signal, onAway })) {
    outages.back();
    onEvent?.(event);
    if (event.event === "finished") return await client.blobs.withResult(event.data);
  }
  throw new Error("the stream ended without its last event");
}

interface WaitingLimit extends Disposable {
  readonly signal: AbortSignal;
}

function waitingLimit(
  interruption: AbortSignal,
  deadline: number | undefined,
  taskId: TaskId,
): WaitingLimit {
  const controller = new AbortController();
  const onInterrupt = (): void => controller.abort(interruption.reason);
  if (interruption.aborted) onInterrupt();
  interruption.addEventListener("abort", onInterrupt, { once: true });
  const tooLate = (): void => controller.abort(new WaitedTooLong(taskId));
  const callOff = deadline === undefined
    ? undefined
    : after(Math.max(0, deadline - performance.now()), tooLate);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      callOff?.();
      interruption.removeEventListener("abort", onInterrupt);
    },
  };
}

/**
 * The same items; when the signal is aborted it throws its reason at once, even while the next item
 * is waited for.
 */
export async function* abortable<T>(
  source: AsyncGenerator<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  let giveUp: (reason: unknown) => void = () => {};
  const onAbort = (): void => giveUp(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  // A race against one promise that seldom settles would keep every item until then.
  const next = (): Promise<IteratorResult<T>> =>
    new Promise((resolve, reject) => {
      giveUp = reject;
      source.next().then(resolve, reject);
    });
  try {
    while (true) {
      signal.throwIfAborted();
      const { done, value } = await next();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not waited for: it ends when the item that it waits for does.
    source.return(undefined).catch(() => {});
  }
}
