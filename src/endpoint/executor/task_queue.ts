/** Assignments that wait for a worker of one runtime, in the order in which they were given. */
import type { Assignment } from "./assignment.ts";

export class TaskQueue {
  #items: Assignment[] = [];
  #head = 0;
  /** Waiting ones; those that have finished in the queue, by a cancel, are passed over. */
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest that waits. */
  peek(): Assignment | undefined {
    while (this.#items[this.#head]?.isFinished) this.#head += 1;
    return this.#items[this.#head];
  }

  /** All that wait, the oldest first. */
  get waiting(): Assignment[] {
    return this.#items.slice(this.#head).filter((assignment) => !assignment.isFinished);
  }

  push(assignment: Assignment): void {
    this.#items.push(assignment);
    this.#size += 1;
  }

  shift(): Assignment | undefined {
    const oldest = this.peek();
    if (oldest === undefined) return undefined;
    this.#head += 1;
    this.#size -= 1;
    if (this.#head > 1_000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return oldest;
  }

  /** Puts back what a worker had not begun; older than all that wait. */
  putBack(assignments: readonly Assignment[]): void {
    this.#items = [...assignments, ...this.#items.slice(this.#head)];
    this.#head = 0;
    this.#size += assignments.length;
  }

  /** One that waits has been finished by its owner. */
  forgetOne(): void {
    this.#size -= 1;
  }

  /** Takes the newest that wait. */
  takeLast(count: number): Assignment[] {
    const all = this.drain();
    const taken = all.splice(Math.max(0, all.length - count));
    this.putBack(all);
    return taken;
  }

  /** Takes all that wait. */
  drain(): Assignment[] {
    const all = this.waiting;
    this.#items = [];
    this.#head = 0;
    this.#size = 0;
    return all;
  }
}
