/** What a batch of turns, or of ends, comes to: effects of the task table, in their order. */
import type { TaskId } from "../contract/ids.ts";
import type { TaskEvent } from "../contract/task_state.ts";
import type { Fetching } from "./fetch_queue.ts";
import type { Waiting } from "./lane.ts";
import type { Handover, TableEffect } from "./table_events.ts";
import type { FinishedTask, TaskRecord } from "./task.ts";

/** Tasks have their turn; the numbers cite the invariants of the task table. */
export class Turn {
  readonly refused: FinishedTask[] = [];
  readonly #attempts: Handover[] = [];
  readonly #aside: TaskRecord[] = [];
  /** By lane (3). */
  readonly #marks = new Map<number, number>();
  readonly #again: number[] = [];

  begins(waiting: Waiting, attempt: Handover): void {
    this.#attempts.push(attempt);
    if (waiting.isRetry) this.#again.push(waiting.task.seq);
    else this.#mark(waiting);
  }

  /** It is set aside; one that had a turn before is on disk as one that waits again already (7). */
  waits(fetching: Fetching): void {
    if (fetching.isRetry) return;
    this.#mark(fetching);
    this.#aside.push(fetching.task);
  }

  #mark({ task, lane }: Waiting | Fetching): void {
    this.#marks.set(lane.lane, Math.max(task.seq, this.#marks.get(lane.lane) ?? 0));
  }

  effects(at: number): TableEffect[] {
    const effects: TableEffect[] = [];
    const attempts = this.#attempts;
    if (this.refused.length > 0) effects.push({ kind: "finish", tasks: this.refused });
    if (this.#marks.size + this.#again.length > 0) {
      const through = [...this.#marks].map(([lane, seq]) => ({ lane, seq }));
      effects.push({ kind: "begin", through, again: this.#again });
    }
    if (this.#aside.length > 0) effects.push({ kind: "requeue", tasks: this.#aside });
    if (attempts.length > 0) {
      effects.push({ kind: "run", attempts });
      effects.push({ kind: "report", events: attempts.map((given) => launchEvent(given, at)) });
    }
    return effects;
  }
}

/** Attempts have ended. */
export class Story {
  readonly finished: FinishedTask[] = [];
  readonly requeued: TaskRecord[] = [];
  readonly events: { taskId: TaskId; event: TaskEvent }[] = [];

  effects(): TableEffect[] {
    const effects: TableEffect[] = [];
    if (this.requeued.length > 0) effects.push({ kind: "requeue", tasks: this.requeued });
    if (this.finished.length > 0) effects.push({ kind: "finish", tasks: this.finished });
    if (this.events.length > 0) effects.push({ kind: "report", events: this.events });
    return effects;
  }
}

/** For those who watch; the result's timeline has the manager's own. */
function launchEvent(
  { task, attempt }: Handover,
  at: number,
): { taskId: TaskId; event: TaskEvent } {
  const event: TaskEvent = { state: "waiting-for-launch", at, by: "agent", attempt };
  return { taskId: task.taskId, event };
}
