/**
 * Tells the service of moves that are not the last one. A task that ends soon after needs none of
 * them, since its result has the whole timeline; so moves wait for a moment and are dropped when
 * the task ends meanwhile.
 */
import type { TaskId } from "../contract/ids.ts";
import { MAX_BATCH_ITEMS } from "../contract/limits.ts";
import type { TaskEvents } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";

/** How long a move waits, milliseconds: short for who watches, long for a no-op. */
const PATIENCE = 100;

interface Move {
  readonly taskId: TaskId;
  readonly event: TaskEvent;
}

export class EventReporter {
  readonly #send: (message: TaskEvents) => void;
  readonly #moves = new Map<TaskId, TaskEvent[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (message: TaskEvents) => void) {
    this.#send = send;
  }

  add(moves: readonly Move[]): void {
    for (const { taskId, event } of moves) {
      const known = this.#moves.get(taskId);
      if (known === undefined) this.#moves.set(taskId, [event]);
      else known.push(event);
    }
    if (this.#moves.size > 0) this.#timer ??= setTimeout(() => this.flush(), PATIENCE);
  }

  ended(taskId: TaskId): void {
    this.#moves.delete(taskId);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#moves.clear();
  }

  /** Sends what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let events: TaskEvents["events"] = [];
    for (const [task_id, moves] of this.#moves) {
      for (const event of moves) events.push({ task_id, event });
      if (events.length >= MAX_BATCH_ITEMS / 2) {
        this.#send({ type: "task_events", events });
        events = [];
      }
    }
    this.#moves.clear();
    if (events.length > 0) this.#send({ type: "task_events", events });
  }
}
