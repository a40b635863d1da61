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
  TaskOptions,
  Tasks,
} from "../../contract/protocol/messages.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { derivedId, identityOf } from "../auth/identity.ts";
import type { Broker } from "../amqp/broker.ts";
import type { Hub } from "../hub/hub.ts";
import type { Store, StoredEndpoint, StoredUserEndpoint } from "../store/store.ts";
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
  /** Those whose queues are there. */
  readonly #userEndpoints = new Map<string, UserEndpoint>();
  /** Where each task is that has not ended. */
  readonly #places = new Map<TaskId, UserEndpoint>();
  /** What frames that were not taken yet bring, without what was cancelled since. */
  readonly #coming = new Set<Set<TaskId>>();
  /** Ends when the last frame that came is taken. Never rejects. */
  #taking: Promise<void> = Promise.resolve();
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
      await this.#openUserEndpoint(record);
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
    this.#presence.leave("the service is stopping");
    await this.#queues.close();
    for (const one of this.#userEndpoints.values()) await one.close();
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.close();
    await this.#taking;
    for (const [userEndpointId, one] of this.#userEndpoints) {
      await this.#removeUserEndpoint(one);
      this.#userEndpoints.delete(userEndpointId);
    }
    await this.#queues.remove();
  }

  /** Gives its user endpoints what an earlier service has given them. */
  async #inherit(): Promise<void> {
    const { store, hub } = this.#options;
    const homeless: TaskId[] = [];
    for (let after = 0;;) {
      const query = { endpointId: this.#endpointId, after, limit: MAX_BATCH_ITEMS };
      const held = await store.queue.held(query);
      for (const { taskId, owner, options } of held) {
        const place = this.#userEndpoints.get(this.#recordOf(owner, options).userEndpointId);
        if (place === undefined) homeless.push(taskId);
        else {
          this.#places.set(taskId, place);
          place.inherit(taskId);
        }
      }
      if (held.length < MAX_BATCH_ITEMS) break;
      after = held.at(-1)!.position;
    }
    if (homeless.length > 0) await hub.lost(this.#endpointId, homeless);
  }

  #status(): EndpointStatus {
    const statuses = [...this.#userEndpoints.values()].flatMap(({ status }) => status ?? []);
    return statusOfAll(statuses, this.#completed);
  }

  #returned(): void {
    for (const one of this.#userEndpoints.values()) one.agentReturned();
  }

  // -- what the hub says ----------------------------------------------------------------------------

  #told(message: ServiceMessage): void {
    switch (message.type) {
      case "tasks":
        return this.#receive(message);
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
    if (this.#closed) return;
    log.error("endpoint {endpoint} cannot be served: {reason}", {
      endpoint: this.#endpointId,
      reason: messageOf(thrown),
    });
    this.#presence.leave(`the bridge failed: ${messageOf(thrown)}`);
  }

  /** One frame after the other, so that no two of them make the same user endpoint. */
  #receive(message: Tasks): void {
    const coming = new Set(message.tasks.map(({ task_id }) => task_id));
    this.#coming.add(coming);
    this.#taking = this.#taking
      .then(() => this.#take(message, coming))
      .catch((thrown) => this.#giveUp(thrown))
      .finally(() => this.#coming.delete(coming));
  }

  async #take({ tasks, functions }: Tasks, coming: ReadonlySet<TaskId>): Promise<void> {
    const { store } = this.#options;
    const codes = new Map(functions.map(({ function_id, code }) => [function_id, code]));
    const unknown = new Set(
      tasks.map(({ function_id }) => function_id).filter((id) => !codes.has(id)),
    );
    for (const [id, code] of await store.queue.codes([...unknown])) codes.set(id, code);
    for (const task of tasks) {
      const { task_id: taskId } = task;
      // Sent again by a new session, and still where it was.
      if (this.#places.has(taskId)) {
        this.#presence.say({ type: "task_ack", task_ids: [taskId] });
        continue;
      }
      const made = agentTask(task, codes.get(task.function_id));
      const attempt = task.attempts_made + 1;
      if (made.kind === "refused") {
        const { reason: message, hint } = made;
        const code = "CouldNotExecuteUserTaskError";
        await this.#finish(
          endedHere(taskId, { state: "failed", code, message, hint }, attempt, this.#now()),
        );
        continue;
      }
      const place = await this.#placeOf(task);
      if (!coming.has(taskId)) continue;
      // In one step: what has a place is there, whatever becomes of the tasks after it.
      this.#places.set(taskId, place);
      place.submit({ taskId, attempt, message: made.message, isPublished: false });
    }
  }

  #now(): number {
    return this.#options.now();
  }

  /** Its user endpoint, made when it is the first of its user with that configuration. */
  async #placeOf({ owner_id, options }: TaskMessage): Promise<UserEndpoint> {
    const record = this.#recordOf(owner_id ?? this.#options.endpoint.owner, options);
    return this.#userEndpoints.get(record.userEndpointId) ?? await this.#newUserEndpoint(record);
  }

  #recordOf(owner: UserId, options: TaskOptions): StoredUserEndpoint {
    const endpointId = this.#endpointId;
    const config = options.user_endpoint_config ?? {};
    const runtime = options.user_runtime ?? {};
    const userEndpointId = derivedId(
      "user endpoint",
      endpointId,
      owner,
      JSON.stringify(config),
      JSON.stringify(runtime),
    );
    return { userEndpointId, endpointId, owner, config, runtime, createdAt: this.#now() };
  }

  async #newUserEndpoint(record: StoredUserEndpoint): Promise<UserEndpoint> {
    if (this.#userEndpoints.size >= MAX_USER_ENDPOINTS) {
      const unused = [...this.#userEndpoints.values()].find(({ isUnused }) => isUnused);
      if (unused !== undefined) await this.#forget(unused);
    }
    await this.#options.store.userEndpoints.put(record);
    return await this.#openUserEndpoint(record);
  }

  /** One whose queues could not be made is made anew for the next task. */
  async #openUserEndpoint(record: StoredUserEndpoint): Promise<UserEndpoint> {
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
      lost: (taskIds) => void this.#lost(taskIds),
      status: () => this.#presence.beat(),
    });
    try {
      await one.open();
      if (this.#closed) throw new Error("the service is stopping");
    } catch (thrown) {
      await one.close();
      throw thrown;
    }
    this.#userEndpoints.set(record.userEndpointId, one);
    return one;
  }

  /** First of all it gets no more tasks. */
  async #forget(one: UserEndpoint): Promise<void> {
    this.#userEndpoints.delete(one.record.userEndpointId);
    await this.#removeUserEndpoint(one);
  }

  async #removeUserEndpoint(one: UserEndpoint): Promise<void> {
    await one.remove();
    await this.#options.store.userEndpoints.remove(one.record.userEndpointId);
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
      for (const coming of this.#coming) coming.delete(taskId);
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

  async #lost(taskIds: readonly TaskId[]): Promise<void> {
    if (taskIds.length === 0 || this.#closed) return;
    for (const taskId of taskIds) this.#places.delete(taskId);
    // Also those that no one has confirmed may have begun: that costs an attempt.
    for (const taskId of taskIds) this.#presence.say({ type: "task_ack", task_ids: [taskId] });
    await Promise.resolve();
    try {
      await this.#options.hub.lost(this.#endpointId, taskIds);
    } catch (thrown) {
      this.#giveUp(thrown);
    }
  }
}
