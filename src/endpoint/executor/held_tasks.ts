/**
 * The tasks of one worker, by the sequence in which they were sent.
 *
 * Invariants:
 *
 * 1. Sequences are given in the order in which tasks are sent; the worker runs them in that order.
 * 2. Tasks below `begun` may have run. The worker says so before it begins one, so whatever it holds
 *    beyond can be given to another worker without being run twice, once all it said was read.
 * 3. A task leaves exactly once: complete, taken back, or abandoned with the end of the worker.
 */
import type { Assignment } from "./assignment.ts";
import type { AttemptOutcome } from "./executor.ts";

/** What the worker has reported of a task. */
export interface Report {
  readonly outcome: AttemptOutcome;
  /** Milliseconds. */
  readonly duration: number;
}

export interface HeldTask {
  readonly sequence: number;
  readonly assignment: Assignment;
  /** Null until the worker has reported it; then it may still wait for the end of its output. */
  report: Report | null;
}

/** A task that the worker has reported. */
export type ReportedTask = HeldTask & { readonly report: Report };

/** What a worker that has ended still held. */
export interface Abandoned {
  readonly reported: readonly ReportedTask[];
  /** May have run. */
  readonly begun: readonly Assignment[];
  readonly notBegun: readonly Assignment[];
}

export class HeldTasks {
  readonly #tasks = new Map<number, HeldTask>();
  #next = 0;
  #begun = 0;
  #unreported = 0;
  #unreportedBytes = 0;

  /** Reported or not. */
  get size(): number {
    return this.#tasks.size;
  }

  get unreported(): number {
    return this.#unreported;
  }

  /** Bytes of the arguments of unreported tasks. */
  get unreportedBytes(): number {
    return this.#unreportedBytes;
  }

  /** Sequence of the next task that is sent. */
  get next(): number {
    return this.#next;
  }

  add(assignment: Assignment): HeldTask {
    const task: HeldTask = { sequence: this.#next++, assignment, report: null };
    this.#tasks.set(task.sequence, task);
    this.#unreported += 1;
    this.#unreportedBytes += assignment.attempt.payload.length;
    return task;
  }

  /** The task, while the worker has not reported it. */
  unreportedAt(sequence: number): HeldTask | undefined {
    const task = this.#tasks.get(sequence);
    return task?.report === null ? task : undefined;
  }

  /** Tasks below `limit` may have begun. */
  beganBelow(limit: number): void {
    this.#begun = Math.max(this.#begun, limit);
  }

  hasBegun(task: HeldTask): boolean {
    return task.sequence < this.#begun;
  }

  report(task: HeldTask, report: Report): void {
    task.report = report;
    task.assignment.isFinished = true;
    this.#noLongerUnreported(task);
  }

  #noLongerUnreported({ assignment }: HeldTask): void {
    this.#unreported -= 1;
    this.#unreportedBytes -= assignment.attempt.payload.length;
  }

  /** The task that runs, or is about to (1). */
  firstUnreported(): HeldTask | null {
    for (const task of this.#tasks.values()) if (task.report === null) return task;
    return null;
  }

  firstAfter(sequence: number): HeldTask | undefined {
    // Nothing is between, unless tasks were taken back.
    const follower = this.#tasks.get(sequence + 1);
    if (follower !== undefined) return follower;
    for (const task of this.#tasks.values()) if (task.sequence > sequence) return task;
    return undefined;
  }

  holds(assignment: Assignment): boolean {
    for (const task of this.#tasks.values()) {
      if (task.assignment === assignment) return task.report === null;
    }
    return false;
  }

  /** Takes out what was reported, in order, up to the task whose output is not complete. */
  takeComplete(outputThrough: number): ReportedTask[] {
    const complete: ReportedTask[] = [];
    for (const task of this.#tasks.values()) {
      if (!isReported(task) || task.sequence > outputThrough) break;
      this.#tasks.delete(task.sequence);
      complete.push(task);
    }
    return complete;
  }

  /** Takes out what the worker gives back: every unreported task from `first` on (1, 3). */
  takeBack(first: number): Assignment[] {
    const returned: Assignment[] = [];
    for (const task of this.#tasks.values()) {
      if (task.sequence < first || task.report !== null) continue;
      this.#tasks.delete(task.sequence);
      this.#noLongerUnreported(task);
      // The first may have been about to begin.
      task.assignment.begunAt = null;
      returned.push(task.assignment);
    }
    return returned;
  }

  /**
   * Takes out all: the worker has ended, and what it never said to begin may run elsewhere (2).
   * @param toldAll false when it may have said more than was read: then all may have run
   */
  abandon(toldAll: boolean): Abandoned {
    const reported: ReportedTask[] = [];
    const begun: Assignment[] = [];
    const notBegun: Assignment[] = [];
    for (const task of this.#tasks.values()) {
      if (isReported(task)) reported.push(task);
      else (!toldAll || this.hasBegun(task) ? begun : notBegun).push(task.assignment);
    }
    this.#tasks.clear();
    this.#unreported = 0;
    this.#unreportedBytes = 0;
    return { reported, begun, notBegun };
  }
}

function isReported(task: HeldTask): task is ReportedTask {
  return task.report !== null;
}
