/**
 * How the unfinished tasks of a group are spread over their states. Only reading them tells, so what
 * was found in a group of very many stands for a while: reading takes a tenth of the time at most. A
 * group that one statement reads is read each time.
 */
import { setImmediate } from "node:timers/promises";
import { isTerminal, TASK_STATES, type TaskState } from "../../../contract/task_state.ts";
import type { Connection } from "../../../lib/database.ts";
import { Query } from "./query.ts";

export type StateCounts = ReadonlyMap<TaskState, number>;

interface Found {
  readonly counts: StateCounts;
  /** All tasks in rows before it have ended. */
  readonly firstRow: number;
  /** By the monotonic clock. */
  readonly staleAt: number;
}

/** Tasks that one statement reads. */
const WINDOW = 5_000;
/** Times what a reading took, for which what it found stands. */
const REST = 10;
/** Groups that are remembered; the one that was read least recently is given up. */
const MAXIMUM_GROUPS = 1_000;

export class GroupStates {
  readonly #found = new Map<number, Found>();
  readonly #reading = new Map<number, Promise<Found>>();
  readonly #window: Query<[state: TaskState, count: number, first: number, last: number]>;

  constructor(connection: Connection) {
    this.#window = new Query(
      connection,
      `SELECT state, count(*), min(task_row), max(task_row) FROM (
         SELECT state, task_row FROM tasks INDEXED BY tasks_by_group
         WHERE group_row = ? AND task_row >= ? ORDER BY task_row LIMIT ${WINDOW})
       GROUP BY state`,
    );
  }

  /** @param unfinished tasks of the group, beyond which nothing is looked for */
  async of(groupRow: number, unfinished: number): Promise<StateCounts> {
    if (unfinished === 0) return new Map();
    const known = this.#found.get(groupRow);
    if (known !== undefined && performance.now() < known.staleAt) return known.counts;
    const reading = this.#reading.get(groupRow) ??
      this.#read(groupRow, known?.firstRow ?? 0, unfinished)
        .finally(() => this.#reading.delete(groupRow));
    this.#reading.set(groupRow, reading);
    return (await reading).counts;
  }

  async #read(groupRow: number, firstRow: number, unfinished: number): Promise<Found> {
    const counts = new Map<TaskState, number>();
    let [first, next, sum, took] = [Infinity, firstRow, 0, 0];
    for (let windows = 1;; windows++) {
      const begun = performance.now();
      const rows = this.#window.all(groupRow, next);
      for (const [state, count, firstOfState] of rows) {
        if (isTerminal(state)) continue;
        counts.set(state, (counts.get(state) ?? 0) + count);
        sum += count;
        first = Math.min(first, firstOfState);
      }
      next = Math.max(next, ...rows.map(([, , , last]) => last + 1));
      took += performance.now() - begun;
      const read = rows.reduce((all, [, count]) => all + count, 0);
      if (read < WINDOW || sum >= unfinished) {
        const staleAt = windows === 1 ? 0 : performance.now() + REST * took;
        return this.#remember(groupRow, { counts, firstRow: Math.min(first, next), staleAt });
      }
      await setImmediate();
    }
  }

  #remember(groupRow: number, found: Found): Found {
    this.#found.delete(groupRow);
    this.#found.set(groupRow, found);
    for (const oldest of this.#found.keys()) {
      if (this.#found.size <= MAXIMUM_GROUPS) break;
      this.#found.delete(oldest);
    }
    return found;
  }
}

/** From where a task ends most likely next, to where it begins. */
const FURTHEST_FIRST = TASK_STATES.filter((state) => !isTerminal(state)).toReversed();

/**
 * The same with `total` tasks: what has ended since was as far as any, and what is new has just been
 * received.
 */
export function fitted(counts: StateCounts, total: number): StateCounts {
  const fitting = new Map(counts);
  let excess = [...counts.values()].reduce((sum, count) => sum + count, 0) - total;
  for (const state of FURTHEST_FIRST) {
    const ended = Math.min(Math.max(excess, 0), fitting.get(state) ?? 0);
    if (ended > 0) fitting.set(state, fitting.get(state)! - ended);
    excess -= ended;
  }
  if (excess < 0) fitting.set("received", (fitting.get("received") ?? 0) - excess);
  return fitting;
}
