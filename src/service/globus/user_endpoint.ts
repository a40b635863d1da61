/**
 * One user endpoint: the process that an agent of Globus Compute starts for a user and a
 * configuration, seen from here through its queues.
 *
 * 1. A task is published only while the process is heard, so one that cannot start has got none.
 * 2. Whatever was published counts as held by the process. When that is gone its tasks are told as
 *    lost, after its queue was emptied: the store decides whether they run again.
 * 3. The login that a start gives ends the one before, and with it a process that is there. So one
 *    that may hold tasks is not started anew before it is known to be gone.
 */
import { readAgentMessage } from "../../contract/globus_agent.ts";
import type { GlobusResult, GlobusState } from "../../contract/globus_messages.ts";
import type { UserEndpointCredentials } from "../../contract/api.ts";
import type { TaskId } from "../../contract/ids.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Broker, BrokerMessage } from "../amqp/broker.ts";
import type { StoredUserEndpoint } from "../store/store.ts";
import { silenceTimeout } from "./heartbeats.ts";
import { heartbeatQueue, resultQueue, taskQueue, TaskQueues } from "./queues.ts";

const log = logger("service", "globus");

/** Before a start is asked for again while tasks wait. */
const START_TIMEOUT = 60_000;
/** A process that drew back from the broker comes again within 10 s, or is gone. */
const RETURN_TIMEOUT = 20_000;
/** In which a process that holds tasks of an earlier service is heard, if it is there still. */
const INHERITED_TIMEOUT = 180_000;

export interface BridgedTask {
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly message: BrokerMessage;
  /** The broker has it, or the process. */
  isPublished: boolean;
}

export interface UserEndpointEvents {
  /** Publishes the command that starts the process, or keeps it from ending idle. */
  start(credentials: UserEndpointCredentials): Promise<void>;
  /** The broker needs the service no longer for this task. */
  accepted(task: BridgedTask): void;
  /** Resolves when the result is on disk; `task` is undefined when it was given to an earlier service. */
  result(result: GlobusResult, task: BridgedTask | undefined): Promise<void>;
  /** It did not start, for this reason. */
  failed(tasks: readonly BridgedTask[], reason: string): void;
  /** It is gone with these. */
  lost(taskIds: readonly TaskId[]): void;
  /** How busy it is has changed. */
  status(): void;
}

type State =
  | { readonly kind: "idle" }
  /** It was given tasks by an earlier service, and was not heard yet. */
  | { readonly kind: "awaited"; readonly timer: ReturnType<typeof setTimeout> }
  | { readonly kind: "starting"; readonly timer: ReturnType<typeof setTimeout> }
  | {
    readonly kind: "running";
    readonly status: GlobusState;
    /** Of the process. */
    readonly instance: string;
    readonly timer: ReturnType<typeof setTimeout>;
  };

export class UserEndpoint {
  readonly record: StoredUserEndpoint;
  readonly #broker: Broker;
  readonly #events: UserEndpointEvents;
  readonly #tasks = new Map<TaskId, BridgedTask>();
  /** What an earlier service has published. */
  readonly #inherited = new Set<TaskId>();
  readonly #queues: TaskQueues;
  #credentials: UserEndpointCredentials | undefined;
  #state: State = { kind: "idle" };
  #closed = false;

  constructor(record: StoredUserEndpoint, broker: Broker, events: UserEndpointEvents) {
    this.record = record;
    this.#broker = broker;
    this.#queues = new TaskQueues(broker, record.userEndpointId);
    this.#events = events;
  }

  /** Makes its queues and reads them; before that nothing may be submitted. */
  async open(): Promise<void> {
    const { userEndpointId } = this.record;
    await this.#queues.declare();
    await this.#queues.read(heartbeatQueue(userEndpointId), (message) => this.#heard(message));
    await this.#queues.read(resultQueue(userEndpointId), (message) => this.#ended(message));
  }

  /** As of its last heartbeat; undefined when it does not run. */
  get status(): GlobusState | undefined {
    return this.#state.kind === "running" ? this.#state.status : undefined;
  }

  /** Nothing would be lost with it. */
  get isUnused(): boolean {
    return this.#state.kind === "idle" && this.#tasks.size === 0;
  }

  /** It has this task, as far as an earlier service knew. Before anything is submitted. */
  inherit(taskId: TaskId): void {
    this.#inherited.add(taskId);
    if (this.#state.kind !== "idle") return;
    this.#become({
      kind: "awaited",
      timer: setTimeout(() => this.#gone(), INHERITED_TIMEOUT),
    });
  }

  submit(task: BridgedTask): void {
    const mayEnd = this.#mayEnd;
    this.#tasks.set(task.taskId, task);
    if (this.#isReading) this.#publish(task);
    if (this.#state.kind === "idle" || mayEnd) this.#start();
  }

  /**
   * Whether its process runs and is about to end, perhaps, since it has nothing to do: it is started
   * again then. Not one that has its login from an earlier service (3).
   */
  get #mayEnd(): boolean {
    const hasNone = this.#tasks.size === 0 && this.#inherited.size === 0;
    return this.#state.kind === "running" && hasNone && this.#credentials !== undefined;
  }

  /** The task if it was still here; one that was published cannot be taken back. */
  withdraw(taskId: TaskId): BridgedTask | undefined {
    const task = this.#tasks.get(taskId);
    this.#forget(taskId);
    return task;
  }

  /** The agent has come anew: what was asked of the one before it may be forgotten. */
  agentReturned(): void {
    if (this.#state.kind === "starting" && this.#tasks.size > 0) this.#start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#become({ kind: "idle" });
    await this.#queues.close();
  }

  /** Ends it for good, its credentials too. */
  async remove(): Promise<void> {
    await this.close();
    await this.#queues.remove();
  }

  #become(state: State): void {
    if (this.#state.kind !== "idle") clearTimeout(this.#state.timer);
    this.#state = state;
  }

  // -- its process ----------------------------------------------------------------------------------

  #start(): void {
    if (this.#closed) return;
    if (this.#state.kind !== "running") {
      const timer = setTimeout(() => this.#notStarted(), START_TIMEOUT);
      this.#become({ kind: "starting", timer });
    }
    this.#command().catch((thrown) =>
      log.warning("user endpoint {user_endpoint} could not be asked for: {reason}", {
        user_endpoint: this.record.userEndpointId,
        reason: messageOf(thrown),
      })
    );
  }

  async #command(): Promise<void> {
    this.#credentials ??= await this.#queues.grant();
    await this.#events.start(this.#credentials);
  }

  #notStarted(): void {
    this.#become({ kind: "idle" });
    if (this.#tasks.size > 0) this.#start();
  }

  #heard({ body }: BrokerMessage): Promise<void> {
    const message = readAgentMessage(body);
    if (message.kind === "status") this.#told(message.state);
    else this.#warn(message.kind === "unreadable" ? message.reason : "a result among heartbeats");
    return Promise.resolve();
  }

  #told(status: GlobusState): void {
    if (this.#closed) return;
    if (status.error) return this.#refused(status.error);
    const before = this.#state;
    const instance = `${status.posix_pid} ${status.start_unix}`;
    if (before.kind === "running" && before.instance !== instance) this.#lost();
    const timeout = status.active === false
      ? RETURN_TIMEOUT
      : silenceTimeout(status.heartbeat_period);
    this.#become({
      kind: "running",
      status,
      instance,
      timer: setTimeout(() => this.#gone(), timeout),
    });
    if (this.#isReading) this.#publishWaiting();
    this.#events.status();
  }

  /**
   * A process did not start. Where another one is heard, or may be, that one kept it out, or has died
   * and left what keeps others out: when its own time is over it is started again.
   */
  #refused(reason: string): void {
    if (this.#state.kind !== "starting") return this.#warn(`it was not started: ${reason}`);
    this.#become({ kind: "idle" });
    const tasks = [...this.#tasks.values()].filter(({ isPublished }) => !isPublished);
    for (const { taskId } of tasks) this.#tasks.delete(taskId);
    this.#events.failed(tasks, reason);
    this.#events.status();
  }

  /** Nothing was heard of it for too long, or it took its leave. */
  #gone(): void {
    this.#become({ kind: "idle" });
    this.#lost();
    this.#events.status();
    if (this.#tasks.size > 0) this.#start();
  }

  #lost(): void {
    const published = [...this.#tasks.values()].filter(({ isPublished }) => isPublished);
    const taskIds = [...published.map(({ taskId }) => taskId), ...this.#inherited];
    for (const taskId of taskIds) this.#forget(taskId);
    this.#empty().then(() => this.#events.lost(taskIds));
  }

  async #empty(): Promise<void> {
    try {
      await this.#queues.empty();
    } catch (thrown) {
      // Its tasks may run twice then, which is allowed.
      this.#warn(`its queue was not emptied: ${messageOf(thrown)}`);
    }
  }

  // -- tasks and results ----------------------------------------------------------------------------

  /** Whether its process is heard, and has not drawn back. */
  get #isReading(): boolean {
    return this.#state.kind === "running" && this.#state.status.active !== false;
  }

  #forget(taskId: TaskId): void {
    this.#tasks.delete(taskId);
    this.#inherited.delete(taskId);
  }

  #publishWaiting(): void {
    for (const task of this.#tasks.values()) if (!task.isPublished) this.#publish(task);
  }

  #publish(task: BridgedTask): void {
    task.isPublished = true;
    this.#broker.publish(taskQueue(this.record.userEndpointId), task.message).then(
      () => this.#events.accepted(task),
      (thrown) => {
        // Perhaps it has arrived: then its result comes, else it is sent again with the others.
        task.isPublished = false;
        this.#warn(`task ${task.taskId} was not taken: ${messageOf(thrown)}`);
      },
    );
  }

  async #ended({ body }: BrokerMessage): Promise<void> {
    const message = readAgentMessage(body);
    if (message.kind !== "result") {
      return this.#warn(message.kind === "unreadable" ? message.reason : "no result");
    }
    const taskId = message.result.task_id.toLowerCase();
    await this.#events.result(message.result, this.#tasks.get(taskId));
    this.#forget(taskId);
  }

  #warn(reason: string): void {
    log.warning("user endpoint {user_endpoint}: {reason}", {
      user_endpoint: this.record.userEndpointId,
      reason,
    });
  }
}
