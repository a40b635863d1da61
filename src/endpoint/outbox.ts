/**
 * Results on their way to the service: encoded once into the frames in which they are stored and
 * sent, sent within the credits of the session by turns among lanes, and dropped when the service has
 * them.
 *
 * In memory are the numbers of the waiting batches, and the frames of the latest ones up to a
 * bound; the others are read from the spool when their turn comes.
 */
import type { TaskError } from "../contract/errors.ts";
import type { TaskId } from "../contract/ids.ts";
import { MAX_FRAME_BYTES, RESULTS_IN_FLIGHT } from "../contract/limits.ts";
import { SendWindow } from "../contract/protocol/ack_window.ts";
import { decode, encodeMessage } from "../contract/protocol/codec.ts";
import type { ResultMessage, Results } from "../contract/protocol/messages.ts";
import { resultBatches, type Share, WaitingBatches } from "./result_batches.ts";
import type { Spool, StoredBatch } from "./spool.ts";
import { SuspectResults } from "./suspect_results.ts";
import type { FinishedTask } from "./task.ts";

/** Frames that are kept in memory until they are acknowledged. */
const MAX_CACHED_BYTES = 16 * 1024 * 1024;

/** A batch in the spool, and whose turn it goes in. */
export interface StoredShare {
  readonly batch: number;
  readonly share: Share;
}

/** The part of the spool that is needed here. */
export type ResultStore = Pick<Spool, "storeResults" | "dropResults" | "batch" | "unacknowledged">;

/** Large results, which their own results wait for. */
export interface WaitedBlobs {
  isWaiting(taskId: TaskId): boolean;
  /** Why it will never be with the service. */
  refusalOf(taskId: TaskId): TaskError | undefined;
}

export class Outbox {
  readonly #store: ResultStore;
  readonly #blobs: WaitedBlobs | undefined;
  /** Batches that wait for a blob, each with its one task. */
  readonly #held = new Map<number, TaskId>();
  /** Batches that wait to be sent in this session. */
  #waiting = new WaitingBatches();
  /** Committed batches that are not acknowledged, in order, and whose turn each goes in. */
  readonly #pending = new Map<number, Share>();
  readonly #cached = new Map<number, StoredBatch>();
  #cachedBytes = 0;
  #results: number;
  #window = new SendWindow(0);
  readonly #suspects = new SuspectResults();
  /** In flight: the batch that a task's result is in, with what is missing of it. */
  readonly #batchOf = new Map<TaskId, InFlight>();

  /** @param blobs what results wait for; `release` those then. */
  constructor(store: ResultStore, blobs?: WaitedBlobs) {
    this.#store = store;
    this.#blobs = blobs;
    const { batches, results } = store.unacknowledged();
    this.#results = results;
    for (const batch of batches) this.#pending.set(batch, "earlier");
  }

  /** Results that the service has not acknowledged. */
  get size(): number {
    return this.#results;
  }

  /** Whether some would be sent if there were credits for them. */
  get hasWaiting(): boolean {
    return this.#waiting.peek() !== undefined;
  }

  /** Queues the results for the spool; after its commit, hand what is returned to `ready`. */
  add(tasks: readonly FinishedTask[]): StoredShare[] {
    this.#results += tasks.length;
    return resultBatches(tasks).map(({ share, members }) => {
      const frame = encoded(members);
      const stored = members.map(({ seq, result }) => ({ seq, taskId: result.task_id }));
      const batch = this.#store.storeResults(frame, stored);
      this.#cache({ batch, frame, taskIds: stored.map((task) => task.taskId) });
      return { batch, share };
    });
  }

  /** These are on disk and may be sent. */
  ready(stored: readonly StoredShare[]): void {
    for (const { batch, share } of stored) {
      this.#pending.set(batch, share);
      this.#waiting.push(batch, share);
    }
  }

  /** A session with so many credits: everything that is not acknowledged is sent again. */
  begin(credits: number): void {
    this.end();
    this.#window = new SendWindow(credits);
    for (const [batch, share] of this.#pending) this.#waiting.push(batch, share);
  }

  /** @param isAccused whether the service closed the link because of something that it was sent. */
  end(isAccused = false): void {
    if (isAccused) {
      this.#suspects.accuse([...this.#batchOf].map(([taskId, { batch }]) => [taskId, batch]));
    }
    this.#window = new SendWindow(0);
    this.#waiting = new WaitingBatches();
    this.#held.clear();
    this.#batchOf.clear();
  }

  /** What to send now, in order. */
  next(): StoredBatch[] {
    const batches: StoredBatch[] = [];
    while (this.#window.room > 0) {
      const number = this.#waiting.peek();
      if (number === undefined) break;
      const batch = this.#read(number);
      if (batch !== undefined && this.#suspects.isSuspect(number)) {
        const single = this.#window.size > 0 ? undefined : this.#suspects.next(batch);
        if (single !== undefined) return [...batches, this.#admitAlone(single, batch)];
        if (this.#window.size > 0) break;
      } else if (batch !== undefined && this.#blobs?.isWaiting(batch.taskIds[0]!)) {
        this.#held.set(number, batch.taskIds[0]!);
      } else if (batch !== undefined) {
        if (!this.#admit(batch)) break;
        batches.push(batch);
      }
      this.#waiting.shift();
    }
    return batches;
  }

  /** A result whose blob the service does not take says so in its place. */
  #read(number: number): StoredBatch | undefined {
    const batch = this.#cached.get(number) ?? this.#store.batch(number);
    const refusal = batch && this.#blobs?.refusalOf(batch.taskIds[0]!);
    return refusal === undefined ? batch : { ...batch!, frame: withError(batch!.frame, refusal) };
  }

  /** The result's blob is with the service, or will never be. */
  release(taskId: TaskId): void {
    for (const [batch, held] of this.#held) {
      if (held !== taskId) continue;
      this.#held.delete(batch);
      this.#waiting.push(batch, this.#pending.get(batch) ?? "few");
    }
  }

  #admit({ batch, frame, taskIds }: StoredBatch): boolean {
    const window = this.#window;
    const fits = taskIds.length <= Math.min(window.room, RESULTS_IN_FLIGHT - window.size) &&
      frame.length <= window.roomBytes;
    if (!fits && window.size > 0) return false;
    const flight = { batch, total: taskIds.length, missing: 0 };
    for (const taskId of taskIds) {
      // A task may be in two batches when it was cancelled twice; one acknowledgement does for both.
      if (!window.trySend(taskId, frame.length / taskIds.length)) continue;
      this.#batchOf.set(taskId, flight);
      flight.missing += 1;
    }
    if (flight.missing === 0) this.#drop(flight);
    return true;
  }

  /** The rest of its batch waits, and so does all that comes after it. */
  #admitAlone(single: StoredBatch, { batch, taskIds }: StoredBatch): StoredBatch {
    const taskId = single.taskIds[0]!;
    this.#window.trySend(taskId, single.frame.length);
    this.#batchOf.set(taskId, { batch, total: taskIds.length, missing: 1 });
    return single;
  }

  /** The service has these; whole batches leave the spool with its next commit. */
  acknowledged(taskIds: readonly TaskId[]): void {
    for (const taskId of this.#window.acknowledged(taskIds)) {
      const flight = this.#batchOf.get(taskId)!;
      this.#batchOf.delete(taskId);
      flight.missing -= 1;
      const isWhole = this.#suspects.isSuspect(flight.batch)
        ? this.#suspects.settle(flight.batch, taskId)
        : flight.missing === 0;
      if (isWhole) this.#drop(flight);
    }
  }

  #drop({ batch, total }: InFlight): void {
    this.#results -= total;
    this.#pending.delete(batch);
    this.#suspects.forget(batch);
    this.#cachedBytes -= this.#cached.get(batch)?.frame.length ?? 0;
    this.#cached.delete(batch);
    this.#store.dropResults(batch);
  }

  #cache(batch: StoredBatch): void {
    if (this.#cachedBytes + batch.frame.length > MAX_CACHED_BYTES) return;
    this.#cachedBytes += batch.frame.length;
    this.#cached.set(batch.batch, batch);
  }
}

interface InFlight {
  readonly batch: number;
  readonly total: number;
  missing: number;
}

function encoded(members: readonly FinishedTask[]): Uint8Array {
  const results = members.map((member) => member.result);
  const frame = encodeMessage({ type: "results", results });
  if (frame.length <= MAX_FRAME_BYTES) return frame;
  // Only a single result can be so large: a batch is closed long before.
  return encoded(
    members.map((member) => ({ ...member, result: tooLarge(member.result, frame.length) })),
  );
}

/** The one result of a frame, as that of a task that failed. */
function withError(frame: Uint8Array, error: TaskError): Uint8Array {
  const { results } = decode(frame) as Results;
  const { result: _, timeline, ...rest } = results[0]!;
  const last = timeline[timeline.length - 1]!;
  const failed: ResultMessage = {
    ...rest,
    state: "failed",
    error,
    timeline: [...timeline.slice(0, -1), { ...last, state: "failed", detail: error.message }],
  };
  return encodeMessage({ type: "results", results: [failed] });
}

function tooLarge(result: ResultMessage, bytes: number): ResultMessage {
  const { task_id, attempt, timeline } = result;
  const last = timeline[timeline.length - 1]!;
  return {
    task_id,
    attempt,
    state: "failed",
    error: {
      code: "MaxResultSizeExceeded",
      type: "MaxResultSizeExceeded",
      message: `result and output are ${bytes} bytes, at most ${MAX_FRAME_BYTES} can be sent`,
      traceback: "",
    },
    timeline: [...timeline.slice(0, -1), { ...last, state: "failed" }],
  };
}
