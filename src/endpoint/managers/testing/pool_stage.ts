/** A pool with its listener in this process, and real managers on loopback, for tests. */
import { HEADERS, jsonPayload, sourceFunction } from "../../../contract/envelope.ts";
import { newId, type TaskId } from "../../../contract/ids.ts";
import { MAX_RESULT_BYTES } from "../../../contract/limits.ts";
import type { TaskOptions } from "../../../contract/protocol/messages.ts";
import type { TaskEvent } from "../../../contract/task_state.ts";
import { withTimeout } from "../../../lib/async.ts";
import { join } from "../../../lib/path.ts";
import { selfCommand } from "../../../lib/program.ts";
import { Waiters } from "../../../lib/waiters.ts";
import type { ResolvedExecutor } from "../../../profile/schema.ts";
import type { AttemptId, ExecutorEvents, FinishedAttempt } from "../../executor/executor.ts";
import { type BlockAccess, startManagerPool } from "../start_manager_pool.ts";

/**
 * Milliseconds between heartbeats: short, so that silence is noticed within a test, and longer than a
 * process waits for its turn where many tests run.
 */
const HEARTBEAT = 1_500;
const PATIENCE = 60_000;

const encoder = new TextEncoder();

export function shell(template: string): string {
  return sourceFunction(HEADERS.shellTemplate, "command", template);
}

export function python(source: string): string {
  return sourceFunction(HEADERS.pythonSource, "f", source);
}

export function typescript(source: string): string {
  return sourceFunction(HEADERS.typescriptSource, "default", source);
}

export interface TaskInput {
  readonly code: string;
  readonly args?: readonly unknown[];
  /** Instead of `args`. */
  readonly payload?: string;
  readonly options?: TaskOptions;
  readonly attempt?: number;
  readonly taskId?: TaskId;
  readonly blobs?: Readonly<Record<string, string>>;
}

export function executorIn(
  folder: string,
  changes: Partial<ResolvedExecutor> = {},
): ResolvedExecutor {
  const off = { read: false, write: false, net: false, env: false, run: false, sys: false };
  return {
    workersPerNode: 1,
    slot: { cores: null, memory: null, accelerators: 0, cpuAffinity: "none" },
    prefetch: 0,
    maxAttempts: 2,
    maxResultBytes: MAX_RESULT_BYTES * 10,
    walltimeSeconds: null,
    idleSeconds: 600,
    mpiLauncher: null,
    provider: { type: "local" },
    link: {
      address: { kind: "address", address: "127.0.0.1" },
      portRange: null,
      reattachSeconds: 60,
    },
    runtimes: {
      typescript: { permissions: off },
      python: { interpreter: "python3" },
      shell: { shell: "/bin/sh" },
    },
    container: null,
    workerInit: "",
    environment: {},
    sandbox: false,
    workingFolder: join(folder, "tasks"),
    ...changes,
  };
}

/** A manager's process; ended with the stage. */
export class ManagerChild {
  readonly child: Deno.ChildProcess;
  readonly status: Promise<Deno.CommandStatus>;

  constructor(
    connection: string,
    nodeFolder: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ) {
    const [program, ...words] = selfCommand(["manager", "--connection", connection, ...args]);
    Deno.mkdirSync(nodeFolder, { recursive: true });
    this.child = new Deno.Command(program!, {
      args: words,
      env: { TMPDIR: nodeFolder, ...env },
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    this.status = this.child.status;
  }

  kill(signal: Deno.Signal): void {
    this.child.kill(signal);
  }
}

export class PoolStage implements AsyncDisposable {
  readonly folder: string;
  readonly finished: FinishedAttempt[] = [];
  readonly started = new Map<TaskId, TaskEvent>();
  readonly output: Parameters<ExecutorEvents["output"]>[0][] = [];
  readonly #waiters = new Waiters();
  readonly #children: ManagerChild[] = [];
  readonly #functions = new Map<string, { readonly id: string; readonly code: Uint8Array }>();
  /** Confirms ends as they come, as a task flow does after its commit. */
  keeps = true;
  access!: BlockAccess;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(options: {
    readonly executor?: Partial<ResolvedExecutor>;
    readonly folder?: string;
    readonly adopt?: readonly AttemptId[];
  } = {}): Promise<PoolStage> {
    const stage = new PoolStage(options.folder ?? Deno.makeTempDirSync({ prefix: "funcx-pool-" }));
    await stage.startPool(options.executor, options.adopt);
    return stage;
  }

  async startPool(
    executor: Partial<ResolvedExecutor> = {},
    adopt: readonly AttemptId[] = [],
  ): Promise<void> {
    this.access = await startManagerPool({
      executor: executorIn(this.folder, executor),
      events: {
        started: (events) => {
          for (const { taskId, event } of events) this.started.set(taskId, event);
          this.#waiters.check();
        },
        finished: (attempts) => {
          this.finished.push(...attempts);
          // Never within the call: a commit lies between.
          if (this.keeps) queueMicrotask(() => this.pool.kept(attempts));
          this.#waiters.check();
        },
        output: (chunk) => {
          this.output.push({ ...chunk, data: chunk.data.slice() });
          this.#waiters.check();
        },
        roomForMore: () => this.#waiters.check(),
      },
      stateDir: this.folder,
      heartbeatInterval: HEARTBEAT,
    });
    this.pool.adopt(adopt);
  }

  get pool(): BlockAccess["pool"] {
    return this.access.pool;
  }

  /** Opens the block; @returns the connection file. */
  block(blockId = "block-1", workers: number | "auto" = 2): string {
    return this.access.open(blockId, join(this.folder, "blocks", blockId), workers);
  }

  manager(
    connection = this.block(),
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): ManagerChild {
    const child = new ManagerChild(connection, join(this.folder, "node"), args, env);
    this.#children.push(child);
    return child;
  }

  /** Starts a manager and waits until it takes tasks. */
  async attached(connection?: string, args: readonly string[] = []): Promise<ManagerChild> {
    const before = this.pool.load().managers;
    const child = this.manager(connection, args);
    await this.until(() => this.pool.load().managers > before && this.pool.capacity() > 0);
    return child;
  }

  async until(holds: () => boolean): Promise<void> {
    const timer = setInterval(() => this.#waiters.check(), 20);
    const waiting = this.#waiters.when(holds);
    this.#waiters.check();
    const outcome = await withTimeout(waiting, PATIENCE);
    clearInterval(timer);
    if (outcome === "timeout") throw new Error(`${holds} did not come true`);
  }

  run(...inputs: readonly TaskInput[]): TaskId[] {
    const attempts = inputs.map((input) => {
      const { code, args = [], options = {}, attempt = 1, taskId = newId(), blobs } = input;
      const known = this.#functions.get(code) ?? { id: newId(), code: encoder.encode(code) };
      this.#functions.set(code, known);
      const payload = encoder.encode(input.payload ?? jsonPayload(args, {}));
      const made = { taskId, attempt, functionId: known.id, code: known.code, payload, options };
      return blobs === undefined ? made : { ...made, blobs };
    });
    this.pool.run(attempts);
    return attempts.map(({ taskId }) => taskId);
  }

  async ends(taskIds: readonly TaskId[]): Promise<FinishedAttempt[]> {
    const ended = (taskId: TaskId): FinishedAttempt | undefined =>
      this.finished.find((attempt) => attempt.taskId === taskId);
    await this.until(() => taskIds.every((taskId) => ended(taskId) !== undefined));
    return taskIds.map((taskId) => ended(taskId)!);
  }

  async end(taskId: TaskId): Promise<FinishedAttempt> {
    return (await this.ends([taskId]))[0]!;
  }

  async begin(taskId: TaskId): Promise<void> {
    await this.until(() => this.started.has(taskId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    for (const child of this.#children) {
      const outcome = await withTimeout(child.status, 30_000);
      if (outcome === "timeout") child.kill("SIGKILL");
      await child.status;
      if (outcome === "timeout") throw new Error("a manager did not end with its agent");
    }
    Deno.removeSync(this.folder, { recursive: true });
    const told = this.finished.filter(({ outcome }) => outcome.kind !== "returned");
    const ids = told.map(({ taskId, attempt }) => `${taskId} ${attempt}`);
    if (new Set(ids).size !== ids.length) throw new Error("an attempt ended twice");
  }
}
