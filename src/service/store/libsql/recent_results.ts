/**
 * Results that were just committed, of groups whose readers keep up: they are handed on without being
 * read from the database again.
 *
 * 1. Of a group that is kept, all results after a sequence are here, in order; of any other, none.
 * 2. Only what is committed is added. Whether it is on disk is the reader's business.
 * 3. All groups together hold no more than `MAXIMUM_BYTES`, and no result twice. A group that grows
 *    beyond it, or for which there is no room, is given up whole: its readers find the rest in the
 *    database, and the group is kept again when one of them has caught up.
 */
import type { StoredResult } from "../store.ts";
import { lastThatFits } from "./result_rows.ts";

export interface RecentResult {
  readonly groupRow: number;
  readonly sequence: number;
  /** As in the database: of result, error and output. */
  readonly bytes: number;
  readonly result: StoredResult;
}

interface Group {
  /** Everything after it is in `results`. */
  after: number;
  results: RecentResult[];
  bytes: number;
}

const MAXIMUM_BYTES = 8 * 1024 * 1024;
/** Of the objects of one result. */
const OVERHEAD_BYTES = 512;

export class RecentResults {
  /** The one that was added to last comes last. */
  readonly #groups = new Map<number, Group>();
  readonly #maximumBytes: number;
  #bytes = 0;

  constructor(maximumBytes: number = MAXIMUM_BYTES) {
    this.#maximumBytes = maximumBytes;
  }

  keeps(groupRow: number): boolean {
    return this.#groups.has(groupRow);
  }

  /** From now on; the database has nothing of the group after `sequence`. */
  keep(groupRow: number, sequence: number): void {
    if (!this.keeps(groupRow)) {
      this.#groups.set(groupRow, { after: sequence, results: [], bytes: 0 });
    }
  }

  /** In the order of their sequences. Those of groups that are not kept are left out. */
  add(results: readonly RecentResult[]): void {
    for (const result of results) {
      const group = this.#groups.get(result.groupRow);
      if (group === undefined) continue;
      group.results.push(result);
      group.bytes += result.bytes + OVERHEAD_BYTES;
      this.#bytes += result.bytes + OVERHEAD_BYTES;
    }
    for (const groupRow of new Set(results.map(({ groupRow }) => groupRow))) {
      const group = this.#groups.get(groupRow);
      if (group === undefined) continue;
      this.#groups.delete(groupRow);
      this.#groups.set(groupRow, group);
    }
    this.#makeRoom();
  }

  /**
   * What comes after `sequence`, within the bounds, at least one when there is one; undefined when
   * only the database knows. Whoever asks has had what is up to `sequence`: it is dropped.
   */
  after(
    groupRow: number,
    sequence: number,
    limit: number,
    maximumBytes: number,
  ): readonly RecentResult[] | undefined {
    const group = this.#groups.get(groupRow);
    if (group === undefined || sequence < group.after) return undefined;
    this.#drop(group, sequence);
    const first = group.results.slice(0, limit);
    const last = lastThatFits(first.map(({ bytes }, index) => [index, bytes]), maximumBytes);
    return last === undefined ? [] : first.slice(0, last + 1);
  }

  /** Nobody reads the group any more, or something of it ended that was not added. */
  forget(groupRow: number): void {
    this.#bytes -= this.#groups.get(groupRow)?.bytes ?? 0;
    this.#groups.delete(groupRow);
  }

  #drop(group: Group, sequence: number): void {
    const kept = group.results.findIndex((result) => result.sequence > sequence);
    const dropped = group.results.splice(0, kept < 0 ? group.results.length : kept);
    const bytes = dropped.reduce((sum, result) => sum + result.bytes + OVERHEAD_BYTES, 0);
    group.after = sequence;
    group.bytes -= bytes;
    this.#bytes -= bytes;
  }

  #makeRoom(): void {
    for (const groupRow of this.#groups.keys()) {
      if (this.#bytes <= this.#maximumBytes) return;
      this.forget(groupRow);
    }
  }
}
