/**
 * Which tasks of the session the service still counts as on their way. A task is acknowledged when
 * it is on disk; its result, when that goes out before, does as well.
 */
import type { TaskId } from "../contract/ids.ts";
import type { Session } from "./session.ts";

export class TaskAcknowledgements {
  readonly #due = new Set<TaskId>();
  readonly #told: (count: number) => void;

  /** @param told gets the number of those of which the service knows now */
  constructor(told: (count: number) => void) {
    this.#told = told;
  }

  /** They are written, and to be told of once they are on disk. */
  add(taskIds: readonly TaskId[]): void {
    for (const taskId of taskIds) this.#due.add(taskId);
  }

  /** Results go out, which say that their tasks have come. */
  resultsSent(taskIds: readonly TaskId[]): void {
    let count = 0;
    for (const taskId of taskIds) if (this.#due.delete(taskId)) count += 1;
    if (count > 0) this.#told(count);
  }

  /** They are on disk: tells the service of those that it does not know of. */
  send(session: Session, taskIds: readonly TaskId[]): void {
    const task_ids = taskIds.filter((taskId) => this.#due.delete(taskId));
    if (task_ids.length === 0) return;
    this.#told(task_ids.length);
    session.send({ type: "task_ack", task_ids });
  }

  /** The session is another one. */
  reset(): void {
    this.#due.clear();
  }
}
