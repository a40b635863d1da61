/**
 * Sends an endpoint its tasks as its credits allow: first what was perhaps sent in an earlier
 * session, then what was stored for it to be sent at once, then what waits, in the store's fair
 * order. What waits, waits in the store; kept here are only positions, no more than were reserved.
 *
 * 1. A task that is marked in the store as perhaps sent is sent in this session, or is in what
 *    {@link Dispatcher.stop} gives when it was never sent, or was not reached by `resend`: then it
 *    is still marked, and the next session sends it.
 * 2. No task is in flight twice in a session.
 * 3. A function's code goes out once in a session, before or with its first task.
 * 4. Tasks are stored as marked only when nothing else waits and their credits are reserved.
 * 5. One run at a time takes from the store, whoever wakes it from within: a claim commits what
 *    others have written, which tells of submits.
 */
import type { EndpointId, FunctionId } from "../../contract/ids.ts";
import { BATCH_BYTES, TASKS_PER_FRAME } from "../../contract/limits.ts";
import type { SendWindow } from "../../contract/protocol/ack_window.ts";
import type { Tasks } from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { QueuedTask, QueueStore } from "../store/store.ts";

const log = logger("service", "hub");

export interface DispatcherOptions {
  readonly endpointId: EndpointId;
  readonly queue: Pick<QueueStore, "claim" | "sent" | "sentAt" | "codes">;
  readonly window: SendWindow;
  readonly send: (message: Tasks) => void;
}

/** Consecutive positions. */
export interface TaskRange {
  readonly first: number;
  readonly count: number;
}

/** What earlier sessions left: all marked tasks up to `after` were sent again. */
interface Resend {
  after: number;
  /** More were marked since the store was asked. */
  isStale: boolean;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #knownFunctions = new Set<FunctionId>();
  #resend: Resend | undefined = { after: 0, isStale: false };
  /** Marked and not sent yet, in order. */
  #unsent: number[] = [];
  /** Credits for submits that are being stored. */
  #reserved = 0;
  /** Nothing waits in the store: true from a look that found nothing until the next {@link wake}. */
  #caughtUp = false;
  #wakes = 0;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #wakeAgain = false;
  #hasFailed = false;
  #stopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /**
   * Whether `count` tasks that are submitted now may be stored as perhaps sent, since they are sent
   * at once. Then call {@link submitted} or {@link unreserve}.
   */
  reserve(count: number): boolean {
    const room = this.#options.window.room - this.#reserved - this.#unsent.length;
    if (this.#stopped || !this.#caughtUp || room < count) return false;
    this.#reserved += count;
    return true;
  }

  unreserve(count: number): void {
    this.#reserved -= count;
  }

  /** Tasks that were stored as perhaps sent, with credits of this session or of one before it. */
  submitted({ first, count }: TaskRange): void {
    if (this.#resend !== undefined && this.#resend.after < first) {
      this.#resend.isStale = true;
      return this.wake();
    }
    for (let position = first; position < first + count; position++) this.#unsent.push(position);
    this.#start();
  }

  /** There may be tasks that wait. */
  wake(): void {
    this.#caughtUp = false;
    this.#wakes++;
    this.#start();
  }

  /** There is room for more tasks. */
  roomFreed(): void {
    if (!this.#caughtUp || this.#unsent.length > 0) this.#start();
  }

  #start(): void {
    if (this.#stopped) return;
    this.#wakeAgain = true;
    if (this.#isRunning) return;
    // Before it runs, since it may wake itself (5).
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Tries a dispatch again that failed, or that ended before all was sent. */
  retry(): void {
    if (this.#hasFailed || !this.#caughtUp) this.wake();
  }

  /** Resolves to the positions that are marked and were never sent, when nothing more will be. */
  async stop(): Promise<readonly number[]> {
    this.#stopped = true;
    await this.#running;
    return this.#unsent;
  }

  async #run(): Promise<void> {
    try {
      while (this.#wakeAgain && !this.#stopped) {
        this.#wakeAgain = false;
        this.#hasFailed = false;
        await this.#drain();
      }
    } catch (thrown) {
      this.#hasFailed = true;
      // The next acknowledgement, submit or heartbeat tries again.
      log.error("tasks of {endpoint} could not be dispatched: {reason}", {
        endpoint: this.#options.endpointId,
        reason: messageOf(thrown),
      });
    } finally {
      // At once after the last look at `#wakeAgain`, so that no wake falls in between.
      this.#isRunning = false;
    }
  }

  async #drain(): Promise<void> {
    const { window } = this.#options;
    while (window.room > 0 && !this.#stopped) {
      if (this.#caughtUp && this.#unsent.length === 0) return;
      const done = this.#resend !== undefined
        ? await this.#sendAgain(this.#resend)
        : this.#unsent.length > 0
        ? await this.#sendMarked()
        : await this.#sendWaiting();
      if (done) return;
    }
  }

  get #bounds(): { readonly limit: number; readonly maximumBytes: number } {
    const { window } = this.#options;
    return {
      limit: Math.min(window.room, TASKS_PER_FRAME),
      maximumBytes: Math.min(window.roomBytes, BATCH_BYTES),
    };
  }

  /** True when nothing more can be sent now; so are the others. */
  async #sendAgain(resend: Resend): Promise<boolean> {
    const { endpointId, queue } = this.#options;
    resend.isStale = false;
    const tasks = await queue.sent({ endpointId, after: resend.after, ...this.#bounds });
    if (tasks.length === 0) {
      if (!resend.isStale) this.#resend = undefined;
      return false;
    }
    const sent = await this.#send(tasks);
    if (sent > 0) resend.after = tasks[sent - 1]!.position;
    return sent < tasks.length;
  }

  async #sendMarked(): Promise<boolean> {
    const { endpointId, queue } = this.#options;
    const { limit, maximumBytes } = this.#bounds;
    const positions = this.#unsent.slice(0, limit);
    const tasks = await queue.sentAt({ endpointId, positions, maximumBytes });
    const sent = await this.#send(tasks);
    // What the store did not give has ended, or was accepted, meanwhile.
    const last = tasks.length === 0 ? positions.at(-1) : tasks[sent - 1]?.position;
    if (last !== undefined) this.#unsent.splice(0, positions.indexOf(last) + 1);
    return sent < tasks.length;
  }

  async #sendWaiting(): Promise<boolean> {
    const { endpointId, queue } = this.#options;
    const wakes = this.#wakes;
    const tasks = await queue.claim({ endpointId, ...this.#bounds });
    // Before what was submitted meanwhile: nothing else changes the front.
    this.#unsent.unshift(...tasks.map(({ position }) => position));
    this.#caughtUp = tasks.length === 0 && wakes === this.#wakes;
    if (tasks.length === 0) return true;
    const sent = await this.#send(tasks);
    this.#unsent.splice(0, sent);
    return sent < tasks.length;
  }

  /** Sends what fits into the window; how many of the tasks are done with. */
  async #send(tasks: readonly QueuedTask[]): Promise<number> {
    const frames = new FrameWriter(this.#options.send);
    let done = 0;
    for (const task of tasks) {
      // The endpoint was asked to cancel it, and answers that also when it does not know the task.
      if (!task.cancelRequested && !this.#options.window.has(task.taskId)) {
        const code = this.#knownFunctions.has(task.functionId)
          ? undefined
          : await this.#codeOf(task.functionId);
        if (this.#stopped || !this.#add(frames, task, code)) break;
      }
      done++;
    }
    frames.flush();
    return done;
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
