/**
 * Sends an endpoint its tasks, in order, as its credits allow. Nothing is kept here but the position
 * reached: what waits, waits in the store.
 *
 * 1. Tasks up to `position` were sent in this session; no later one was.
 * 2. A task that was claimed is sent in the same turn, or is claimed again later.
 * 3. A function's code goes out once in a session, before or with its first task.
 */
import type { EndpointId, FunctionId } from "../../contract/ids.ts";
import { BATCH_BYTES, MAX_BATCH_ITEMS } from "../../contract/limits.ts";
import type { SendWindow } from "../../contract/protocol/ack_window.ts";
import type { Tasks } from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { QueuedTask, QueueStore } from "../store/store.ts";

const log = logger("service", "hub");

export interface DispatcherOptions {
  readonly endpointId: EndpointId;
  readonly queue: QueueStore;
  readonly window: SendWindow;
  readonly send: (message: Tasks) => void;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #knownFunctions = new Set<FunctionId>();
  #position = 0;
  #caughtUp = false;
  #running: Promise<void> | undefined;
  #wakeAgain = false;
  #stopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Of the last task that was sent. */
  get position(): number {
    return this.#position;
  }

  /** Whether a task that is submitted now is sent at once. */
  get ready(): boolean {
    return this.#caughtUp && this.#options.window.room > 0;
  }

  /** There may be tasks, or room for them. */
  wake(): void {
    if (this.#stopped) return;
    this.#wakeAgain = true;
    this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  /** Resolves to the last position, when nothing more will be sent. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#running;
    return this.#position;
  }

  async #run(): Promise<void> {
    try {
      while (this.#wakeAgain && !this.#stopped) {
        this.#wakeAgain = false;
        await this.#drain();
      }
    } catch (thrown) {
      // The next acknowledgement, submit or heartbeat tries again.
      log.error("tasks of {endpoint} could not be dispatched: {reason}", {
        endpoint: this.#options.endpointId,
        reason: messageOf(thrown),
      });
    }
  }

  async #drain(): Promise<void> {
    const { endpointId, queue, window } = this.#options;
    while (window.room > 0) {
      const tasks = await queue.claim({
        endpointId,
        after: this.#position,
        limit: Math.min(window.room, MAX_BATCH_ITEMS),
        maximumBytes: Math.min(window.roomBytes, BATCH_BYTES),
      });
      this.#caughtUp = tasks.length === 0;
      if (this.#caughtUp) return;
      if (!await this.#send(tasks)) return;
    }
  }

  /** Sends what fits into the window; false when something did not, or nothing more may be sent. */
  async #send(tasks: readonly QueuedTask[]): Promise<boolean> {
    const frames = new FrameWriter(this.#options.send);
    for (const task of tasks) {
      // The endpoint was asked to cancel it, and answers that also when it does not know the task.
      if (!task.cancelRequested) {
        const code = this.#knownFunctions.has(task.functionId)
          ? undefined
          : await this.#codeOf(task.functionId);
        if (this.#stopped) return false;
        if (!this.#add(frames, task, code)) break;
      }
      this.#position = task.position;
    }
    frames.flush();
    return this.#position === tasks[tasks.length - 1]!.position;
  }

  #add(frames: FrameWriter, task: QueuedTask, code: Uint8Array | undefined): boolean {
    const bytes = task.payload.length + (code?.length ?? 0);
    if (!this.#options.window.trySend(task.taskId, bytes)) return false;
    this.#knownFunctions.add(task.functionId);
    frames.add(task, code, bytes);
    return true;
  }

  /** One at a time: a batch may need a thousand functions of the largest size. */
  async #codeOf(functionId: FunctionId): Promise<Uint8Array | undefined> {
    return (await this.#options.queue.codes([functionId])).get(functionId);
  }
}

/** Gathers tasks into frames of at most `BATCH_BYTES`; one larger task goes alone. */
class FrameWriter {
  readonly #send: (message: Tasks) => void;
  #functions: Tasks["functions"] = [];
  #tasks: Tasks["tasks"] = [];
  #bytes = 0;

  constructor(send: (message: Tasks) => void) {
    this.#send = send;
  }

  add(task: QueuedTask, code: Uint8Array | undefined, bytes: number): void {
    if (this.#tasks.length > 0 && this.#bytes + bytes > BATCH_BYTES) this.flush();
    if (code !== undefined) this.#functions.push({ function_id: task.functionId, code });
    this.#tasks.push({
      task_id: task.taskId,
      function_id: task.functionId,
      task_group_id: task.taskGroupId,
      owner_id: task.owner,
      attempts_made: task.attemptsMade,
      payload: task.payload,
      options: task.options,
    });
    this.#bytes += bytes;
  }

  flush(): void {
    if (this.#tasks.length === 0) return;
    this.#send({ type: "tasks", functions: this.#functions, tasks: this.#tasks });
    this.#functions = [];
    this.#tasks = [];
    this.#bytes = 0;
  }
}
