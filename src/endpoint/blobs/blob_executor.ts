/**
 * An executor before another one, which sees to large arguments and results: an attempt is given the
 * files of its arguments, which the task flow has had fetched, and its end is told once its result is
 * safe. Everything else is the inner executor's.
 */
import type { TaskId } from "../../contract/ids.ts";
import type { TaskError } from "../../contract/errors.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type {
  AttemptOutcome,
  Executor,
  ExecutorEvents,
  FinishedAttempt,
  TaskAttempt,
} from "../executor/executor.ts";
import type { ResultBlobs } from "./result_blobs.ts";
import type { TaskArguments } from "./task_arguments.ts";

const log = logger("agent", "blobs");

export interface BlobExecutorOptions {
  readonly inner: Executor;
  readonly events: ExecutorEvents;
  readonly arguments: Pick<TaskArguments, "filesOf">;
  readonly results: Pick<ResultBlobs, "take">;
}

export class BlobExecutor implements Executor {
  readonly #options: BlobExecutorOptions;
  /** Results that are being named. */
  readonly #storing = new Set<Promise<void>>();

  /** Those of the inner executor, where it has them. */
  readonly adopt: Executor["adopt"];
  readonly kept: Executor["kept"];
  readonly nodes: Executor["nodes"];

  constructor(options: BlobExecutorOptions) {
    this.#options = options;
    const { inner } = options;
    if (inner.adopt !== undefined) this.adopt = (attempts) => inner.adopt!(attempts);
    if (inner.nodes !== undefined) this.nodes = () => inner.nodes!();
    if (inner.kept !== undefined) this.kept = (attempts) => inner.kept!(attempts);
  }

  /** What the inner executor has to call. */
  readonly innerEvents: ExecutorEvents = {
    started: (events) => this.#options.events.started(events),
    finished: (attempts) => this.#finished(attempts),
    output: (chunk) => this.#options.events.output(chunk),
    roomForMore: () => this.#options.events.roomForMore(),
  };

  get runtimes(): readonly string[] {
    return this.#options.inner.runtimes;
  }

  get pythonVersion(): string | undefined {
    return this.#options.inner.pythonVersion;
  }

  capacity(): number {
    return this.#options.inner.capacity();
  }

  run(attempts: readonly TaskAttempt[]): void {
    this.#options.inner.run(attempts.map((attempt) => {
      const blobs = this.#options.arguments.filesOf(attempt.taskId);
      return blobs === undefined ? attempt : { ...attempt, blobs };
    }));
  }

  cancel(taskIds: readonly TaskId[]): void {
    this.#options.inner.cancel(taskIds);
  }

  follow(taskId: TaskId, on: boolean): void {
    this.#options.inner.follow(taskId, on);
  }

  recall(): void {
    this.#options.inner.recall?.();
  }

  load(): ReturnType<Executor["load"]> {
    return this.#options.inner.load();
  }

  async close(): Promise<void> {
    await this.#options.inner.close();
    await Promise.all(this.#storing);
  }

  #finished(attempts: readonly FinishedAttempt[]): void {
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

function notStored(thrown: unknown): TaskError {
  return {
    code: "WORKER_LOST",
    type: "ResultLost",
    message: `the result could not be kept on the endpoint's disk: ${messageOf(thrown)}`,
    traceback: "",
    hint: "Make room on the disk of the endpoint's stateDir.",
  };
}
