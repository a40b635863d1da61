/**
 * All connected endpoints. Routes tell it what was stored, and ask it what is connected.
 *
 * 1. An endpoint has at most one session; a newer connection of the same agent replaces it.
 * 2. A session sends nothing before the one before it has put away what it did not send.
 */
import type { FollowEvent } from "../../contract/api.ts";
import type { EndpointId, TaskId } from "../../contract/ids.ts";
import { reject } from "../../contract/protocol/handshake.ts";
import { heartbeatOptions } from "../../contract/protocol/heartbeat.ts";
import type { EndpointStatus, Hello, Reject } from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { finishedTask } from "../routes/shapes.ts";
import type { Cancellation, Store, TaskDetailRow } from "../store/store.ts";
import { Follower, Followers } from "./follow.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { TaskRange } from "./dispatch.ts";
import { endpointOffline } from "./log_requests.ts";
import type { Serving } from "./serving.ts";
import { type OpenLink, SocketLink } from "./link.ts";
import { Session, type SessionEvents, type SessionRest } from "./session.ts";

const log = logger("service", "hub");

export interface HubOptions {
  readonly store: Store;
  /** Milliseconds between heartbeats; the default is that of the contract. */
  readonly heartbeatInterval?: number;
  readonly handshakeTimeout?: number;
  /** Bytes that may wait for an endpoint that does not read; the default is that of the contract. */
  readonly maximumBacklog?: number;
  /** Milliseconds that an agent has for a look into its log; the default is that of the contract. */
  readonly logTimeout?: number;
  readonly now?: () => number;
}

/** What a submit was told of its tasks before they were stored. */
export interface Reservation {
  /** The state to store them in: `received` when they are sent at once. */
  readonly state: "received" | "waiting-for-ep";
  /** Call it when the tasks are queued, or with undefined when none were; the first call counts. */
  settle(stored: TaskRange | undefined): void;
}

export class Hub {
  readonly #store: Store;
  readonly #heartbeats: Heartbeats;
  readonly #handshakeTimeout: number | undefined;
  readonly #maximumBacklog: number | undefined;
  readonly #logTimeout: number | undefined;
  readonly #now: () => number;
  /** Of admitted sessions. */
  readonly #sessions = new Map<EndpointId, Session>();
  /** Also those that have not said hello. */
  readonly #open = new Set<Session>();
  /** What is still to be put away for endpoints whose sessions ended. */
  readonly #ending = new Map<EndpointId, Promise<void>>();
  /** When those were heard last whose sessions ended, until the store has it. */
  readonly #left = new Map<EndpointId, number>();
  /** The agent of each endpoint that has said what it has, as its `instance_id`. */
  readonly #known = new Map<EndpointId, string>();
  readonly #followers = new Followers();
  readonly #listeners = new Set<() => void>();
  readonly #statusListeners = new Set<(endpointId: EndpointId) => void>();
  #closed = false;

  constructor(options: HubOptions) {
    this.#store = options.store;
    this.#handshakeTimeout = options.handshakeTimeout;
    this.#maximumBacklog = options.maximumBacklog;
    this.#logTimeout = options.logTimeout;
    this.#now = options.now ?? Date.now;
    this.#heartbeats = new Heartbeats(heartbeatOptions(options.heartbeatInterval), this.#now);
  }

  /** Takes over a socket that was upgraded for an endpoint whose token was checked. */
  accept(socket: WebSocket, endpointId: EndpointId): void {
    this.connect(endpointId, (events) => new SocketLink(socket, events, this.#maximumBacklog));
  }

  /** The same of any link, of whatever speaks for an endpoint. */
  connect(endpointId: EndpointId, link: OpenLink): void {
    const session = new Session({
      link,
      endpointId,
      store: this.#store,
      events: this.#sessionEvents,
      heartbeats: this.#heartbeats,
      handshakeTimeout: this.#handshakeTimeout,
      logTimeout: this.#logTimeout,
      now: this.#now,
    });
    this.#open.add(session);
  }

  /** Says goodbye to all endpoints; resolves when what they leave behind is stored. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#open]) session.goodbye("the service is stopping");
    await Promise.all(this.#ending.values());
  }

  // -- what is connected ----------------------------------------------------------------------------

  isOnline(endpointId: EndpointId): boolean {
    return this.#sessions.has(endpointId);
  }

  /** Those that are connected. */
  online(): Iterable<EndpointId> {
    return this.#sessions.keys();
  }

  get onlineCount(): number {
    return this.#sessions.size;
  }

  /** As of its last heartbeat; undefined when it is offline. */
  status(endpointId: EndpointId): EndpointStatus | undefined {
    return this.#sessions.get(endpointId)?.serving?.status;
  }

  /**
   * When an endpoint was heard last, by about a second, milliseconds since 1970; undefined when the
   * store knows it.
   */
  heardAt(endpointId: EndpointId): number | undefined {
    return this.#servingOf(endpointId)?.heardAt ?? this.#left.get(endpointId);
  }

  /** Calls `listener` when an endpoint comes or goes. Returns the end of it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Calls `listener` when an endpoint comes, goes, or says how busy it is. Returns the end of it.
   * Must not throw.
   */
  onStatus(listener: (endpointId: EndpointId) => void): () => void {
    this.#statusListeners.add(listener);
    return () => {
      this.#statusListeners.delete(listener);
    };
  }

  // -- what was stored --------------------------------------------------------------------------------

  /** For a submit of `count` tasks. */
  reserve(endpointId: EndpointId, count: number): Reservation {
    const serving = this.#servingOf(endpointId);
    const isReserved = serving?.reserve(count) === true;
    let isSettled = false;
    const settle = (stored: TaskRange | undefined): void => {
      if (isSettled) return;
      isSettled = true;
      if (isReserved) serving.unreserve(count);
      if (stored === undefined) return;
      if (isReserved) this.#submitted(endpointId, stored);
      else this.#servingOf(endpointId)?.wake();
    };
    return { state: isReserved ? "received" : "waiting-for-ep", settle };
  }

  #submitted(endpointId: EndpointId, tasks: TaskRange): void {
    const serving = this.#servingOf(endpointId);
    if (serving !== undefined) return serving.submitted(tasks);
    // The session ended between the promise and the commit, and the next one waits for this.
    const positions = Array.from({ length: tasks.count }, (_, index) => tasks.first + index);
    this.#afterwards(endpointId, () => this.#store.queue.release(endpointId, positions));
  }

  #servingOf(endpointId: EndpointId): Serving | undefined {
    return this.#sessions.get(endpointId)?.serving;
  }

  /** Hands on what `QueueStore.cancel` answered. */
  cancel(cancellations: readonly Cancellation[]): void {
    const byEndpoint = new Map<EndpointId, TaskId[]>();
    for (const one of cancellations) {
      if (one.kind !== "requested") continue;
      const taskIds = byEndpoint.get(one.endpointId);
      if (taskIds === undefined) byEndpoint.set(one.endpointId, [one.taskId]);
      else taskIds.push(one.taskId);
    }
    for (const [endpointId, taskIds] of byEndpoint) {
      this.#sessions.get(endpointId)?.serving?.cancel(taskIds);
    }
  }

  /** An endpoint has lost these, which it had accepted: they are sent again, or fail. */
  async lost(endpointId: EndpointId, taskIds: readonly TaskId[]): Promise<void> {
    const lost = await this.#store.queue.missing(endpointId, taskIds, this.#now());
    log.warning("endpoint {endpoint} has lost tasks", { endpoint: endpointId, ...lost });
    this.#servingOf(endpointId)?.wake();
  }

  /** Has an agent connect anew: what it is told in its welcome has changed. */
  reconnect(endpointId: EndpointId, reason: string): void {
    this.#sessions.get(endpointId)?.goodbye(reason);
  }

  /** Ends the session of an endpoint that was deleted from the store. */
  deleteEndpoint(endpointId: EndpointId): void {
    this.#sessions.get(endpointId)?.goodbye("the endpoint was deleted");
    this.#known.delete(endpointId);
  }

  /** Asks the agent to stop; whether it is connected. With `drain` running tasks may finish. */
  shutdownEndpoint(endpointId: EndpointId, drain: boolean): boolean {
    const session = this.#sessions.get(endpointId);
    session?.send({ type: "shutdown", drain });
    return session !== undefined;
  }

  /**
   * The last lines of the agent's log, oldest first. Rejects with `ENDPOINT_OFFLINE`,
   * `ENDPOINT_OUTDATED` when its agent cannot, `TIMED_OUT`, or `SERVICE_BUSY`.
   */
  async log(endpointId: EndpointId, lines: number): Promise<readonly string[]> {
    const serving = this.#servingOf(endpointId);
    if (serving === undefined) throw endpointOffline();
    return await serving.log(lines);
  }

  // -- following a task -------------------------------------------------------------------------------

  /**
   * Moves and output of one task as they happen, then its end. Moves that were made before come
   * first. Ends early when `signal` is aborted, or when there is no such task.
   */
  async *follow(taskId: TaskId, signal?: AbortSignal): AsyncGenerator<FollowEvent, void> {
    const task = await this.#store.tasks.detail(taskId);
    if (task === undefined) return;
    const follower = new Follower(taskId, task.endpointId);
    const wake = (): void => follower.wake();
    const unsubscribe = this.#store.results.onFinished(task.taskGroupId, wake);
    signal?.addEventListener("abort", wake, { once: true });
    this.#follow(follower);
    try {
      yield* this.#life(follower, signal);
    } finally {
      unsubscribe();
      signal?.removeEventListener("abort", wake);
      if (this.#followers.remove(follower)) {
        this.#sessions.get(follower.endpointId)?.serving?.follow([taskId], false);
      }
    }
  }

  #follow(follower: Follower): void {
    this.#followers.add(follower);
    const serving = this.#sessions.get(follower.endpointId)?.serving;
    // Off and on again: the endpoint starts with what it captured so far, for the new reader's sake.
    serving?.follow([follower.taskId], false);
    serving?.follow([follower.taskId], true);
  }

  async *#life(follower: Follower, signal?: AbortSignal): AsyncGenerator<FollowEvent, void> {
    const shown = new Set<string>();
    while (!signal?.aborted) {
      // Taken before the store is read, so that nothing happens in between unnoticed.
      const next = follower.next();
      const task = await this.#store.tasks.detail(follower.taskId);
      if (task === undefined) return;
      yield* newMoves(task, shown);
      yield* follower.takeOutput();
      if (task.result !== null) return yield { event: "finished", data: finishedTask(task.result) };
      await next;
    }
  }

  // -- sessions ---------------------------------------------------------------------------------------

  readonly #sessionEvents: SessionEvents = {
    admit: (session, hello) => this.#admit(session, hello),
    predecessorEnded: async (endpointId) => await this.#ending.get(endpointId),
    isKnown: (endpointId, hello) => this.#known.get(endpointId) === hello.instance_id,
    known: (endpointId, hello) => void this.#known.set(endpointId, hello.instance_id),
    serving: (session) => this.#serving(session),
    progressed: (endpointId, taskIds) => this.#followers.progressed(endpointId, taskIds),
    status: (endpointId) => this.#statusChanged(endpointId),
    output: (endpointId, chunks) => this.#followers.output(endpointId, chunks),
    ended: (session, rest) => this.#ended(session, rest),
  };

  #admit(session: Session, hello: Hello): Reject | undefined {
    if (this.#closed) return stopping();
    const other = this.#sessions.get(session.endpointId);
    const otherHello = other?.hello;
    if (otherHello !== undefined && otherHello.instance_id !== hello.instance_id) {
      return connectedElsewhere(otherHello);
    }
    this.#sessions.set(session.endpointId, session);
    other?.goodbye("replaced by a newer connection of the same agent");
    return undefined;
  }

  #serving(session: Session): void {
    session.serving?.follow(this.#followers.tasksOf(session.endpointId), true);
    this.#changed(session.endpointId);
  }

  #ended(session: Session, rest: SessionRest | undefined): void {
    this.#open.delete(session);
    const { endpointId } = session;
    if (rest !== undefined) this.#left.set(endpointId, rest.heardAt);
    if (this.#sessions.get(endpointId) === session) {
      this.#sessions.delete(endpointId);
      this.#changed(endpointId);
    }
    if (rest === undefined) return;
    const { unsent, heardAt } = rest;
    this.#afterwards(endpointId, async () => {
      // What was to be sent at once and was not, waits for the endpoint.
      await this.#store.queue.release(endpointId, await unsent);
      await this.#store.endpoints.seen(endpointId, heardAt);
      if (this.#left.get(endpointId) === heardAt) this.#left.delete(endpointId);
    });
  }

  /** Runs after what is put away for the endpoint already; its next session waits for it. */
  #afterwards(endpointId: EndpointId, action: () => Promise<void>): void {
    const ending = (this.#ending.get(endpointId) ?? Promise.resolve())
      .then(action)
      .catch((thrown) =>
        // The next session sends what waits anyway; only the timeline lacks the pause.
        log.warning("the end of a session of {endpoint} was not stored: {reason}", {
          endpoint: endpointId,
          reason: messageOf(thrown),
        })
      )
      .finally(() => {
        if (this.#ending.get(endpointId) === ending) this.#ending.delete(endpointId);
      });
    this.#ending.set(endpointId, ending);
  }

  /** It has come or gone. */
  #changed(endpointId: EndpointId): void {
    for (const listener of this.#listeners) listener();
    this.#statusChanged(endpointId);
  }

  #statusChanged(endpointId: EndpointId): void {
    for (const listener of this.#statusListeners) listener(endpointId);
  }
}

function* newMoves(task: TaskDetailRow, shown: Set<string>): Generator<FollowEvent> {
  for (const event of task.timeline) {
    // Not the time: a result tells again, by the endpoint's clock, what was noticed here before.
    const key = `${event.state} ${event.by} ${event.attempt} ${event.detail ?? ""}`;
    if (shown.has(key)) continue;
    shown.add(key);
    yield { event: "state", data: { ...event } };
  }
}

function connectedElsewhere(other: Hello): Reject {
  return reject(
    "ENDPOINT_CONNECTED_ELSEWHERE",
    `another agent serves this endpoint, from host ${other.hostname}`,
    { hint: `Stop it there with: funcx-endpoint stop`, retryable: true },
  );
}

function stopping(): Reject {
  return reject("SERVICE_STOPPING", "the service is stopping", { retryable: true });
}
