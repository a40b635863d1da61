/** Runs functions on an endpoint and brings their results back. */
import type { EndpointId, TaskGroupId } from "../contract/ids.ts";
import { BLOB_CHUNK_BYTES, MAX_TASKS_PER_SUBMIT } from "../contract/limits.ts";
import { resultBlob } from "./blobs.ts";
import type { Client } from "./client.ts";
import { Dispatcher } from "./dispatcher.ts";
import { FunctionRegistry, type RemoteFunction } from "./function_registry.ts";
import { inOrder, type OrderedTask } from "./in_order.ts";
import {
  type Ending,
  futureOf,
  isLarge,
  PendingTask,
  settledOf,
  type TaskFuture,
  valueOf,
} from "./pending_task.ts";

export interface ExecutorOptions {
  /** Groups the tasks in lists; a new one by default. */
  readonly taskGroupId?: TaskGroupId;
  /** Tasks of one request; 1,000 by default, at most `MAX_TASKS_PER_SUBMIT`. */
  readonly batchSize?: number;
  /** Milliseconds to gather tasks while a request is on its way; 1 by default. */
  readonly linger?: number;
  /** How often a task may be tried when what runs it is lost; by default as the endpoint has it. */
  readonly maxAttempts?: number;
  /** Seconds after which a task that runs is ended. */
  readonly walltimeSeconds?: number;
  /** -100 to 100, 0 by default: higher first, among the tasks of the same owner. */
  readonly priority?: number;
  /** Forwarded to the endpoint: num_nodes, cores, memory … */
  readonly resourceSpecification?: Record<string, unknown>;
}

export interface MapOptions {
  /** Tasks on their way or waiting to be given out; 5,000 by default. */
  readonly window?: number;
  /** Bytes that results may take which wait to be given out, about; 256 MiB by default. */
  readonly windowBytes?: number;
}

/** Arguments of one call. */
export interface CallArguments {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

const DEFAULT_BATCH_SIZE = 1_000;
const DEFAULT_LINGER = 1;
/** Large results that `map` holds before they are asked for. */
const AHEAD_BYTES = 2 * BLOB_CHUNK_BYTES;
const DEFAULT_WINDOW = 5_000;
const DEFAULT_WINDOW_BYTES = 256 * 1024 * 1024;
const MAX_PENDING = 10_000;

type Items<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Submits tasks to one endpoint in batches and gets their results pushed over one stream, which goes
 * on where it ended when the connection breaks.
 *
 * A function of this program is sent as its source and registered at its first use; see `sourceOf`
 * for what that means for the variables around it. Arguments and results are JSON values; arguments
 * that are not make the task's promise reject with `INPUT_INVALID`.
 *
 * ```ts
 * await using executor = new Executor(client, endpointId);
 * console.log(await executor.submit((x: number) => x * 2, 21));
 * for await (const square of executor.map((x: number) => x * x, [1, 2, 3])) console.log(square);
 * ```
 *
 * Leaving the block of `await using` waits for all tasks, as Python's executors do; call
 * `close({ cancel: true })` to end them instead.
 */
export class Executor implements AsyncDisposable {
  readonly endpointId: EndpointId;
  readonly taskGroupId: TaskGroupId;
  readonly #client: Client;
  readonly #dispatcher: Dispatcher;
  readonly #functions: FunctionRegistry;
  #closed = false;

  constructor(client: Client, endpointId: EndpointId, options: ExecutorOptions = {}) {
    this.endpointId = endpointId;
    this.taskGroupId = options.taskGroupId ?? crypto.randomUUID();
    this.#client = client;
    this.#functions = new FunctionRegistry(client);
    this.#dispatcher = new Dispatcher({
      client,
      endpointId,
      taskGroupId: this.taskGroupId,
      taskOptions: {
        max_attempts: options.maxAttempts,
        walltime_seconds: options.walltimeSeconds,
        priority: options.priority,
        resource_specification: options.resourceSpecification,
      },
      batchSize: Math.min(options.batchSize ?? DEFAULT_BATCH_SIZE, MAX_TASKS_PER_SUBMIT),
      linger: options.linger ?? DEFAULT_LINGER,
    });
  }

  /** Runs `fn(...args)` on the endpoint. It never throws; the promise rejects. */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): TaskFuture<Awaited<R>>;
  submit<R = unknown>(fn: Exclude<RemoteFunction, Callable>, ...args: unknown[]): TaskFuture<R>;
  submit(fn: RemoteFunction, ...args: unknown[]): TaskFuture<unknown> {
    return this.apply(fn, args);
  }

  /** The same with keyword arguments, for Python functions and the fields of shell templates. */
  apply<R = unknown>(
    fn: RemoteFunction,
    args: readonly unknown[] = [],
    kwargs: Readonly<Record<string, unknown>> = {},
  ): TaskFuture<R> {
    const task = this.#start(fn, args, kwargs);
    return futureOf<R>(task, (ending) => this.#whole(ending), () => {
      const told = this.#dispatcher.cancel(task);
      told.catch(() => {});
      return told;
    });
  }

  /**
   * Runs `fn(item)` for each item and gives the results in the order of the items. Items are read as
   * the results are taken, so there may be any number of them. The first error ends it, and the
   * tasks that were not waited for are cancelled, as they are when the loop is left.
   */
  map<I, R>(fn: (item: I) => R, items: Items<I>, options?: MapOptions): AsyncGenerator<Awaited<R>>;
  map<R = unknown>(
    fn: Exclude<RemoteFunction, Callable>,
    items: Items<unknown>,
    options?: MapOptions,
  ): AsyncGenerator<R>;
  async *map(
    fn: RemoteFunction,
    items: Items<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<unknown> {
    for await (const ending of this.#inOrder(items, (item) => this.#start(fn, [item]), options)) {
      yield valueOf(ending);
    }
  }

  /**
   * Runs `fn` once for each item, with the arguments that `call` makes of it, and gives what became
   * of it, in the order of the items; a task that failed does not end it. A `reason` is what
   * {@link TaskFuture} rejects with, or what `call` threw.
   */
  async *mapSettled<I, R = unknown>(
    fn: RemoteFunction,
    items: Items<I>,
    call: (item: I) => CallArguments,
    options: MapOptions = {},
  ): AsyncGenerator<PromiseSettledResult<R>> {
    const start = (item: I): PendingTask => this.#startWith(fn, () => call(item));
    for await (const ending of this.#inOrder(items, start, options)) {
      yield settledOf<R>(ending);
    }
  }

  /** Resolves when fewer than 10,000 tasks have not ended: await it when you submit in a loop. */
  room(): Promise<void> {
    return this.#dispatcher.fewerThan(MAX_PENDING);
  }

  /**
   * Waits for all tasks and ends the result stream. With `cancel` it asks them to end instead, and
   * waits only until the service knows: an endpoint may be away for long.
   */
  async close(options: { readonly cancel?: boolean } = {}): Promise<void> {
    this.#closed = true;
    if (options.cancel) await this.#dispatcher.abandon();
    else await this.#dispatcher.fewerThan(1);
    this.#dispatcher.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(
    fn: RemoteFunction,
    args: readonly unknown[],
    kwargs?: Readonly<Record<string, unknown>>,
  ): PendingTask {
    return this.#startWith(fn, () => ({ args, kwargs }));
  }

  #startWith(fn: RemoteFunction, call: () => CallArguments): PendingTask {
    try {
      if (this.#closed) throw new Error("the executor is closed");
      const { args = [], kwargs = {} } = call();
      // First, since a function that is being registered has to be waited for.
      const payload = this.#client.blobs.payload(args, kwargs);
      return this.#dispatcher.start(this.#functions.idOf(fn), payload);
    } catch (error) {
      const task = new PendingTask();
      task.finish({ kind: "error", error });
      return task;
    }
  }

  /** With a large result in its place: only when it is wanted, since it takes memory. */
  async #whole(ending: Ending): Promise<Ending> {
    if (ending.kind === "error") return ending;
    try {
      return { kind: "finished", task: await this.#client.blobs.withResult(ending.task) };
    } catch (error) {
      return { kind: "error", error };
    }
  }

  async *#inOrder<I>(
    items: Items<I>,
    start: (item: I) => PendingTask,
    options: MapOptions,
  ): AsyncGenerator<Ending> {
    const limits = {
      tasks: options.window ?? DEFAULT_WINDOW,
      bytes: options.windowBytes ?? DEFAULT_WINDOW_BYTES,
    };
    let ahead = 0;
    // While the caller is busy with one result, the next ones come, as far as they take little memory.
    const fetchAhead = async (ending: Ending): Promise<Fetched> => {
      const bytes = largeBytes(ending);
      if (bytes === 0 || ahead + bytes > AHEAD_BYTES) return { ending, bytes: 0 };
      ahead += bytes;
      return { ending: await this.#whole(ending), bytes };
    };
    const startOrdered = (item: I): OrderedTask<Fetched> => {
      const task = start(item);
      return {
        room: this.#client.blobs.room(),
        outcome: task.ended.then(async (ending) => ({
          value: await fetchAhead(ending),
          bytes: bytesOf(ending),
        })),
        cancel: () => void this.#dispatcher.cancel(task).catch(() => {}),
      };
    };
    for await (const { ending, bytes } of inOrder(items, startOrdered, limits)) {
      ahead -= bytes;
      yield isLarge(ending) ? await this.#whole(ending) : ending;
    }
  }
}

// deno-lint-ignore no-explicit-any -- every function
type Callable = (...args: any[]) => any;

/** An outcome, and the bytes of a large result that were fetched for it ahead. */
interface Fetched {
  readonly ending: Ending;
  readonly bytes: number;
}

/** Of a result that is kept as a blob; 0 for another one, and for one that cannot be fetched. */
function largeBytes(ending: Ending): number {
  if (ending.kind === "error") return 0;
  try {
    return resultBlob(ending.task)?.size ?? 0;
  } catch {
    // Whoever asks for the result is told.
    return 0;
  }
}

/** What a result takes in memory, about. */
function bytesOf(ending: Ending): number {
  if (ending.kind === "error") return 0;
  const { result = "", stdout = "", stderr = "" } = ending.task;
  return result.length + stdout.length + stderr.length;
}
