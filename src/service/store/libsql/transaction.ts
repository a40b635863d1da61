/** One transaction's own account, which only a commit makes everybody's. */
import type { TerminalState } from "../../../contract/task_state.ts";
import type { Connection } from "../../../lib/database.ts";
import type { TransactionScope } from "../group_commit.ts";
import { Command } from "./query.ts";
import type { RecentResult, RecentResults } from "./recent_results.ts";

/** A task that has ended; times are milliseconds since 1970, `createdAt` in whole ones. */
export interface TaskEnd {
  readonly ownerRow: number;
  readonly endpointRow: number;
  readonly groupRow: number;
  readonly state: TerminalState;
  readonly createdAt: number;
  readonly at: number;
}

type DeletedTask = Omit<TaskEnd, "createdAt" | "at">;

/** Of the tasks of an owner at an endpoint. */
export interface Counts {
  readonly ownerRow: number;
  readonly endpointRow: number;
  /** Those that end with the transaction, in order. */
  readonly ends: TaskEnd[];
  unfinished: number;
  success: number;
  failed: number;
  cancelled: number;
}

/** By how much the numbers of a group's tasks change. */
interface GroupCounts {
  readonly groupRow: number;
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

  writeGroups(groups: Iterable<GroupCounts>): void {
    const values = [...groups].map(groupValues);
    if (values.length > 0) this.#addToGroups.run(JSON.stringify(values));
  }

  write(counts: Iterable<Counts>): void {
    for (const { ownerRow, endpointRow, unfinished, success, failed, cancelled } of counts) {
      this.#add.run(ownerRow, endpointRow, unfinished, success, failed, cancelled);
    }
  }
}

/** In the order of the statement. */
function groupValues(counts: GroupCounts): number[] {
  const { groupRow, tasks, success, failed, cancelled, lastCompletedAt } = counts;
  return [groupRow, tasks, success, failed, cancelled, lastCompletedAt];
}

export class Transaction implements TransactionScope {
  /** Groups of which tasks were deleted. */
  readonly shrunkGroups = new Set<number>();
  /** Of groups whose readers keep up, in order. */
  readonly recentResults: RecentResult[] = [];
  readonly #counts = new Map<string, Counts>();
  readonly #groups = new Map<number, GroupCounts>();
  /** Those of the task before: most tasks of a batch are alike, and a look into a map costs each. */
  #sameCounts: Counts | undefined;
  #sameGroup: GroupCounts | undefined;
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
    counts.ends.push(end);
    const group = this.#groupOf(end.groupRow);
    group[end.state] += 1;
    group.lastCompletedAt = Math.max(group.lastCompletedAt, end.at);
  }

  /** Groups of which tasks have ended. */
  get finishedGroups(): number[] {
    return [...this.#groups.values()].filter(({ lastCompletedAt }) => lastCompletedAt > 0)
      .map(({ groupRow }) => groupRow);
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
    this.#writer.writeGroups(this.#groups.values());
  }

  committed(): void {
    this.#committed(this);
    for (const action of this.#afterCommit) action();
  }

  #groupOf(groupRow: number): GroupCounts {
    if (this.#sameGroup?.groupRow === groupRow) return this.#sameGroup;
    let group = this.#groups.get(groupRow);
    if (group === undefined) {
      group = { groupRow, tasks: 0, success: 0, failed: 0, cancelled: 0, lastCompletedAt: 0 };
      this.#groups.set(groupRow, group);
    }
    return this.#sameGroup = group;
  }

  #countsOf(ownerRow: number, endpointRow: number): Counts {
    const same = this.#sameCounts;
    if (same?.ownerRow === ownerRow && same.endpointRow === endpointRow) return same;
    const key = `${ownerRow}/${endpointRow}`;
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      const none = { unfinished: 0, success: 0, failed: 0, cancelled: 0 };
      counts = { ownerRow, endpointRow, ends: [], ...none };
      this.#counts.set(key, counts);
    }
    return this.#sameCounts = counts;
  }
}
