/** Ends of attempts that no worker has told. */
import type { AttemptId, AttemptOutcome, FinishedAttempt } from "./executor.ts";

const NOTHING = new Uint8Array(0);

/** The end of an attempt that has printed nothing and moved nowhere. */
export function endWithoutWorker(
  { taskId, attempt }: AttemptId,
  outcome: AttemptOutcome,
): FinishedAttempt {
  const output = { stdout: NOTHING, stderr: NOTHING };
  return { taskId, attempt, outcome, output, timeline: [], details: {} };
}
