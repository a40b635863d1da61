/** Why a task still waits, for whoever watches it. */
import type { Client } from "../../client/client.ts";
import type { TaskId } from "../../contract/ids.ts";
import { isTerminal } from "../../contract/task_state.ts";
import { delay } from "../../lib/async.ts";

/** Milliseconds that a task may wait without a word: most begin sooner. */
const PATIENCE = 2_000;
/** Milliseconds until it is asked again. */
const AGAIN = 5_000;

export interface WaitingCauseOptions {
  readonly client: Pick<Client, "taskDetail">;
  readonly taskId: TaskId;
  /** Ends the watching. */
  readonly signal: AbortSignal;
  /** What keeps its endpoint from working, in the endpoint's words; called when it has changed. */
  readonly tell: (cause: string) => void;
}

/** Resolves when the task runs or has ended, or at the signal. Never rejects. */
export async function watchWaitingCause(options: WaitingCauseOptions): Promise<void> {
  const { client, taskId, signal, tell } = options;
  let told: string | undefined;
  try {
    for (let pause = PATIENCE; !signal.aborted; pause = AGAIN) {
      await delay(pause, signal);
      const { status, waiting_for: cause } = await client.taskDetail(taskId, { signal });
      if (status === "running" || isTerminal(status)) return;
      if (cause === undefined || cause.message === told || signal.aborted) continue;
      told = cause.message;
      tell(told);
    }
  } catch {
    // The result is what counts: whoever waits for it learns what went wrong.
  }
}
