/**
 * How results share frames and take turns on their way to the service, so that those of one lane do
 * not wait behind all that others have finished. Pure.
 */
import { BATCH_BYTES, RESULTS_PER_FRAME } from "../contract/limits.ts";
import { isBlobBuffer } from "../contract/blob_reference.ts";
import { FairQueue } from "../lib/fair_queue.ts";
import type { FinishedTask } from "./task.ts";

/** Whose turn a batch goes in: a lane's, that of all lanes with few, or that of an earlier agent's. */
export type Share = number | "few" | "earlier";

/** Results for one frame. */
export interface ResultBatch {
  readonly share: Share;
  readonly members: readonly FinishedTask[];
}

/** Lanes that have frames of their own; of a thousand lanes with a result each, none would have. */
const OWN_FRAMES = 8;

/** What finished in one turn, cut into frames, in the order of each lane. */
export function resultBatches(tasks: readonly FinishedTask[]): ResultBatch[] {
  return [...shares(tasks)].flatMap(([share, members]) =>
    cut(members).map((part) => ({ share, members: part }))
  );
}

function shares(tasks: readonly FinishedTask[]): ReadonlyMap<Share, readonly FinishedTask[]> {
  const [first] = tasks;
  if (first === undefined) return new Map();
  if (tasks.every(({ lane }) => lane === first.lane)) {
    return new Map([[first.lane ?? "few", tasks]]);
  }
  const lanes = Map.groupBy(tasks, ({ lane }): Share => lane ?? "few");
  if (lanes.size <= OWN_FRAMES) return lanes;
  const largest = [...lanes].sort(([, left], [, right]) => right.length - left.length);
  const own = new Set(largest.slice(0, OWN_FRAMES - 1).map(([share]) => share));
  return Map.groupBy(tasks, ({ lane }): Share => lane !== null && own.has(lane) ? lane : "few");
}

function cut(tasks: readonly FinishedTask[]): FinishedTask[][] {
  const parts: FinishedTask[][] = [];
  let members: FinishedTask[] = [];
  let bytes = 0;
  const close = (): void => {
    if (members.length > 0) parts.push(members);
    members = [];
    bytes = 0;
  };
  for (const task of tasks) {
    const size = roughSize(task);
    const isAlone = task.result.result !== undefined && isBlobBuffer(task.result.result);
    if (isAlone || members.length === RESULTS_PER_FRAME || bytes + size > BATCH_BYTES) close();
    members.push(task);
    bytes += size;
    // It may have to wait for its blob, which must keep nothing else.
    if (isAlone) close();
  }
  close();
  return parts;
}

function roughSize({ result }: FinishedTask): number {
  return 500 + (result.result?.length ?? 0) + (result.stdout?.length ?? 0) +
    (result.stderr?.length ?? 0) + (result.error?.traceback.length ?? 0);
}

/** Batches that wait to be sent: by turns among shares, oldest first within one. */
export class WaitingBatches {
  readonly #queue = new FairQueue<Share, null, number>();

  push(batch: number, share: Share): void {
    this.#queue.push(batch, { owner: share, group: null, priority: 0 });
  }

  /** The one whose turn it is; the same until it is taken. */
  peek(): number | undefined {
    return this.#queue.peek();
  }

  shift(): void {
    this.#queue.shift();
  }
}
