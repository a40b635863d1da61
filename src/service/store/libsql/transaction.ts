/** One transaction's own account, which only a commit makes everybody's. */
import type { TerminalState } from "../../../contract/task_state.ts";
import type { Connection } from "../../../lib/database.ts";
import type { TransactionScope } from "../group_commit.ts";
import { Command } from "./query.ts";
import type { RecentResult, RecentResults } from "./recent_results.ts";

/** A task that has ended; times are milliseconds since 1970. */
export interface TaskEnd {
  readonly ownerRow: number;
  readonly endpointRow: number;
  readonly groupRow: number;
  readonly state: TerminalState;
  readonly createdAt: number;
  readonly at: number;
}

type DeletedTask = Omit<TaskEnd, "createdAt" | "at">;

export interface Counts {
  readonly ownerRow: number;
  readonly endpointRow: number;
  unfinished: number;
  success: number;
  failed: number;
  cancelled: number;
}

/** By how much the numbers of a group's tasks change. */
interface GroupCounts {
  tasks: number;
  success: number;
  failed: number;
  cancelled: number;
  /** Milliseconds since 1970; 0 when nothing has ended. */
  lastCompletedAt: number;
}

/** Adds to the numbers of tasks that are kept per owner and endpoint, and per group. */
export class CountWriter {
  readonly #add: Command;
  readonly #addToGroups: Command;

  constructor(connection: Connection) {
    this.#add = new Command(
      connection,
      `INSERT INTO task_counts (owner_row, endpoint_row, unfinished, success, failed, cancelled)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (owner_row, endpoint_row) DO UPDATE SET
         unfinished = unfinished + excluded.unfinished, success = success + excluded.success,
         failed = failed + excluded.failed, cancelled = cancelled + excluded.cancelled`,
    );
    this.#addToGroups = new Command(
      connection,
      `UPDATE task_groups SET tasks = tasks + (j.value ->> 1), success = success + (j.value ->> 2),
         failed = failed + (j.value ->> 3), cancelled = cancelled + (j.value ->> 4),
         last_completed_at = nullif(max(coalesce(last_completed_at, 0), j.value ->> 5), 0)
       FROM json_each(?) j WHERE group_row = j.value ->> 0`,
    );
  }

  writeGroups(groups: ReadonlyMap<number, GroupCounts>): void {
    if (groups.size === 0) return;
    this.#addToGroups.run(JSON.stringify([...groups].map(groupValues)));
  }

  write(counts: Iterable<Counts>): void {
    for (const { ownerRow, endpointRow, unfinished, success, failed, cancelled } of counts) {
      this.#add.run(ownerRow, endpointRow, unfinished, success, failed, cancelled);
    }
  }
}

/** In the order of the statement. */
function groupValues([groupRow, counts]: readonly [number, GroupCounts]): number[] {
  const { tasks, success, failed, cancelled, lastCompletedAt } = counts;
  return [groupRow, tasks, success, failed, cancelled, lastCompletedAt];
}

export class Transaction implements TransactionScope {
  readonly finishedGroups = new Set<number>();
  /** Groups of which tasks were deleted. */
  readonly shrunkGroups = new Set<number>();
  /** In order. */
  readonly ends: TaskEnd[] = [];
  /** Of groups whose readers keep up, in order. */
  readonly recentResults: RecentResult[] = [];
  readonly #counts = new Map<string, Counts>();
  readonly #groups = new Map<number, GroupCounts>();
  readonly #afterCommit: (() => void)[] = [];
  readonly #writer: CountWriter;
  readonly #recent: RecentResults;
  readonly #committed: (transaction: Transaction) => void;
  #lastTaskRow: number;
  #lastSequence: number;

  constructor(options: {
    readonly counts: CountWriter;
    readonly lastTaskRow: number;
    readonly lastSequence: number;
    readonly recent: RecentResults;
    readonly committed: (transaction: Transaction) => void;
  }) {
    this.#writer = options.counts;
    this.#recent = options.recent;
    this.#lastTaskRow = options.lastTaskRow;
    this.#lastSequence = options.lastSequence;
    this.#committed = options.committed;
  }

  get lastTaskRow(): number {
    return this.#lastTaskRow;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The first of `count` rows in a row. */
  takeTaskRows(count: number): number {
    this.#lastTaskRow += count;
    return this.#lastTaskRow - count + 1;
  }

  /** The first of `count` sequence numbers; those that are not used stay out. */
  takeSequences(count: number): number {
    this.#lastSequence += count;
    return this.#lastSequence - count + 1;
  }

  submitted(ownerRow: number, endpointRow: number, count: number): void {
    this.#countsOf(ownerRow, endpointRow).unfinished += count;
  }

  /** A group that was there before has so many tasks more. */
  grown(groupRow: number, count: number): void {
    this.#groupOf(groupRow).tasks += count;
  }

  finished(end: TaskEnd): void {
    const counts = this.#countsOf(end.ownerRow, end.endpointRow);
    counts.unfinished -= 1;
    counts[end.state] += 1;
    const group = this.#groupOf(end.groupRow);
    group[end.state] += 1;
    group.lastCompletedAt = Math.max(group.lastCompletedAt, end.at);
    this.finishedGroups.add(end.groupRow);
    this.ends.push(end);
  }

  /** Whether results of the group are to be handed to {@link recentResults}: all of them, or none. */
  keepsResults(groupRow: number): boolean {
    return this.#recent.keeps(groupRow);
  }

  /** A finished task is gone. */
  deleted({ ownerRow, endpointRow, groupRow, state }: DeletedTask): void {
    this.#countsOf(ownerRow, endpointRow)[state] -= 1;
    const group = this.#groupOf(groupRow);
    group.tasks -= 1;
    group[state] -= 1;
    this.shrunkGroups.add(groupRow);
  }

  /** By how much the numbers of tasks change. */
  get counts(): Iterable<Readonly<Counts>> {
    return this.#counts.values();
  }

  /** Must not throw. */
  afterCommit(action: () => void): void {
    this.#afterCommit.push(action);
  }

  beforeCommit(): void {
    this.#writer.write(this.#counts.values());
    this.#writer.writeGroups(this.#groups);
  }

  committed(): void {
    this.#committed(this);
    for (const action of this.#afterCommit) action();
  }

  #groupOf(groupRow: number): GroupCounts {
    let group = this.#groups.get(groupRow);
    if (group === undefined) {
      group = { tasks: 0, success: 0, failed: 0, cancelled: 0, lastCompletedAt: 0 };
      this.#groups.set(groupRow, group);
    }
    return group;
  }

  #countsOf(ownerRow: number, endpointRow: number): Counts {
    const key = `${ownerRow}/${endpointRow}`;
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = { ownerRow, endpointRow, unfinished: 0, success: 0, failed: 0, cancelled: 0 };
      this.#counts.set(key, counts);
    }
    return counts;
  }
}
