/** One task as its live events tell it. */
import type { FinishedTask, FollowEvent } from "../../contract/api.ts";
import type { TaskEvent } from "../../contract/task_state.ts";
import { OutputStream } from "./output_stream.ts";

export class TaskRecord {
  readonly stdout = new OutputStream();
  readonly stderr = new OutputStream();
  #timeline: readonly TaskEvent[] = [];
  #attempt = 0;
  #finished: FinishedTask | undefined;

  /** In the order in which the moves happened. */
  get timeline(): readonly TaskEvent[] {
    return this.#timeline;
  }

  get finished(): FinishedTask | undefined {
    return this.#finished;
  }

  take(event: FollowEvent): void {
    switch (event.event) {
      case "state":
        return this.#moved(event.data);
      case "output":
        return this[event.data.stream].piece(event.data.offset, event.data.text);
      case "finished":
        this.#finished = event.data;
        this.stdout.end(event.data.stdout ?? "");
        this.stderr.end(event.data.stderr ?? "");
        return;
    }
  }

  #moved(event: TaskEvent): void {
    this.#timeline = [...this.#timeline, event];
    if (event.attempt <= this.#attempt) return;
    this.#attempt = event.attempt;
    this.stdout.attemptBegan();
    this.stderr.attemptBegan();
  }
}
