/** A real executor in a folder of its own, and what it says, for tests. */
import { MAX_RESULT_BYTES } from "../../../contract/limits.ts";
import { HEADERS, jsonPayload, sourceFunction } from "../../../contract/envelope.ts";
import type { TaskError } from "../../../contract/errors.ts";
import { newId, type TaskId } from "../../../contract/ids.ts";
import type { TaskOptions } from "../../../contract/protocol/messages.ts";
import type { TaskEvent } from "../../../contract/task_state.ts";
import { Signal } from "../../../lib/async.ts";
import { join } from "../../../lib/path.ts";
import type { ResolvedExecutor } from "../../../profile/schema.ts";
import type { Executor, FinishedAttempt, TaskAttempt } from "../executor.ts";
import { type LocalExecutorOptions, startLocalExecutor } from "../local_executor.ts";
import { typescriptWorkerCommand } from "../runtimes/typescript.ts";

export const NO_PERMISSIONS = {
  read: false,
  write: false,
  net: false,
  env: false,
  run: false,
  sys: false,
} as const;

/** The site's interpreter, or another one that a run of the tests names. */
export const PYTHON = Deno.env.get("FUNCX_TEST_PYTHON") ?? "python3";

/** Whether it runs: tests that need it are left out where it does not. */
export const hasPython = await new Deno.Command(PYTHON, { args: ["-c", ""], stderr: "null" })
  .output().then(({ success }) => success, () => false);

export type Output = Parameters<LocalExecutorOptions["events"]["output"]>[0];

/** What a task is run with; `code` is a packed function. */
export interface TaskInput {
  readonly code: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Instead of `args` and `kwargs`. */
  readonly payload?: string;
  readonly options?: TaskOptions;
  readonly attempt?: number;
  readonly moved?: number;
}

export function typescript(source: string, name = "default"): string {
  return sourceFunction(HEADERS.typescriptSource, name, source);
}

export function python(source: string, name = "f"): string {
  return sourceFunction(HEADERS.pythonSource, name, source);
}

export function shell(template: string): string {
  return sourceFunction(HEADERS.shellTemplate, "command", template);
}

const encoder = new TextEncoder();

export class Harness {
  /** A fresh folder, removed at the end. */
  readonly folder: string;
  readonly started = new Map<TaskId, TaskEvent>();
  readonly finished = new Map<TaskId, FinishedAttempt>();
  readonly output: Output[] = [];
  /** Attempts that finished twice or that nobody had given. */
  readonly wrong: FinishedAttempt[] = [];
  readonly changed = new Signal();
  #executor!: Executor;
  readonly #given = new Set<TaskId>();
  /** Those that are handed over as there is room. */
  readonly #fed = new Map<TaskId, TaskAttempt>();
  #waiting: TaskAttempt[] = [];
  readonly #functionIds = new Map<string, { readonly id: string; readonly code: Uint8Array }>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * @param v8Flags of TypeScript workers
   * @param folder an existing one, which it removes as well
   * @param startExecutor as an agent does, unless a test needs a part of it
   */
  static async start(
    changes: Partial<ResolvedExecutor> = {},
    v8Flags: readonly string[] = [],
    folder = Deno.makeTempDirSync({ prefix: "funcx-executor-" }),
    startExecutor: (options: LocalExecutorOptions) => Promise<Executor> = startLocalExecutor,
  ): Promise<Harness> {
    const harness = new Harness(folder);
    harness.#executor = await startExecutor({
      executor: {
        workersPerNode: 1,
        slot: { cores: null, memory: null, accelerators: 0, cpuAffinity: "none" },
        prefetch: 0,
        maxAttempts: 2,
        maxResultBytes: MAX_RESULT_BYTES,
        walltimeSeconds: null,
        idleSeconds: 600,
        mpiLauncher: null,
        provider: { type: "local" },
        link: { address: { kind: "auto" }, portRange: null, reattachSeconds: 600 },
        runtimes: {
          typescript: { permissions: NO_PERMISSIONS },
          python: { interpreter: PYTHON },
          shell: { shell: "/bin/sh" },
        },
        container: null,
        workerInit: "",
        environment: {},
        sandbox: false,
        workingFolder: join(harness.folder, "tasks"),
        ...changes,
      },
      events: {
        started: (events): void => {
          for (const { taskId, event } of events) harness.started.set(taskId, event);
          harness.changed.notify();
        },
        finished: (attempts) => harness.#take(attempts),
        output: (chunk): void => {
          harness.output.push({ ...chunk, data: chunk.data.slice() });
          harness.changed.notify();
        },
        roomForMore: () => harness.#handOver(),
      },
      stateDir: harness.folder,
      workerCommand: typescriptWorkerCommand(v8Flags),
    });
    return harness;
  }

  get executor(): Executor {
    return this.#executor;
  }

  #take(attempts: readonly FinishedAttempt[]): void {
    for (const attempt of attempts) {
      const fed = this.#fed.get(attempt.taskId);
      if (fed !== undefined && attempt.outcome.kind === "returned") {
        this.#waiting.push(fed);
        continue;
      }
      if (this.finished.has(attempt.taskId) || !this.#given.has(attempt.taskId)) {
        this.wrong.push(attempt);
      }
      this.finished.set(attempt.taskId, attempt);
    }
    this.changed.notify();
  }

  attempt(input: TaskInput): TaskAttempt {
    let known = this.#functionIds.get(input.code);
    if (known === undefined) {
      known = { id: newId(), code: encoder.encode(input.code) };
      this.#functionIds.set(input.code, known);
    }
    return {
      taskId: newId(),
      attempt: input.attempt ?? 1,
      moved: input.moved ?? 0,
      functionId: known.id,
      code: known.code,
      payload: encoder.encode(input.payload ?? jsonPayload(input.args ?? [], input.kwargs ?? {})),
      options: input.options ?? {},
    };
  }

  /** Gives tasks to the executor; @returns their ids. */
  give(...inputs: readonly TaskInput[]): TaskId[] {
    const attempts = inputs.map((input) => this.attempt(input));
    for (const { taskId } of attempts) this.#given.add(taskId);
    this.#executor.run(attempts);
    return attempts.map(({ taskId }) => taskId);
  }

  /**
   * Hands tasks over as an agent does: in order, as there is room for them, and again when they were
   * given back. @returns their ids.
   */
  feed(...inputs: readonly TaskInput[]): TaskId[] {
    const attempts = inputs.map((input) => this.attempt(input));
    for (const attempt of attempts) {
      this.#given.add(attempt.taskId);
      this.#fed.set(attempt.taskId, attempt);
    }
    this.#waiting.push(...attempts);
    this.#handOver();
    return attempts.map(({ taskId }) => taskId);
  }

  #handOver(): void {
    const room = this.#waiting.length === 0 ? 0 : this.#executor.capacity();
    if (room > 0) this.#executor.run(this.#waiting.splice(0, room));
  }

  async run(input: TaskInput): Promise<FinishedAttempt> {
    return await this.end(this.give(input)[0]!);
  }

  async runAll(inputs: readonly TaskInput[]): Promise<FinishedAttempt[]> {
    return await this.ends(this.feed(...inputs));
  }

  /** Waits until `condition` holds; it is asked at every event. */
  async until(condition: () => boolean): Promise<void> {
    for (let change = this.changed.next(); !condition(); change = this.changed.next()) await change;
  }

  async end(taskId: TaskId): Promise<FinishedAttempt> {
    await this.until(() => this.finished.has(taskId));
    return this.finished.get(taskId)!;
  }

  /** Like `end` for each, without looking at each again whenever one ends. */
  async ends(taskIds: readonly TaskId[]): Promise<FinishedAttempt[]> {
    let ended = 0;
    await this.until(() => {
      while (ended < taskIds.length && this.finished.has(taskIds[ended]!)) ended++;
      return ended === taskIds.length;
    });
    return taskIds.map((taskId) => this.finished.get(taskId)!);
  }

  async begin(taskId: TaskId): Promise<TaskEvent> {
    await this.until(() => this.started.has(taskId));
    return this.started.get(taskId)!;
  }

  /** Closes the executor and fails when a process of it is left, or a task ended twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#executor.close();
    const left = processesWith(this.folder);
    Deno.removeSync(this.folder, { recursive: true });
    if (left.length > 0) throw new Error(`processes are left: ${left.join(", ")}`);
    if (this.wrong.length > 0) throw new Error(`ended twice: ${JSON.stringify(this.wrong)}`);
    const unfinished = this.#given.difference(new Set(this.finished.keys()));
    if (unfinished.size > 0) throw new Error(`never finished: ${[...unfinished].join(", ")}`);
  }
}

/** Processes whose working folder lies in `folder`; none where there is no `/proc`. */
function processesWith(folder: string): string[] {
  try {
    return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
      try {
        return Deno.readLinkSync(`/proc/${name}/cwd`).startsWith(folder);
      } catch {
        return false;
      }
    });
  } catch {
    return [];
  }
}

const decoder = new TextDecoder();

/** The value of a successful attempt; fails with what it is otherwise. */
export function valueOf({ outcome }: FinishedAttempt): unknown {
  if (outcome.kind !== "success") throw new Error(`not a success: ${JSON.stringify(outcome)}`);
  const { result, file } = outcome;
  const text = decoder.decode(file === undefined ? result : Deno.readFileSync(file));
  if (!text.startsWith("11\n")) throw new Error(`not JSON: ${text.slice(0, 100)}`);
  return JSON.parse(text.slice(3));
}

export function errorOf({ outcome }: FinishedAttempt): TaskError {
  if (outcome.kind !== "failed" && outcome.kind !== "lost") {
    throw new Error(`no error: ${outcome.kind}`);
  }
  return outcome.error;
}

export function stdoutOf({ output }: FinishedAttempt): string {
  return decoder.decode(output.stdout);
}

export function stderrOf({ output }: FinishedAttempt): string {
  return decoder.decode(output.stderr);
}

/** Whether a process with this id is there and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}
