/** Output of running tasks for those who watch at the service: best effort, within one session. */
import type { TaskId } from "../contract/ids.ts";
import type { Executor, ExecutorEvents } from "./executor/executor.ts";
import { sendIfRead, type Session } from "./session.ts";

type Chunk = Parameters<ExecutorEvents["output"]>[0];

export class LiveOutput {
  readonly #followed = new Set<TaskId>();

  /** @param isRunning whether the executor has the task; else it is followed once it has. */
  follow(
    executor: Executor | undefined,
    taskIds: readonly TaskId[],
    on: boolean,
    isRunning: (taskId: TaskId) => boolean,
  ): void {
    for (const taskId of taskIds) {
      if (on) this.#followed.add(taskId);
      else this.#followed.delete(taskId);
      if (isRunning(taskId)) executor?.follow(taskId, on);
    }
  }

  /** These have just been given to the executor. */
  given(executor: Executor, attempts: readonly { readonly taskId: TaskId }[]): void {
    if (this.#followed.size === 0) return;
    for (const { taskId } of attempts) {
      if (this.#followed.has(taskId)) executor.follow(taskId, true);
    }
  }

  ended(taskId: TaskId): void {
    this.#followed.delete(taskId);
  }

  /** The session is over, and with it whoever watched. */
  forget(executor: Executor | undefined): void {
    for (const taskId of this.#followed) executor?.follow(taskId, false);
    this.#followed.clear();
  }

  /** A reader sees by the offset when something was left out for want of room. */
  send(session: Session | undefined, { taskId, stream, offset, data }: Chunk): void {
    sendIfRead(session, { type: "output", chunks: [{ task_id: taskId, stream, offset, data }] });
  }
}
