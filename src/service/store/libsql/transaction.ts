/** One transaction's own account, which only a commit makes everybody's. */
import type { TerminalState } from "../../../contract/task_state.ts";
import type { Connection } from "../../../lib/database.ts";
import type { TransactionScope } from "../group_commit.ts";
import { Command } from "./query.ts";
import type { RecentResult, RecentResults } from "./recent_results.ts";

interface Counts {
  readonly ownerRow: number;
  readonly endpointRow: number;
  unfinished: number;
  success: number;
  failed: number;
  cancelled: number;
}

/** Adds to the numbers of tasks that are kept per owner and endpoint. */
export class CountWriter {
  readonly #add: Command;

  constructor(connection: Connection) {
    this.#add = new Command(
      connection,
      `INSERT INTO task_counts (owner_row, endpoint_row, unfinished, success, failed, cancelled)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (owner_row, endpoint_row) DO UPDATE SET
         unfinished = unfinished + excluded.unfinished, success = success + excluded.success,
         failed = failed + excluded.failed, cancelled = cancelled + excluded.cancelled`,
    );
  }

  write(counts: Iterable<Counts>): void {
    for (const { ownerRow, endpointRow, unfinished, success, failed, cancelled } of counts) {
      this.#add.run(ownerRow, endpointRow, unfinished, success, failed, cancelled);
    }
  }
}

export class Transaction implements TransactionScope {
  readonly finishedGroups = new Set<number>();
  /** Of groups whose readers keep up, in order. */
  readonly recentResults: RecentResult[] = [];
  readonly #counts = new Map<string, Counts>();
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

  finished(ownerRow: number, endpointRow: number, groupRow: number, state: TerminalState): void {
    const counts = this.#countsOf(ownerRow, endpointRow);
    counts.unfinished -= 1;
    counts[state] += 1;
    this.finishedGroups.add(groupRow);
  }

  /** Whether results of the group are to be handed to {@link recentResults}: all of them, or none. */
  keepsResults(groupRow: number): boolean {
    return this.#recent.keeps(groupRow);
  }

  /** A finished task is gone. */
  deleted(ownerRow: number, endpointRow: number, state: TerminalState): void {
    this.#countsOf(ownerRow, endpointRow)[state] -= 1;
  }

  /** Whose tasks were added, have ended or are gone. */
  *countedOwners(): Generator<number> {
    for (const { ownerRow } of this.#counts.values()) yield ownerRow;
  }

  /** Must not throw. */
  afterCommit(action: () => void): void {
    this.#afterCommit.push(action);
  }

  beforeCommit(): void {
    this.#writer.write(this.#counts.values());
  }

  committed(): void {
    this.#committed(this);
    for (const action of this.#afterCommit) action();
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
