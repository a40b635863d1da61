/**
 * Which tasks of the session the service still counts as on their way. A task is acknowledged when
 * it is on disk; its result, when that goes out before, does as well.
 */
import type { TaskId } from "../contract/ids.ts";
import type { Session } from "./session.ts";
import type { SpoolSync } from "./spool_sync.ts";

export interface AcknowledgementOptions {
  readonly sync: SpoolSync;
  /** Gets the number of those of which the service knows now. */
  readonly told: (count: number) => void;
}

export class TaskAcknowledgements {
  readonly #options: AcknowledgementOptions;
  readonly #due = new Set<TaskId>();
  #session: Session | undefined;

  constructor(options: AcknowledgementOptions) {
    this.#options = options;
  }

  /** Another session, or none: what was due comes again. */
  begin(session: Session | undefined): void {
    this.#session = session;
    this.#due.clear();
  }

  /** Tasks that came in `session` are written, and to be told of once they are on disk. */
  written(session: Session | undefined, taskIds: readonly TaskId[]): void {
    if (session === undefined || session !== this.#session || taskIds.length === 0) return;
    for (const taskId of taskIds) this.#due.add(taskId);
    this.#options.sync.whenSynced(() => this.#send(session, taskIds), "soon");
  }

  /** Results go out, which say that their tasks have come. */
  resultsSent(taskIds: readonly TaskId[]): void {
    let count = 0;
    for (const taskId of taskIds) if (this.#due.delete(taskId)) count += 1;
    if (count > 0) this.#options.told(count);
  }

  #send(session: Session, taskIds: readonly TaskId[]): void {
    if (session !== this.#session) return;
    const task_ids = taskIds.filter((taskId) => this.#due.delete(taskId));
    if (task_ids.length === 0) return;
    this.#options.told(task_ids.length);
    session.send({ type: "task_ack", task_ids });
  }
}
