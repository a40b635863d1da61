/**
 * A session between welcome and close: credits, heartbeats, results.
 *
 * 1. A result is acknowledged only after it is on disk. When it cannot be stored, the session ends,
 *    and the endpoint sends it again in the next one.
 */
import type { EndpointId, TaskId } from "../../contract/ids.ts";
import { DEFAULT_RESULT_CREDITS, MAX_BATCH_ITEMS, TASKS_IN_FLIGHT } from "../../contract/limits.ts";
import { ReceiveWindow, SendWindow } from "../../contract/protocol/ack_window.ts";
import type {
  EndpointMessage,
  EndpointStatus,
  Hello,
  Output,
  Results,
  ServiceMessage,
} from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Store } from "../store/store.ts";
import { Dispatcher, type TaskRange } from "./dispatch.ts";
import type { Heartbeats, SessionHeartbeat } from "./heartbeats.ts";
import { Inventory } from "./inventory.ts";
import { answersNoLogs, LogRequests } from "./log_requests.ts";

const log = logger("service", "hub");

/** Milliseconds between two writes of when a connected endpoint was heard last. */
const LAST_SEEN_INTERVAL = 600_000;

export interface ServingOptions {
  readonly endpointId: EndpointId;
  readonly hello: Hello;
  readonly store: Store;
  readonly heartbeats: Heartbeats;
  readonly now: () => number;
  /** Milliseconds that the agent has for a look into its log; the default is that of the contract. */
  readonly logTimeout?: number;
  readonly send: (message: ServiceMessage) => void;
  /** An encoded message. */
  readonly sendFrame: (frame: Uint8Array<ArrayBuffer>) => void;
  readonly events: ServingEvents;
}

export interface ServingEvents {
  progressed(taskIds: readonly TaskId[]): void;
  output(chunks: Output["chunks"]): void;
  /** A new status is known. */
  status(): void;
  /** The peer broke the protocol. */
  violation(reason: string): void;
  /** The session has to end; the endpoint comes back. */
  giveUp(reason: string): void;
  /** The endpoint took its leave. */
  left(reason: string): void;
  silent(milliseconds: number): void;
}

export class Serving {
  readonly hello: Hello;
  readonly #options: ServingOptions;
  readonly #tasks: SendWindow;
  readonly #results = new ReceiveWindow(DEFAULT_RESULT_CREDITS);
  readonly #heartbeat: SessionHeartbeat;
  readonly #dispatcher: Dispatcher;
  readonly #inventory: Inventory;
  readonly #logs: LogRequests;
  #status: EndpointStatus;
  #lastSeenWritten: number;
  #started = false;

  constructor(options: ServingOptions) {
    const { endpointId, hello, store, heartbeats, now, send, events } = options;
    this.#options = options;
    this.hello = hello;
    this.#status = hello.status;
    this.#lastSeenWritten = now();
    this.#tasks = new SendWindow(Math.min(hello.task_credits, TASKS_IN_FLIGHT));
    this.#dispatcher = new Dispatcher({
      endpointId,
      queue: store.queue,
      window: this.#tasks,
      send,
    });
    this.#logs = new LogRequests(send, options.logTimeout);
    this.#inventory = new Inventory({
      endpointId,
      queue: store.queue,
      now,
      ask: (task_ids) => send({ type: "held", task_ids: [...task_ids] }),
      requeued: () => this.wake(),
    });
    this.#heartbeat = heartbeats.start({
      send: options.sendFrame,
      silent: (milliseconds) => events.silent(milliseconds),
    });
  }

  /** As of the last heartbeat. */
  get status(): EndpointStatus {
    return this.#status;
  }

  /** When the endpoint was heard last, by about a second; milliseconds since 1970. */
  get heardAt(): number {
    return this.#heartbeat.heardAt;
  }

  /** See {@link Dispatcher.reserve}. */
  reserve(count: number): boolean {
    return this.#dispatcher.reserve(count);
  }

  unreserve(count: number): void {
    this.#dispatcher.unreserve(count);
  }

  /** See {@link Dispatcher.submitted}. */
  submitted(tasks: TaskRange): void {
    if (this.#started) this.#dispatcher.submitted(tasks);
  }

  /** Sends what waits: cancels first, which may save tasks. No task is sent before this. */
  async start(): Promise<void> {
    await this.#repeatCancels();
    this.#started = true;
    this.wake();
  }

  /** Asks an endpoint that can answer what it still has; resolves when all of it was asked. */
  async takeInventory(): Promise<void> {
    if (this.hello.answers_held === true) await this.#inventory.take();
  }

  wake(): void {
    if (this.#started) this.#dispatcher.wake();
  }

  #roomFreed(): void {
    if (this.#started) this.#dispatcher.roomFreed();
  }

  cancel(taskIds: readonly TaskId[]): void {
    for (const task_ids of parts(taskIds)) this.#options.send({ type: "cancel", task_ids });
  }

  /** The last lines of the agent's log; see {@link LogRequests.ask}. */
  log(lines: number): Promise<readonly string[]> {
    if (this.hello.answers_logs !== true) return Promise.reject(answersNoLogs());
    return this.#logs.ask(lines);
  }

  follow(taskIds: readonly TaskId[], on: boolean): void {
    for (const task_ids of parts(taskIds)) this.#options.send({ type: "follow", task_ids, on });
  }

  /** Resolves to the positions of tasks that are marked as perhaps sent and never were. */
  stop(): Promise<readonly number[]> {
    this.#heartbeat.stop();
    this.#inventory.stop();
    this.#logs.stop();
    return this.#dispatcher.stop();
  }

  heard(): void {
    this.#heartbeat.heard();
  }

  received(message: EndpointMessage): void {
    const { endpointId, store, events, now } = this.#options;
    switch (message.type) {
      case "task_ack":
        store.queue.accepted(endpointId, this.#tasks.acknowledged(message.task_ids), now());
        return this.#roomFreed();
      case "task_events":
        store.queue.progressed(endpointId, message.events);
        return events.progressed(message.events.map(({ task_id }) => task_id));
      case "results":
        return this.#finished(message);
      case "missing":
        return this.#inventory.answered(message.task_ids);
      case "log_lines":
        return this.#logs.answered(message);
      case "output":
        return events.output(message.chunks);
      case "heartbeat":
        return this.#heardStatus(message.status);
      case "goodbye":
        return events.left(message.reason);
      case "hello":
        return events.violation("a second hello");
    }
  }

  #finished({ results }: Results): void {
    const { endpointId, store, events, now, send } = this.#options;
    if (!this.#results.received(results.length)) {
      return events.violation("more unacknowledged results than were granted");
    }
    const taskIds = results.map(({ task_id }) => task_id);
    // Whoever has finished a task had it.
    this.#tasks.acknowledged(taskIds);
    store.queue.finished(endpointId, results, now()).then(
      () => {
        this.#results.acknowledge(results.length);
        send({ type: "result_ack", task_ids: taskIds });
        this.#roomFreed();
      },
      (thrown) => events.giveUp(`results cannot be stored now: ${messageOf(thrown)}`),
    );
  }

  #heardStatus(status: EndpointStatus | undefined): void {
    const { endpointId, store, now, events } = this.#options;
    if (status !== undefined) {
      this.#status = status;
      events.status();
    }
    if (this.#started) this.#dispatcher.retry();
    if (now() - this.#lastSeenWritten < LAST_SEEN_INTERVAL) return;
    this.#lastSeenWritten = now();
    store.endpoints.seen(endpointId, now()).catch((thrown) =>
      log.warning("last_seen was not stored: {reason}", { reason: messageOf(thrown) })
    );
  }

  /** Those that were asked for while the endpoint was away, or that it may have missed. */
  async #repeatCancels(): Promise<void> {
    const { endpointId, store } = this.#options;
    const limit = MAX_BATCH_ITEMS;
    for (let after = 0;;) {
      const requests = await store.queue.cancelRequests({ endpointId, after, limit });
      this.cancel(requests.map(({ taskId }) => taskId));
      if (requests.length < limit) return;
      after = requests[requests.length - 1]!.position;
    }
  }
}

function* parts(taskIds: readonly TaskId[]): Generator<TaskId[]> {
  for (let start = 0; start < taskIds.length; start += MAX_BATCH_ITEMS) {
    yield taskIds.slice(start, start + MAX_BATCH_ITEMS);
  }
}
