/** Typed calls of the service's REST API. */
import * as v from "valibot";
import {
  type Answer,
  type EndpointRecord,
  type FinishedTask,
  type FollowEvent,
  type FunctionRecord,
  type FunctionSummary,
  type Health,
  type LiveEvent,
  LiveEventSchema,
  type LiveInterest,
  type Query,
  type RegisterFunction,
  ResultsEventSchema,
  type RouteName,
  type Submit,
  type SubmitAnswer,
  type TaskDetail,
  type TaskStatus,
  type TaskSummary,
  type TokenRecord,
} from "../contract/api.ts";
import { FuncxError } from "../contract/errors.ts";
import type { EndpointId, FunctionId, TaskGroupId, TaskId } from "../contract/ids.ts";
import type { OnProgress } from "../contract/blob_transfer.ts";
import { INLINE_BYTES, MAX_PAGE_SIZE, MAX_PAYLOAD_BYTES } from "../contract/limits.ts";
import { blobRequests } from "./blob_requests.ts";
import { Blobs } from "./blobs.ts";
import {
  type BodyEncoding,
  type CallInput,
  type CallOptions,
  checkAnswer,
  requestOf,
} from "./call.ts";
import {
  eventStream,
  type EventStreamOptions,
  type ServerEvent,
  type ServerEvents,
} from "./event_stream.ts";
import { followEvents } from "./follow.ts";
import {
  type FunctionHandle,
  type FunctionSource,
  inContainer,
  sourceOf,
  type TaskFunction,
} from "./functions.ts";
import { signatureOf } from "./signature/signature.ts";
import { type OpenAnswer, Transport, type TransportOptions } from "./transport.ts";

export interface ClientOptions extends TransportOptions {
  /** Of request and answer bodies; JSON by default, which is the faster one in JavaScript. */
  readonly encoding?: BodyEncoding;
  /** Arguments above so many bytes go as blobs; `INLINE_BYTES` by default. */
  readonly inlineBytes?: number;
  /** Told of each chunk of an upload. */
  readonly onUpload?: OnProgress;
}

/** Results of a task group that came together. */
export interface ResultBatch {
  readonly tasks: readonly FinishedTask[];
  /** Where the stream goes on after them; the option `after` of another `results`. */
  readonly position: string;
}

export interface RegisterOptions extends CallOptions {
  /** Of the registration; by default that of the function. */
  readonly name?: string;
  readonly description?: string;
  /** Everybody who has a token of the service may see and run it. */
  readonly public?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Image of the container that it runs in; see {@link inContainer}. */
  readonly container?: string;
}

/**
 * A service, as one user. Every method rejects with a {@link FuncxError}: the service's own code,
 * message and hint; `SERVICE_UNAVAILABLE` or `TIMED_OUT` when it gave no answer. What may be repeated
 * is repeated by itself, see {@link TransportOptions.patience}.
 *
 * It holds no connection between calls and needs no closing.
 */
export class Client {
  readonly #transport: Transport;
  readonly #encoding: BodyEncoding;
  /** Large arguments and results. */
  readonly blobs: Blobs;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
    this.#encoding = options.encoding ?? "json";
    this.blobs = new Blobs(blobRequests(this.#transport), {
      inlineBytes: Math.min(options.inlineBytes ?? INLINE_BYTES, MAX_PAYLOAD_BYTES),
      onProgress: options.onUpload,
    });
  }

  /** Base URL of the service, without a slash at its end. */
  get url(): string {
    return this.#transport.url;
  }

  /** Calls any route of the API by its name in `contract/api.ts`. */
  async call<N extends RouteName>(name: N, input: CallInput<N>): Promise<Answer<N>> {
    const request = await requestOf(name, input, this.#encoding);
    return checkAnswer(name, this.url, await this.#transport.send(request));
  }

  // -- the service ----------------------------------------------------------------------------

  health(options: CallOptions & { readonly nonce?: string } = {}): Promise<Health> {
    const { nonce, ...rest } = options;
    return this.call("health", { ...rest, query: { nonce } });
  }

  whoAmI(options: CallOptions = {}): Promise<Answer<"whoAmI">> {
    return this.call("whoAmI", options);
  }

  stats(options: CallOptions = {}): Promise<Answer<"stats">> {
    return this.call("stats", options);
  }

  tokens(options: CallOptions = {}): Promise<readonly TokenRecord[]> {
    return this.call("listTokens", options);
  }

  // -- functions ------------------------------------------------------------------------------

  registerFunction(body: RegisterFunction, options: CallOptions = {}): Promise<FunctionId> {
    return this.call("registerFunction", { ...options, body }).then((answer) =>
      answer.function_uuid
    );
  }

  /**
   * Registers a TypeScript or JavaScript function, or what `python`, `shell` and `typescript` made;
   * see {@link sourceOf} for what of a function is sent. What it takes is told along with it, as far as
   * its source says so.
   */
  async register(
    fn: TaskFunction | FunctionSource,
    options: RegisterOptions = {},
  ): Promise<FunctionHandle> {
    const { name, description, metadata, public: isPublic, container, ...rest } = options;
    const plain = typeof fn === "function" ? sourceOf(fn) : fn;
    const source = container === undefined ? plain : inContainer(plain, container);
    const functionId = await this.registerFunction({
      function_name: name ?? source.name,
      function_code: source.code,
      description,
      public: isPublic,
      meta: metadata,
      parameters: signatureOf(source),
    }, rest);
    return { functionId, name: name ?? source.name };
  }

  /** Functions that the viewer may use, newest first. */
  functions(query: Query<"listFunctions"> = {}): AsyncGenerator<FunctionSummary> {
    return this.#pages((cursor) =>
      this.call("listFunctions", { query: { limit: MAX_PAGE_SIZE, ...query, cursor } })
    );
  }

  function(functionId: FunctionId, options: CallOptions = {}): Promise<FunctionRecord> {
    return this.call("getFunction", { ...options, params: { function_id: functionId } });
  }

  async deleteFunction(functionId: FunctionId, options: CallOptions = {}): Promise<void> {
    await this.call("deleteFunction", { ...options, params: { function_id: functionId } });
  }

  // -- endpoints ------------------------------------------------------------------------------

  /** Endpoints that the viewer may use, by name. */
  endpoints(query: Query<"listEndpoints"> = {}): AsyncGenerator<EndpointRecord> {
    return this.#pages((cursor) =>
      this.call("listEndpoints", { query: { limit: MAX_PAGE_SIZE, ...query, cursor } })
    );
  }

  endpoint(endpointId: EndpointId, options: CallOptions = {}): Promise<EndpointRecord> {
    return this.call("getEndpoint", { ...options, params: { endpoint_id: endpointId } });
  }

  // -- tasks ----------------------------------------------------------------------------------

  /**
   * Submits tasks; when it resolves they are on the service's disk. It is repeated under one
   * idempotency key, so the tasks are submitted once however often the connection breaks.
   */
  submit(
    endpointId: EndpointId,
    body: Submit,
    options: CallOptions & { readonly idempotencyKey?: string } = {},
  ): Promise<SubmitAnswer> {
    const { idempotencyKey = crypto.randomUUID(), ...rest } = options;
    return this.call("submit", {
      ...rest,
      params: { endpoint_id: endpointId },
      body,
      idempotencyKey,
    });
  }

  /** State of one task, with its result once it has one. */
  task(taskId: TaskId, options: CallOptions = {}): Promise<TaskStatus> {
    return this.call("getTask", { ...options, params: { task_id: taskId } });
  }

  /** All that is known of a task: timeline, output, result. */
  taskDetail(taskId: TaskId, options: CallOptions = {}): Promise<TaskDetail> {
    return this.call("taskDetail", { ...options, params: { task_id: taskId } });
  }

  /** The viewer's tasks, newest first. */
  tasks(query: Query<"listTasks"> = {}): AsyncGenerator<TaskSummary> {
    return this.#pages((cursor) =>
      this.call("listTasks", { query: { limit: MAX_PAGE_SIZE, ...query, cursor } })
    );
  }

  /** Asks tasks to end. Those that are finished stay as they are and are named in the answer. */
  cancel(
    taskIds: readonly TaskId[],
    options: CallOptions = {},
  ): Promise<Answer<"cancelTasks">> {
    return this.call("cancelTasks", { ...options, body: { task_ids: [...taskIds] } });
  }

  /**
   * States, output and end of one task, live. It ends after `finished`; a connection that breaks is
   * opened again and what was given out before is left out. With `onAway` it outlasts a service that
   * has answered before and is away for longer than `patience`; that is told each time that so long
   * has passed.
   */
  follow(
    taskId: TaskId,
    { onAway, ...options }: CallOptions & Pick<EventStreamOptions, "onAway"> = {},
  ): AsyncGenerator<FollowEvent> {
    const input = { ...options, params: { task_id: taskId } };
    return followEvents(this.#events("followTask", input, { onAway: this.#whenReached(onAway) }));
  }

  /** How a task ended, once it has; with a large result in its place. */
  async wait(taskId: TaskId, options: CallOptions = {}): Promise<FinishedTask> {
    for await (const event of this.follow(taskId, options)) {
      if (event.event === "finished") return await this.blobs.withResult(event.data);
    }
    throw new Error("a follow stream ended without its last event");
  }

  /**
   * Results of a task group in the order in which its tasks finished, pushed as they come. It goes
   * on until the loop is left or `signal` is aborted; a connection that breaks is opened again where
   * it ended. `onAway` is that of {@link follow}.
   */
  async *results(
    taskGroupId: TaskGroupId,
    { after, onAway, ...options }:
      & CallOptions
      & { readonly after?: string }
      & Pick<EventStreamOptions, "onAway"> = {},
  ): AsyncGenerator<ResultBatch> {
    const input = { ...options, params: { task_group_id: taskGroupId } };
    const stream = { lastEventId: after, onAway: this.#whenReached(onAway) };
    for await (const { events } of this.#events("groupResults", input, stream)) {
      for (const event of events) {
        if (event.event !== "results" || event.id === undefined) continue;
        yield { tasks: parseResults(event.data, this.url), position: event.id };
      }
    }
  }

  // -- live -----------------------------------------------------------------------------------

  /**
   * What `interest` names, whenever it changes; all of it first, and again after each lost
   * connection, which is told by a greater `connection`. Leave the loop or abort `signal` to end it.
   */
  async *live(
    interest: LiveInterest,
    { onBreak, ...options }: CallOptions & Pick<EventStreamOptions, "onBreak"> = {},
  ): AsyncGenerator<{ readonly events: readonly LiveEvent[]; readonly connection: number }> {
    const input = { ...options, body: interest };
    for await (const { events, connection } of this.#events("live", input, { onBreak })) {
      yield { events: events.map((event) => parseLive(event, this.url)), connection };
    }
  }

  // -- inside ---------------------------------------------------------------------------------

  #events<N extends "followTask" | "groupResults" | "live">(
    name: N,
    input: CallInput<N>,
    options: Pick<EventStreamOptions, "lastEventId" | "onBreak" | "onAway"> = {},
  ): AsyncGenerator<ServerEvents> {
    const open = async (last: string | undefined): Promise<OpenAnswer> => {
      const request = await requestOf(name, input, this.#encoding);
      const headers = last === undefined
        ? request.headers
        : { ...request.headers, "last-event-id": last };
      return await this.#transport.open({ ...request, headers });
    };
    return eventStream({ ...options, open, signal: input.signal });
  }

  /** A service that never answered may not exist: that is an error, and is thrown. */
  #whenReached(onAway: EventStreamOptions["onAway"]): EventStreamOptions["onAway"] {
    return onAway && ((error) => {
      if (!this.#transport.reached) throw error;
      onAway(error);
    });
  }

  /** A reader who takes more than one page wants many: each is then asked for while the last is read. */
  async *#pages<T>(load: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
    let ahead: Promise<Page<T>> | undefined;
    let { items, next_cursor } = await load(undefined);
    for (;;) {
      yield* items;
      if (next_cursor === null) return;
      ({ items, next_cursor } = await (ahead ?? load(next_cursor)));
      ahead = next_cursor === null ? undefined : load(next_cursor);
      // Nobody may come for it.
      ahead?.catch(() => {});
    }
  }
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

function parseLive({ event, data }: ServerEvent, url: string): LiveEvent {
  try {
    return v.parse(LiveEventSchema, { event, data: JSON.parse(data) });
  } catch (thrown) {
    throw new FuncxError({
      code: "PROTOCOL_VIOLATION",
      message: `${url} sent an event that this client does not understand`,
      hint: "check that service and client are of like versions",
    }, { cause: thrown });
  }
}

function parseResults(data: string, url: string): FinishedTask[] {
  try {
    return v.parse(ResultsEventSchema, JSON.parse(data));
  } catch (thrown) {
    throw new FuncxError({
      code: "PROTOCOL_VIOLATION",
      message: `${url} sent results that this client does not understand`,
      hint: "check that service and client are of like versions",
    }, { cause: thrown });
  }
}
