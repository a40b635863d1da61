/** Waiting for a task with everything that may end the waiting. */
import type { FinishedTask, FollowEvent } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import type { Client } from "../../client/client.ts";

export interface WaitOptions {
  readonly client: Client;
  readonly taskId: TaskId;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** Seconds; for ever when left out. */
  readonly timeout?: number;
  readonly onEvent?: (event: FollowEvent) => void;
}

/**
 * The task's end. Throws the signal's reason, or `TIMED_OUT` when the time is over; the task goes on
 * then.
 */
export async function waitForTask(options: WaitOptions): Promise<FinishedTask> {
  const { client, taskId, timeout, onEvent } = options;
  using limit = waitingLimit(options.signal, timeout, `task ${taskId}`);
  for await (const event of client.follow(taskId, { signal: limit.signal })) {
    onEvent?.(event);
    if (event.event === "finished") return event.data;
  }
  throw new Error("the stream ended without its last event");
}

interface WaitingLimit extends Disposable {
  readonly signal: AbortSignal;
}

function waitingLimit(
  interruption: AbortSignal,
  seconds: number | undefined,
  what: string,
): WaitingLimit {
  const controller = new AbortController();
  const onInterrupt = (): void => controller.abort(interruption.reason);
  if (interruption.aborted) onInterrupt();
  interruption.addEventListener("abort", onInterrupt, { once: true });
  const timer = seconds === undefined
    ? undefined
    : setTimeout(() => controller.abort(tooSlow(what, seconds)), seconds * 1_000);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      interruption.removeEventListener("abort", onInterrupt);
    },
  };
}

function tooSlow(what: string, seconds: number): FuncxError {
  return new FuncxError({
    code: "TIMED_OUT",
    message: `${what} did not finish within ${seconds} s`,
    hint: "Give it a longer --timeout.",
  });
}

/**
 * The same items; when the signal is aborted it throws its reason at once, even while the next item
 * is waited for.
 */
export async function* abortable<T>(
  source: AsyncGenerator<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (true) {
      const { done, value } = await Promise.race([source.next(), aborted.promise]);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not waited for: it ends when the item that it waits for does.
    source.return(undefined).catch(() => {});
  }
}
