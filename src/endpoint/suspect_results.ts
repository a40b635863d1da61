/**
 * Results for which the service closes the link as a violation, though they passed every check here:
 * sent again with each session as they are, they would keep all others from the service for ever.
 *
 * 1. A batch that was in flight when `CLOSES` links were closed so is sent result by result, each
 *    alone on the link.
 * 2. A result that was alone in flight when `CLOSES` links more were closed so is replaced: its task
 *    fails and says why. So what else was on its way loses nothing.
 * 3. Whatever is still refused then stays in the spool, and is not sent again by this agent.
 */
import type { TaskId } from "../contract/ids.ts";
import { decode, encodeMessage } from "../contract/protocol/codec.ts";
import type { ResultMessage } from "../contract/protocol/messages.ts";
import { logger } from "../lib/log.ts";
import type { StoredBatch } from "./spool.ts";

const log = logger("agent", "outbox");

/** One close may be a chance, such as of a service that was replaced in the middle of a frame. */
const CLOSES = 2;

interface Suspicion {
  closes: number;
  /** Tasks in the batch, of which one may be there twice; known once it is cut. */
  tasks: number;
  /** Closes with one result alone in flight. */
  readonly alone: Map<TaskId, number>;
  /** The service has these. */
  readonly settled: Set<TaskId>;
}

export class SuspectResults {
  readonly #batches = new Map<number, Suspicion>();
  /** The latest batch that was cut: its results, by place. */
  #cut: { readonly batch: number; readonly results: readonly unknown[] } | undefined;

  /** The service closed the link for a violation while these were in flight. */
  accuse(inFlight: Iterable<readonly [TaskId, number]>): void {
    const closed = new Set<number>();
    for (const [taskId, batch] of inFlight) {
      const suspicion = this.#of(batch);
      if (this.isSuspect(batch) && !closed.has(batch)) {
        suspicion.alone.set(taskId, (suspicion.alone.get(taskId) ?? 0) + 1);
      } else if (!closed.has(batch)) {
        closed.add(batch);
        suspicion.closes += 1;
      }
    }
  }

  /** Whether the batch has to be sent result by result (1). */
  isSuspect(batch: number): boolean {
    return (this.#batches.get(batch)?.closes ?? 0) >= CLOSES;
  }

  /** The next result of a suspect batch, as a frame of its own; undefined when none is left to send. */
  next(batch: StoredBatch): StoredBatch | undefined {
    const suspicion = this.#of(batch.batch);
    suspicion.tasks = new Set(batch.taskIds).size;
    const { alone, settled } = suspicion;
    const closesOf = (taskId: TaskId): number => alone.get(taskId) ?? 0;
    const place = batch.taskIds.findIndex((taskId) =>
      !settled.has(taskId) && closesOf(taskId) < 2 * CLOSES
    );
    if (place < 0) return undefined;
    const taskId = batch.taskIds[place]!;
    const found = this.#resultsOf(batch)[place];
    const result = found === undefined || closesOf(taskId) >= CLOSES
      ? refused(taskId, found)
      : found as ResultMessage;
    const frame = encodeMessage({ type: "results", results: [result] });
    return { batch: batch.batch, frame, taskIds: [taskId] };
  }

  /** The service has one of a suspect batch; whether it has all of them now. */
  settle(batch: number, taskId: TaskId): boolean {
    const { settled, tasks } = this.#of(batch);
    return settled.add(taskId).size >= tasks;
  }

  /** The service has the batch. */
  forget(batch: number): void {
    this.#batches.delete(batch);
    if (this.#cut?.batch === batch) this.#cut = undefined;
  }

  #of(batch: number): Suspicion {
    const known = this.#batches.get(batch);
    if (known !== undefined) return known;
    const suspicion = { closes: 0, tasks: Infinity, alone: new Map(), settled: new Set<TaskId>() };
    this.#batches.set(batch, suspicion);
    return suspicion;
  }

  #resultsOf({ batch, frame }: StoredBatch): readonly unknown[] {
    if (this.#cut?.batch !== batch) this.#cut = { batch, results: resultsIn(frame) };
    return this.#cut.results;
  }
}

/** Without the checks that it passed when it was made; a frame that is spoilt has none. */
function resultsIn(frame: Uint8Array): readonly unknown[] {
  try {
    const { results } = decode(frame) as { results?: unknown };
    return Array.isArray(results) ? results : [];
  } catch {
    return [];
  }
}

/** What stands for a result that the service does not take: nothing of it but its numbers (2). */
function refused(task_id: TaskId, found: unknown): ResultMessage {
  const { attempt, timeline } = (found ?? {}) as Partial<ResultMessage>;
  const attempts = whole(attempt);
  const at = whole(timeline?.at?.(-1)?.at);
  log.error("the service refuses the result of {taskId}, whose task fails now", {
    taskId: task_id,
  });
  return {
    task_id,
    attempt: attempts,
    state: "failed",
    error: {
      code: "UNKNOWN_TASK_FAILURE",
      type: "ResultRefused",
      message: "the task ended, but the service closed the link each time its result was sent",
      traceback: "",
      hint: "Use the same version of funcx-endpoint on both sides; the service's log says what " +
        "was wrong with the result.",
    },
    timeline: [{ state: "failed", at, by: "agent", attempt: attempts }],
  };
}

function whole(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? value as number : 0;
}
