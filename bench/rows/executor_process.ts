/**
 * The agent's part of rows 1, 4 and 5, in a process of its own so that its heap and its processor
 * time are its own. Arguments: a folder, and the job as JSON; prints the rate as JSON.
 */
import { jsonPayload } from "../../src/contract/envelope.ts";
import { newId } from "../../src/contract/ids.ts";
import type {
  Executor,
  FinishedAttempt,
  TaskAttempt,
} from "../../src/endpoint/executor/executor.ts";
import { startLocalExecutor } from "../../src/endpoint/executor/local_executor.ts";
import { join } from "../../src/lib/path.ts";
import { PYTHON } from "../../tests/helpers/python.ts";
import { NO_OP, WORKERS } from "../deployment.ts";
import { processorSeconds, processTree } from "../process_usage.ts";
import { WAIT } from "./wait_task.ts";

export interface ExecutorJob {
  readonly kind: "typescript" | "python" | "shell" | "wait";
  readonly tasks: number;
  /** Milliseconds, of `wait`. */
  readonly duration?: number;
}

export interface ExecutorRate {
  readonly seconds: number;
  /** Seconds of processor time of manager and workers. */
  readonly processor: number;
}

/** What an agent hands over at a time at most. */
const BATCH = 1_000;
const WARM_UP = 0.2;

const permissions = {
  read: false,
  write: false,
  net: false,
  env: false,
  run: false,
  sys: false,
} as const;

/** Hands attempts over as room for them comes, as the agent does, and tells when all have finished. */
class Feeder {
  executor!: Executor;
  #waiting: TaskAttempt[] = [];
  readonly #given = new Map<string, TaskAttempt>();
  #left = 0;
  #done = Promise.withResolvers<void>();

  readonly events = {
    started: (): void => {},
    finished: (attempts: readonly FinishedAttempt[]): void => this.#finished(attempts),
    output: (): void => {},
    roomForMore: (): void => this.#feed(),
  };

  runAll(attempts: readonly TaskAttempt[]): Promise<void> {
    this.#done = Promise.withResolvers();
    this.#left = attempts.length;
    // Taken from the end.
    this.#waiting = attempts.toReversed();
    this.#feed();
    return this.#done.promise;
  }

  #feed(): void {
    const room = Math.min(this.executor.capacity(), BATCH, this.#waiting.length);
    if (room === 0) return;
    const batch = this.#waiting.splice(-room).reverse();
    for (const attempt of batch) this.#given.set(attempt.taskId, attempt);
    this.executor.run(batch);
  }

  #finished(attempts: readonly FinishedAttempt[]): void {
    for (const { taskId, outcome } of attempts) {
      const attempt = this.#given.get(taskId)!;
      this.#given.delete(taskId);
      if (outcome.kind === "returned") this.#waiting.push(attempt);
      else if (outcome.kind === "success") this.#left--;
      else this.#done.reject(new Error(JSON.stringify(outcome)));
    }
    if (this.#left === 0) this.#done.resolve();
    // What was given back has to be offered again, with no room that is new.
    else if (this.#waiting.length > 0) queueMicrotask(() => this.#feed());
  }
}

function startExecutor(folder: string, feeder: Feeder): Promise<Executor> {
  return startLocalExecutor({
    executor: {
      workersPerNode: WORKERS,
      slot: { cores: null, memory: null, accelerators: 0, cpuAffinity: "none" },
      prefetch: 0,
      maxAttempts: 2,
      maxResultBytes: 5 * 1024 ** 3,
      walltimeSeconds: null,
      idleSeconds: 600,
      mpiLauncher: null,
      provider: { type: "local" },
      link: { address: { kind: "auto" }, portRange: null, reattachSeconds: 600 },
      runtimes: {
        typescript: { permissions },
        python: PYTHON === undefined ? null : { interpreter: PYTHON },
        shell: { shell: "/bin/sh" },
      },
      container: null,
      workerInit: "",
      environment: {},
      sandbox: false,
      workingFolder: join(folder, "tasks"),
    },
    events: feeder.events,
    stateDir: folder,
  });
}

function attemptsOf(job: ExecutorJob, count: number, functionId: string): TaskAttempt[] {
  const encoder = new TextEncoder();
  const source = job.kind === "wait" ? WAIT : NO_OP[job.kind];
  const code = encoder.encode(source.code);
  const payload = encoder.encode(jsonPayload(job.kind === "shell" ? [] : [job.duration ?? 1]));
  return Array.from(
    { length: count },
    () => ({ taskId: newId(), attempt: 1, functionId, code, payload, options: {} }),
  );
}

function processorOfAll(): number {
  return processTree(Deno.pid).reduce((sum, pid) => sum + processorSeconds(pid), 0);
}

async function main(folder: string, job: ExecutorJob): Promise<void> {
  const feeder = new Feeder();
  feeder.executor = await startExecutor(folder, feeder);
  try {
    const functionId = newId();
    const warmUp = Math.max(WORKERS * 2, Math.ceil(job.tasks * WARM_UP));
    await feeder.runAll(attemptsOf(job, warmUp, functionId));
    const attempts = attemptsOf(job, job.tasks, functionId);
    const before = processorOfAll();
    const begun = performance.now();
    await feeder.runAll(attempts);
    const seconds = (performance.now() - begun) / 1_000;
    const rate: ExecutorRate = { seconds, processor: processorOfAll() - before };
    console.log(JSON.stringify(rate));
  } finally {
    await feeder.executor.close();
  }
}

if (import.meta.main) await main(Deno.args[0]!, JSON.parse(Deno.args[1]!));
