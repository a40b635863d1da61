/** One attempt from when the manager got it to its end. */
import type { TaskError } from "../../contract/errors.ts";
import { MAX_TASK_OUTPUT_BYTES } from "../../contract/limits.ts";
import type { TaskEvent } from "../../contract/task_state.ts";
import type { AttemptOutcome, ExecutorEvents, FinishedAttempt, TaskAttempt } from "./executor.ts";
import type { Stream } from "./ipc.ts";
import type { TaskNeeds } from "./resources/task_needs.ts";
import type { EnvironmentId } from "./runtimes/runtime.ts";
import { TailBuffer } from "./tail_buffer.ts";

const NOTHING = new Uint8Array(0);

/** Why the manager ends the process that runs it. */
export type EndReason = "cancel" | "walltime" | "memory";

export class Assignment {
  readonly attempt: TaskAttempt;
  readonly environment: EnvironmentId;
  /** Of the container that it runs in. */
  readonly image: string | null;
  /** Place in the manager's queue, counted up. */
  readonly order: number;
  /** Milliseconds since 1970. */
  readonly givenAt: number;
  /** Milliseconds; null means no end. */
  readonly walltime: number | null;
  /** Must be alone in its worker, so that it cannot fail for what a neighbour does. */
  readonly alone: boolean;
  /** How many slots it takes at once. */
  readonly slots: number;
  /** Bytes that its processes may use; null means no limit. */
  readonly memory: number | null;
  /** Bytes that they used when it was ended for that. */
  memoryUsed = 0;
  /** Its sandbox, once made. */
  folder: string | null = null;
  /** When a worker began it, milliseconds since 1970. */
  begunAt: number | null = null;
  endReason: EndReason | null = null;
  /** Its end is known, though perhaps not told yet. */
  isFinished = false;
  /** How often a worker died that had it but may not have begun it. */
  returns = 0;
  /** Its process was ended by a signal as schedulers send it to a job that is to end. */
  isSignalled = false;
  followed = false;
  #stdout: TailBuffer | null = null;
  #stderr: TailBuffer | null = null;

  constructor(options: {
    readonly attempt: TaskAttempt;
    readonly environment: EnvironmentId;
    readonly image?: string | null;
    readonly order: number;
    readonly givenAt: number;
    readonly walltime: number | null;
    readonly alone: boolean;
    readonly needs: TaskNeeds;
  }) {
    this.attempt = options.attempt;
    this.environment = options.environment;
    this.image = options.image ?? null;
    this.order = options.order;
    this.givenAt = options.givenAt;
    this.walltime = options.walltime;
    this.alone = options.alone;
    this.slots = options.needs.slots;
    this.memory = options.needs.memory;
  }

  /** Takes output; `data` is copied. */
  append(stream: Stream, data: Uint8Array, events: ExecutorEvents): void {
    const buffer = this.#buffer(stream);
    if (this.followed) {
      const { taskId } = this.attempt;
      events.output({ taskId, stream, offset: buffer.total, data: data.slice() });
    }
    buffer.push(data);
  }

  #buffer(stream: Stream): TailBuffer {
    if (stream === "stdout") return this.#stdout ??= new TailBuffer(MAX_TASK_OUTPUT_BYTES);
    return this.#stderr ??= new TailBuffer(MAX_TASK_OUTPUT_BYTES);
  }

  /** Begins or ends live output; what is kept so far comes first. */
  follow(on: boolean, events: ExecutorEvents): void {
    if (on && !this.followed) {
      this.#replay("stdout", this.#stdout, events);
      this.#replay("stderr", this.#stderr, events);
    }
    this.followed = on;
  }

  #replay(stream: Stream, buffer: TailBuffer | null, events: ExecutorEvents): void {
    if (buffer === null) return;
    const data = buffer.bytes();
    const { taskId } = this.attempt;
    events.output({ taskId, stream, offset: buffer.total - data.length, data });
  }

  outputOf(stream: Stream): Uint8Array {
    return (stream === "stdout" ? this.#stdout : this.#stderr)?.bytes() ?? NOTHING;
  }

  get runningEvent(): TaskEvent | null {
    if (this.begunAt === null) return null;
    return { state: "running", at: this.begunAt, by: "worker", attempt: this.attempt.attempt };
  }

  finish(outcome: AttemptOutcome, details: Readonly<Record<string, unknown>>): FinishedAttempt {
    this.isFinished = true;
    const { taskId, attempt } = this.attempt;
    const given: TaskEvent = {
      state: "waiting-for-launch",
      at: this.givenAt,
      by: "manager",
      attempt,
    };
    const running = this.runningEvent;
    return {
      taskId,
      attempt,
      outcome,
      output: { stdout: this.outputOf("stdout"), stderr: this.outputOf("stderr") },
      timeline: running === null ? [given] : [given, running],
      details,
      ...(this.isSignalled && this.endReason === null ? { signalled: true } : {}),
    };
  }
}

/** A failure that is not the function's own exception. */
export function manageError(
  code: TaskError["code"],
  message: string,
  hint: string,
  traceback = "",
): TaskError {
  return { code, type: code, message, traceback, hint };
}
