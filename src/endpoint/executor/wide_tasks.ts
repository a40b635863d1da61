/**
 * Tasks that take several slots at once. The oldest of them has its turn when no task that waits is
 * older: from then on every slot that becomes free is held for it, until it has as many as it needs.
 * So it waits for what had begun before, and for nothing that comes later. An older task that a worker
 * gives back gets a slot first.
 */
import type { Assignment } from "./assignment.ts";
import type { Slot } from "./slot.ts";
import { TaskQueue } from "./task_queue.ts";

export class WideTasks {
  readonly queue = new TaskQueue();
  readonly #slots: readonly Slot[];
  /** For which slots are held and which has not begun. */
  #gathering: Assignment | null = null;

  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
  }

  /** The oldest that waits. */
  get next(): Assignment | undefined {
    return this.queue.size === 0 ? undefined : this.queue.peek();
  }

  /**
   * Lets go of slots that are held for a task which does not wait any more, or not longest.
   * @param others the oldest of each queue of tasks that take one slot
   */
  settle(others: readonly (Assignment | undefined)[]): void {
    const gathering = this.#gathering;
    if (gathering === null) return;
    const isFirst = !others.some((other) => other !== undefined && other.order < gathering.order);
    if (isFirst && gathering === this.next) return;
    this.release(gathering);
    this.#gathering = null;
  }

  get isGathering(): boolean {
    return this.#gathering !== null;
  }

  /** Holds free slots for the oldest; @returns them, once there are enough, and takes it out. */
  gather(): { readonly assignment: Assignment; readonly slots: readonly Slot[] } | null {
    const assignment = this.next;
    if (assignment === undefined) return null;
    this.#gathering = assignment;
    const held = this.#slots.filter((slot) => slot.heldFor === assignment);
    const free = this.#slots.filter((slot) => slot.isFree);
    const added = free.slice(0, assignment.slots - held.length);
    for (const slot of added) slot.hold(assignment);
    if (held.length + added.length < assignment.slots) return null;
    this.#gathering = null;
    this.queue.shift();
    return { assignment, slots: this.#slots.filter((slot) => slot.heldFor === assignment) };
  }

  /** The task has ended, or goes back to where it waits. */
  release(assignment: Assignment): void {
    for (const slot of this.#slots) if (slot.heldFor === assignment) slot.release();
  }
}
