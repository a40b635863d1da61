/**
 * An agent of Globus Compute: an endpoint like any other for the hub, whose tasks this gives to its
 * user endpoints.
 */
import type { UserEndpointCredentials } from "../../contract/api.ts";
import { startCommand } from "../../contract/globus_agent.ts";
import type { EndpointId, TaskId, UserId } from "../../contract/ids.ts";
import { MAX_BATCH_ITEMS } from "../../contract/limits.ts";
import type {
  EndpointStatus,
  ResultMessage,
  ServiceMessage,
  TaskMessage,
  Tasks,
} from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { derivedId, identityOf } from "../auth/identity.ts";
import type { Broker } from "../amqp/broker.ts";
import type { Hub } from "../hub/hub.ts";
import type { JsonObject, Store, StoredEndpoint, StoredUserEndpoint } from "../store/store.ts";
import { statusOfAll } from "./heartbeats.ts";
import { Presence } from "./presence.ts";
import { commandQueue, CommandQueues, heartbeatQueue } from "./queues.ts";
import { endedHere, resultOf } from "./results.ts";
import { agentTask } from "./tasks.ts";
import { type BridgedTask, UserEndpoint } from "./user_endpoint.ts";

const log = logger("service", "globus");

/** Processes that one agent is asked for; with more, one that is not used is forgotten. */
const MAX_USER_ENDPOINTS = 200;
/** An agent that finds a command of over 180 s fails the tasks that it is for. */
const COMMAND_LIFETIME = 60_000;
/** In which a process that holds tasks of an earlier service is heard, if it is there still. */
const INHERITED_TIMEOUT = 180_000;

export interface AgentOptions {
  readonly endpoint: StoredEndpoint;
  readonly broker: Broker;
  readonly store: Store;
  readonly hub: Hub;
  readonly now: () => number;
}

export class GlobusAgent {
  readonly #options: AgentOptions;
  readonly #endpointId: EndpointId;
  readonly #queues: CommandQueues;
  readonly #presence: Presence;
  readonly #userEndpoints = new Map<string, Promise<UserEndpoint>>();
  readonly #open = new Set<UserEndpoint>();
  /** Where each task is that has not ended. */
  readonly #places = new Map<TaskId, UserEndpoint>();
  /** Accepted by what an earlier service saw. */
  readonly #inherited = new Set<TaskId>();
  #inheritance: ReturnType<typeof setTimeout> | undefined;
  #completed = 0;
  #closed = false;

  constructor(options: AgentOptions) {
    const { endpoint, broker, hub, now } = options;
    this.#options = options;
    this.#endpointId = endpoint.endpointId;
    this.#queues = new CommandQueues(broker, this.#endpointId);
    this.#presence = new Presence(endpoint, hub, now, {
      told: (message) => this.#told(message),
      returned: () => this.#returned(),
      status: () => this.#status(),
    });
  }

  /** Makes its queues, those of its user endpoints too, and reads them. */
  async open(): Promise<void> {
    const { store } = this.#options;
    await this.#queues.declare();
    for (const record of await store.userEndpoints.of(this.#endpointId)) {
      await this.#userEndpoint(record);
    }
    await this.#inherit();
    await this.#queues.read(heartbeatQueue(this.#endpointId), (message) => {
      if (!this.#closed) this.#presence.heard(message);
      return Promise.resolve();
    });
  }

  /** After it has registered again. */
  describe(endpoint: StoredEndpoint): void {
    this.#presence.describe(endpoint);
  }

  /** What it is told at its registration; what it had before ends. */
  grant(): ReturnType<CommandQueues["grant"]> {
    return this.#queues.grant();
  }

  /** Lets it in no more, which ends it. */
  revoke(): Promise<void> {
    return this.#queues.revoke();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#inheritance);
    this.#presence.leave("the service is stopping");
    await this.#queues.close();
    for (const one of this.#open) await one.close();
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.close();
    for (const one of this.#open) await this.#forget(one);
    await this.#queues.remove();
  }

  async #inherit(): Promise<void> {
    const { store } = this.#options;
    for (let after = 0;;) {
      const query = { endpointId: this.#endpointId, after, limit: MAX_BATCH_ITEMS };
      const held = await store.queue.held(query);
      for (const { taskId } of held) this.#inherited.add(taskId);
      if (held.length < MAX_BATCH_ITEMS) break;
      after = held.at(-1)!.position;
    }
    if (this.#inherited.size === 0) return;
    this.#inheritance = setTimeout(() => {
      if (![...this.#open].some(({ status }) => status !== undefined)) void this.#lost([]);
    }, INHERITED_TIMEOUT);
  }

  #status(): EndpointStatus {
    const statuses = [...this.#open].flatMap(({ status }) => status ?? []);
    return statusOfAll(statuses, this.#completed);
  }

  #returned(): void {
    for (const one of this.#open) one.agentReturned();
  }

  // -- what the hub says ----------------------------------------------------------------------------

  #told(message: ServiceMessage): void {
    switch (message.type) {
      case "tasks":
        return void this.#take(message).catch((thrown) => this.#giveUp(thrown));
      case "cancel":
        return this.#cancel(message.task_ids);
      case "shutdown":
        return void this.revoke().catch((thrown) => this.#giveUp(thrown));
      default:
        return;
    }
  }

  /** The tasks come again in the next session, which begins with the next heartbeat. */
  #giveUp(thrown: unknown): void {
    log.error("endpoint {endpoint} cannot be served: {reason}", {
      endpoint: this.#endpointId,
      reason: messageOf(thrown),
    });
    this.#presence.leave(`the bridge failed: ${messageOf(thrown)}`);
  }

  async #take({ tasks, functions }: Tasks): Promise<void> {
    const { store } = this.#options;
    const codes = new Map(functions.map(({ function_id, code }) => [function_id, code]));
    const unknown = new Set(
      tasks.map(({ function_id }) => function_id).filter((id) => !codes.has(id)),
    );
    for (const [id, code] of await store.queue.codes([...unknown])) codes.set(id, code);
    const byPlace = new Map<UserEndpoint, BridgedTask[]>();
    for (const task of tasks) {
      // Sent again by a new session, and still where it was.
      if (this.#places.has(task.task_id)) {
        this.#presence.say({ type: "task_ack", task_ids: [task.task_id] });
        continue;
      }
      const made = agentTask(task, codes.get(task.function_id));
      const attempt = task.attempts_made + 1;
      if (made.kind === "refused") {
        const { reason: message, hint } = made;
        const code = "CouldNotExecuteUserTaskError";
        await this.#finish(
          endedHere(task.task_id, { state: "failed", code, message, hint }, attempt, this.#now()),
        );
        continue;
      }
      const place = await this.#placeOf(task);
      this.#places.set(task.task_id, place);
      const bridged = { taskId: task.task_id, attempt, message: made.message, isPublished: false };
      byPlace.set(place, [...byPlace.get(place) ?? [], bridged]);
    }
    for (const [place, placed] of byPlace) place.submit(placed);
  }

  #now(): number {
    return this.#options.now();
  }

  /** Its user endpoint, made when it is the first of its user with that configuration. */
  #placeOf({ owner_id, options }: TaskMessage): Promise<UserEndpoint> {
    const owner = owner_id ?? this.#options.endpoint.owner;
    const config = options.user_endpoint_config ?? {};
    const runtime = options.user_runtime ?? {};
    const userEndpointId = derivedId(
      "user endpoint",
      this.#endpointId,
      owner,
      JSON.stringify(config),
      JSON.stringify(runtime),
    );
    return this.#userEndpoints.get(userEndpointId) ??
      this.#newUserEndpoint(userEndpointId, owner, config, runtime);
  }

  async #newUserEndpoint(
    userEndpointId: string,
    owner: UserId,
    config: JsonObject,
    runtime: JsonObject,
  ): Promise<UserEndpoint> {
    if (this.#userEndpoints.size >= MAX_USER_ENDPOINTS) {
      const unused = [...this.#open].find(({ isUnused }) => isUnused);
      if (unused !== undefined) await this.#forget(unused);
    }
    const endpointId = this.#endpointId;
    const record = { userEndpointId, endpointId, owner, config, runtime, createdAt: this.#now() };
    await this.#options.store.userEndpoints.put(record);
    return await this.#userEndpoint(record);
  }

  #userEndpoint(record: StoredUserEndpoint): Promise<UserEndpoint> {
    const one = new UserEndpoint(record, this.#options.broker, {
      start: (credentials) => this.#start(record, credentials),
      accepted: ({ taskId }) => {
        if (this.#places.has(taskId)) this.#presence.say({ type: "task_ack", task_ids: [taskId] });
      },
      result: async (result, task) => {
        const attempt = task?.attempt ?? 1;
        await this.#finish(resultOf(result, attempt, this.#now()));
      },
      failed: (tasks, reason) => void this.#failed(tasks, reason),
      lost: (tasks) => void this.#lost(tasks),
      status: () => this.#presence.beat(),
    });
    const opened = one.open().then(() => one);
    this.#open.add(one);
    this.#userEndpoints.set(record.userEndpointId, opened);
    // One whose queues could not be made is made anew for the next task.
    opened.catch(() => {
      this.#open.delete(one);
      this.#userEndpoints.delete(record.userEndpointId);
      void one.close();
    });
    return opened;
  }

  async #forget(one: UserEndpoint): Promise<void> {
    const { userEndpointId } = one.record;
    this.#open.delete(one);
    this.#userEndpoints.delete(userEndpointId);
    await one.remove();
    await this.#options.store.userEndpoints.remove(userEndpointId);
  }

  /** An agent that is away is asked when it is back. */
  async #start(record: StoredUserEndpoint, credentials: UserEndpointCredentials): Promise<void> {
    const { broker, store } = this.#options;
    if (!this.#presence.isThere) return;
    const queue = commandQueue(this.#endpointId);
    // It may be heard before it reads.
    await broker.wanted(queue, AbortSignal.timeout(COMMAND_LIFETIME));
    await broker.publish(queue, {
      contentType: "application/json",
      timestamp: Math.floor(this.#now() / 1_000),
      lifetime: COMMAND_LIFETIME,
      body: startCommand({
        name: `uep.${this.#endpointId}.${record.userEndpointId}`,
        username: record.owner,
        identity: identityOf(store.serviceId, record.owner),
        config: record.config,
        runtime: record.runtime,
        credentials,
      }),
    });
  }

  /** What was published runs on; its result comes second, and is dropped. */
  #cancel(taskIds: readonly TaskId[]): void {
    const message = "cancelled; an agent of Globus Compute runs to its end what it has begun";
    for (const taskId of taskIds) {
      const attempt = this.#places.get(taskId)?.withdraw(taskId)?.attempt ?? 0;
      const end = { state: "cancelled", code: "TASK_CANCELLED", message } as const;
      this.#finish(endedHere(taskId, end, attempt, this.#now()))
        .catch((thrown) => this.#giveUp(thrown));
    }
  }

  // -- ends of tasks --------------------------------------------------------------------------------

  /** Resolves when it is on disk, or was there already. */
  async #finish(result: ResultMessage): Promise<void> {
    const { store } = this.#options;
    const { task_id } = result;
    await store.queue.finished(this.#endpointId, [result], this.#now());
    this.#completed++;
    this.#places.delete(task_id);
    this.#inherited.delete(task_id);
    // Whoever has finished a task had it; this frees its credit.
    this.#presence.say({ type: "task_ack", task_ids: [task_id] });
  }

  async #failed(tasks: readonly BridgedTask[], reason: string): Promise<void> {
    const code = "SEMANTICALLY_INVALID";
    const message = `Request payload failed validation: ${reason}`;
    for (const { taskId, attempt } of tasks) {
      const end = { state: "failed", code, message } as const;
      await this.#finish(endedHere(taskId, end, attempt, this.#now()))
        .catch((thrown) => this.#giveUp(thrown));
    }
  }

  async #lost(tasks: readonly BridgedTask[]): Promise<void> {
    const taskIds = [...tasks.map(({ taskId }) => taskId), ...this.#inherited];
    this.#inherited.clear();
    if (taskIds.length === 0 || this.#closed) return;
    for (const taskId of taskIds) this.#places.delete(taskId);
    // Also those that no one has confirmed may have begun: that costs an attempt.
    for (const { taskId } of tasks) this.#presence.say({ type: "task_ack", task_ids: [taskId] });
    await Promise.resolve();
    try {
      await this.#options.hub.lost(this.#endpointId, taskIds);
    } catch (thrown) {
      this.#giveUp(thrown);
    }
  }
}
