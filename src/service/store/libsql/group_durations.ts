/**
 * How long the tasks of a group took, of groups that somebody looks at: counted once from the
 * database, and from then on with each commit.
 *
 * 1. Results up to the sequence at which a group was begun are counted by the reading, later ones by
 *    the commits: none twice.
 */
import { setImmediate } from "node:timers/promises";
import type { Connection } from "../../../lib/database.ts";
import { DURATION_BOUNDS } from "../group_store.ts";
import { Query } from "./query.ts";
import type { Counts } from "./transaction.ts";

interface Group {
  readonly counts: number[];
  readonly read: Promise<void>;
}

/** Results that one statement reads. */
const WINDOW = 2_000;
/** Groups that are kept; the one that was asked for least recently is given up. */
const MAXIMUM_GROUPS = 200;

export class GroupDurations {
  /** The one that was asked for last comes last. */
  readonly #groups = new Map<number, Group>();
  readonly #page: Query<[durations: string, last: number | null]>;

  constructor(connection: Connection) {
    this.#page = new Query(
      connection,
      `SELECT json_group_array(duration), max(sequence) FROM (
         SELECT r.sequence, t.completed_at - t.created_at AS duration
         FROM results r INDEXED BY results_by_group JOIN tasks t USING (task_row)
         WHERE r.group_row = ? AND r.sequence > ? AND r.sequence <= ?
         ORDER BY r.sequence LIMIT ${WINDOW})`,
    );
  }

  /** @param lastSequence of what is committed */
  async of(groupRow: number, lastSequence: number): Promise<readonly number[]> {
    const group = this.#groups.get(groupRow) ?? this.#begin(groupRow, lastSequence);
    this.#groups.delete(groupRow);
    this.#groups.set(groupRow, group);
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= MAXIMUM_GROUPS) break;
      this.#groups.delete(oldest);
    }
    try {
      await group.read;
    } catch (thrown) {
      this.forget(groupRow);
      throw thrown;
    }
    return [...group.counts];
  }

  /** These were committed. */
  ended(counts: Iterable<Pick<Counts, "ends">>): void {
    if (this.#groups.size === 0) return;
    for (const { ends } of counts) {
      for (const { groupRow, createdAt, at } of ends) {
        const group = this.#groups.get(groupRow);
        if (group !== undefined) group.counts[bucketOf(at - createdAt)]! += 1;
      }
    }
  }

  /** Tasks of it were deleted. */
  forget(groupRow: number): void {
    this.#groups.delete(groupRow);
  }

  #begin(groupRow: number, lastSequence: number): Group {
    const counts = Array<number>(DURATION_BOUNDS.length + 1).fill(0);
    return { counts, read: this.#read(groupRow, lastSequence, counts) };
  }

  async #read(groupRow: number, lastSequence: number, counts: number[]): Promise<void> {
    for (let after = 0;;) {
      const [durations, last] = this.#page.get(groupRow, after, lastSequence)!;
      const portion = JSON.parse(durations) as number[];
      for (const duration of portion) counts[bucketOf(duration)]! += 1;
      if (portion.length < WINDOW || last === null) return;
      after = last;
      await setImmediate();
    }
  }
}

function bucketOf(milliseconds: number): number {
  const index = DURATION_BOUNDS.findIndex((bound) => milliseconds < bound);
  return index < 0 ? DURATION_BOUNDS.length : index;
}
