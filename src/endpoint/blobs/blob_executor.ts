/**
 * An executor before another one, which sees to large arguments and results: an attempt is passed on
 * once its arguments are here, and its end once its result is safe. Small ones pass at once.
 *
 * 1. An attempt is in `#held` from `run` until it is passed on or ended here.
 * 2. Few attempts are held at a time, and they take no room from others: the inner executor does
 *    not know of them.
 */
import { Buffer } from "node:buffer";
import { type BlobReference, payloadReferences } from "../../contract/blob_reference.ts";
import type { BlobRequests } from "../../contract/blob_transfer.ts";
import { HEADERS } from "../../contract/envelope.ts";
import { FuncxError, type TaskError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { Slots } from "../../lib/async.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type {
  AttemptOutcome,
  Executor,
  ExecutorEvents,
  FinishedAttempt,
  TaskAttempt,
} from "../executor/executor.ts";
import type { ArgumentBlobs } from "./argument_blobs.ts";
import type { ResultBlobs } from "./result_blobs.ts";

const log = logger("agent", "blobs");

/** Attempts whose arguments are on their way, or which wait for room with them. */
const MAX_HELD = 1_000;
/** Attempts whose arguments are fetched ahead of the room for them. */
const MAX_AHEAD = 8;
const SHORTEST_REFERENCE = 64;
const NOTHING = new Uint8Array(0);
const decoder = new TextDecoder();

export interface BlobExecutorOptions {
  readonly inner: Executor;
  readonly events: ExecutorEvents;
  readonly arguments: ArgumentBlobs;
  readonly results: ResultBlobs;
  readonly requests: (taskId: TaskId, signal: AbortSignal) => BlobRequests;
}

interface HeldAttempt {
  readonly attempt: TaskAttempt;
  /** It was passed on, or has ended. */
  readonly over: PromiseWithResolvers<void>;
  readonly references: readonly BlobReference[];
  /** Its arguments are in use. */
  isFetching: boolean;
}

export class BlobExecutor implements Executor {
  readonly #options: BlobExecutorOptions;
  readonly #held = new Map<TaskId, HeldAttempt>();
  /** Held ones whose arguments are here. */
  #ready: TaskAttempt[] = [];
  /** Of attempts that the inner executor has. */
  readonly #passed = new Map<TaskId, readonly BlobReference[]>();
  readonly #ahead = new Slots(MAX_AHEAD);
  /** Results that are being named. */
  readonly #storing = new Set<Promise<void>>();

  constructor(options: BlobExecutorOptions) {
    this.#options = options;
  }

  /** What the inner executor has to call. */
  readonly innerEvents: ExecutorEvents = {
    started: (events) => this.#options.events.started(events),
    finished: (attempts) => this.#finished(attempts),
    output: (chunk) => this.#options.events.output(chunk),
    roomForMore: () => {
      this.#passReady();
      this.#options.events.roomForMore();
    },
  };

  // -- Executor -------------------------------------------------------------------------------------

  get runtimes(): readonly string[] {
    return this.#options.inner.runtimes;
  }

  capacity(): number {
    if (this.#held.size >= MAX_HELD) return 0;
    return Math.max(0, this.#options.inner.capacity() - this.#ready.length);
  }

  run(attempts: readonly TaskAttempt[]): void {
    const small: TaskAttempt[] = [];
    for (const attempt of attempts) {
      if (mayRefer(attempt.payload)) this.#hold(attempt);
      else small.push(attempt);
    }
    if (small.length > 0) this.#options.inner.run(small);
  }

  cancel(taskIds: readonly TaskId[]): void {
    const inner: TaskId[] = [];
    for (const taskId of taskIds) {
      if (this.#held.has(taskId)) this.#endHeld(taskId, { kind: "cancelled" });
      else inner.push(taskId);
    }
    this.#options.inner.cancel(inner);
  }

  follow(taskId: TaskId, on: boolean): void {
    this.#options.inner.follow(taskId, on);
  }

  recall(): void {
    for (const taskId of [...this.#held.keys()]) this.#endHeld(taskId, { kind: "returned" });
    this.#options.inner.recall?.();
  }

  load(): ReturnType<Executor["load"]> {
    const load = this.#options.inner.load();
    return { ...load, outstanding_tasks: load.outstanding_tasks + this.#held.size };
  }

  async close(): Promise<void> {
    for (const taskId of [...this.#held.keys()]) this.#endHeld(taskId, { kind: "returned" });
    this.#options.arguments.close();
    await this.#options.inner.close();
    await Promise.all(this.#storing);
  }

  // -- arguments ------------------------------------------------------------------------------------

  #hold(attempt: TaskAttempt): void {
    const { taskId, payload } = attempt;
    let references: readonly BlobReference[];
    try {
      references = payloadReferences(decoder.decode(payload));
    } catch {
      // The worker says what is wrong with it.
      references = [];
    }
    if (references.length === 0) return this.#options.inner.run([attempt]);
    const held = { attempt, references, over: Promise.withResolvers<void>(), isFetching: false };
    this.#held.set(taskId, held);
    void this.#ahead.run(async () => {
      if (this.#held.get(taskId) !== held) return;
      await this.#fetch(held);
      await held.over.promise;
    });
  }

  async #fetch(held: HeldAttempt): Promise<void> {
    const { attempt, references } = held;
    const { taskId } = attempt;
    const isHeld = (): boolean => this.#held.get(taskId) === held;
    held.isFetching = true;
    const files = references.map((blob) =>
      this.#options.arguments.use(blob, (signal) => this.#options.requests(taskId, signal))
    );
    try {
      const paths = await Promise.all(files);
      if (!isHeld()) return;
      const blobs = this.#options.arguments.link(taskId, references, paths);
      this.#ready.push({ ...attempt, blobs });
      this.#passReady();
    } catch (thrown) {
      if (isHeld()) this.#endHeld(taskId, { kind: "failed", error: notFetched(thrown) });
    }
  }

  #passReady(): void {
    const passed = this.#ready.splice(0, this.#options.inner.capacity());
    if (passed.length === 0) return;
    for (const { taskId } of passed) {
      const held = this.#held.get(taskId)!;
      this.#passed.set(taskId, held.references);
      this.#held.delete(taskId);
      held.over.resolve();
    }
    this.#options.inner.run(passed);
  }

  #endHeld(taskId: TaskId, outcome: AttemptOutcome): void {
    const held = this.#held.get(taskId)!;
    this.#held.delete(taskId);
    this.#ready = this.#ready.filter((attempt) => attempt.taskId !== taskId);
    held.over.resolve();
    if (held.isFetching) this.#release(taskId, held.references);
    const { attempt } = held.attempt;
    this.#options.events.finished([{
      taskId,
      attempt,
      outcome,
      output: { stdout: NOTHING, stderr: NOTHING },
      timeline: [],
      details: {},
    }]);
    this.#options.events.roomForMore();
  }

  #release(taskId: TaskId, references: readonly BlobReference[]): void {
    this.#options.arguments.unlink(taskId);
    for (const blob of references) this.#options.arguments.release(blob);
  }

  // -- results --------------------------------------------------------------------------------------

  #finished(attempts: readonly FinishedAttempt[]): void {
    if (this.#passed.size > 0) {
      for (const { taskId } of attempts) {
        const references = this.#passed.get(taskId);
        if (references === undefined) continue;
        this.#passed.delete(taskId);
        this.#release(taskId, references);
      }
    }
    const large = attempts.filter(isLarge);
    if (large.length === 0) return this.#options.events.finished(attempts);
    const small = attempts.filter((ended) => !isLarge(ended));
    if (small.length > 0) this.#options.events.finished(small);
    for (const ended of large) {
      const storing = this.#store(ended).finally(() => this.#storing.delete(storing));
      this.#storing.add(storing);
    }
  }

  async #store(ended: LargeAttempt): Promise<void> {
    const { taskId, outcome } = ended;
    let stored: AttemptOutcome;
    try {
      const result = await this.#options.results.take(taskId, outcome.file);
      stored = { kind: "success", result };
    } catch (thrown) {
      log.error("the result of {taskId} is lost: {reason}", { taskId, reason: messageOf(thrown) });
      stored = { kind: "lost", error: notStored(thrown) };
    }
    this.#options.events.finished([{ ...ended, outcome: stored }]);
  }
}

type LargeAttempt = FinishedAttempt & {
  readonly outcome: { readonly kind: "success"; readonly file: string };
};

function isLarge(ended: FinishedAttempt): ended is LargeAttempt {
  return ended.outcome.kind === "success" && ended.outcome.file !== undefined;
}

/** A hash alone is longer than most payloads. */
function mayRefer(payload: Uint8Array): boolean {
  if (payload.length < SHORTEST_REFERENCE) return false;
  // One byte a character: searching text is the engine's, a buffer 300 times as slow in Deno.
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("latin1");
  return text.includes(`\n${HEADERS.blob}\n`) || text.includes(`\n${HEADERS.files}\n`);
}

function notFetched(thrown: unknown): TaskError {
  const code = thrown instanceof FuncxError ? thrown.code : "CouldNotExecuteUserTaskError";
  return {
    code,
    type: code,
    message: `an argument could not be fetched: ${messageOf(thrown)}`,
    traceback: "",
    hint: thrown instanceof FuncxError ? thrown.hint : "See the agent's log.",
  };
}

function notStored(thrown: unknown): TaskError {
  return {
    code: "WORKER_LOST",
    type: "ResultLost",
    message: `the result could not be kept on the endpoint's disk: ${messageOf(thrown)}`,
    traceback: "",
    hint: "Make room on the disk of the endpoint's stateDir.",
  };
}
