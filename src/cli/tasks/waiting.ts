/** Waiting for a task with everything that may end the waiting. */
import type { FinishedTask, FollowEvent } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { after } from "../../lib/async.ts";
import type { Client } from "../../client/client.ts";

export interface WaitOptions {
  readonly client: Client;
  readonly taskId: TaskId;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** By `performance.now()`; for ever when left out. */
  readonly deadline?: number;
  readonly onEvent?: (event: FollowEvent) => void;
}

/**
 * The task's end. Throws the signal's reason, or `TIMED_OUT` when the time is over; the task goes on
 * then.
 */
export async function waitForTask(options: WaitOptions): Promise<FinishedTask> {
  const { client, taskId, deadline, onEvent } = options;
  using limit = waitingLimit(options.signal, deadline, taskId);
  for await (const event of client.follow(taskId, { signal: limit.signal })) {
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
  const tooLate = (): void => controller.abort(tooSlow(taskId));
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

function tooSlow(taskId: TaskId): FuncxError {
  return new FuncxError({
    code: "TIMED_OUT",
    message: `task ${taskId} did not finish in time`,
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
