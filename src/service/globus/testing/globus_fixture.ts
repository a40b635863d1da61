/**
 * An agent of Globus Compute that a test plays, and the bridge that serves it, on a real store and a
 * broker that outlives the service.
 */
import { jsonPayload, sourceFunction } from "../../../contract/envelope.ts";
import { encodeGlobusMessage, type GlobusState } from "../../../contract/globus_messages.ts";
import { type EndpointId, newId, type TaskId } from "../../../contract/ids.ts";
import type { Tasks } from "../../../contract/protocol/messages.ts";
import { assertTrue } from "../../../lib/assert.ts";
import type { BrokerMessage } from "../../amqp/broker.ts";
import { Hub } from "../../hub/hub.ts";
import { OWNER, randomHash, StoreFixture, taskIdsOf } from "../../store/testing/store_fixture.ts";
import { GlobusBridge } from "../bridge.ts";
import { commandQueue, heartbeatQueue, resultQueue, taskQueue } from "../queues.ts";
import { Arrivals } from "./arrivals.ts";
import { FakeBroker } from "./fake_broker.ts";

/** As an agent or user endpoint publishes it. */
export function heartbeat(id: string, change: Partial<GlobusState> = {}): BrokerMessage {
  const none = {
    managers: 0,
    total_workers: 0,
    idle_workers: 0,
    pending_tasks: 0,
    outstanding_tasks: 0,
  };
  const global_state = { heartbeat_period: 30, ...none, ...change };
  const data = { endpoint_id: id, global_state };
  return { body: encodeGlobusMessage({ type: "ep_status_report", data }) };
}

/** One that ended well. */
export function result(taskId: TaskId): BrokerMessage {
  return {
    body: encodeGlobusMessage({ type: "result", data: { task_id: taskId, data: "11\n1" } }),
  };
}

/** A user endpoint as its process sees it. */
export class TestUserEndpoint {
  readonly id: string;
  /** Tasks that it was given. */
  readonly given = new Arrivals<TaskId>();
  readonly #broker: FakeBroker;

  private constructor(id: string, broker: FakeBroker) {
    this.id = id;
    this.#broker = broker;
  }

  /** Reads its tasks from now on. */
  static async open(id: string, broker: FakeBroker): Promise<TestUserEndpoint> {
    const one = new TestUserEndpoint(id, broker);
    await broker.read(taskQueue(id), ({ headers }) => {
      one.given.add(String(headers?.["task_uuid"]));
      return Promise.resolve();
    });
    return one;
  }

  /** Resolves when it was heard. @param process number of the process that says it */
  async beat(process: number, change: Partial<GlobusState> = {}): Promise<void> {
    const queue = heartbeatQueue(this.id);
    const of = { posix_pid: process, start_unix: process };
    await this.#broker.publish(queue, heartbeat(this.id, { ...of, ...change }));
    await this.#broker.taken(queue);
  }

  /** Resolves when the service has it on disk. */
  async finish(taskId: TaskId): Promise<void> {
    const queue = resultQueue(this.id);
    await this.#broker.publish(queue, result(taskId));
    await this.#broker.taken(queue);
  }
}

/** What the agent is asked to start. */
export interface TestCommand {
  readonly userEndpointId: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A hub whose frames of tasks are noted when they were handed over. */
class WatchedHub extends Hub {
  readonly frames = new Arrivals<Tasks>();

  override connect(endpointId: EndpointId, open: Parameters<Hub["connect"]>[1]): void {
    super.connect(endpointId, (events) => {
      const link = open(events);
      const send: typeof link.send = (message) => {
        link.send(message);
        if (message.type === "tasks") this.frames.add(message);
      };
      return { ...link, send };
    });
  }
}

export class GlobusFixture implements AsyncDisposable {
  readonly stored: StoreFixture;
  readonly broker = new FakeBroker();
  readonly endpoint = newId();
  readonly commands = new Arrivals<TestCommand>();
  readonly #function = newId();
  #hub: WatchedHub;
  #bridge: GlobusBridge | undefined;

  private constructor(stored: StoreFixture) {
    this.stored = stored;
    this.#hub = new WatchedHub({ store: stored.store });
  }

  /** The agent is registered and was not heard yet. */
  static async open(): Promise<GlobusFixture> {
    const fixture = new GlobusFixture(await StoreFixture.open());
    await fixture.#register();
    await fixture.#serve();
    return fixture;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await this.stored[Symbol.asyncDispose]();
  }

  /** The service is started again, on what it had on disk; the broker goes on. */
  async restart(): Promise<void> {
    await this.#close();
    await this.stored.reopen();
    this.#hub = new WatchedHub({ store: this.stored.store });
    await this.#serve();
  }

  /** Resolves when the agent was heard and the hub has it as online. */
  async beat(): Promise<void> {
    await this.#say({});
    await this.#when(true);
  }

  /** Resolves when the hub has it as offline. */
  async leave(): Promise<void> {
    await this.#say({ heartbeat_period: 0 });
    await this.offline();
  }

  async offline(): Promise<void> {
    await this.#when(false);
  }

  /** As the route does it; one request for each group of tasks. */
  async submit(
    config: Readonly<Record<string, unknown>>,
    { count = 1, maxAttempts = 1 } = {},
  ): Promise<readonly TaskId[]> {
    const { state, settle } = this.#hub.reserve(this.endpoint, count);
    const payloads = Array<string>(count).fill(jsonPayload([]));
    const receipt = await this.stored.submit(this.endpoint, this.#function, count, {
      state,
      tasks: [{ functionId: this.#function, payloads }],
      options: { user_endpoint_config: config, max_attempts: maxAttempts },
      queued: (first) => settle({ first, count }),
    });
    return taskIdsOf(receipt);
  }

  async cancel(taskId: TaskId): Promise<void> {
    this.#hub.cancel(await this.stored.store.queue.cancel(OWNER, [taskId], Date.now()));
  }

  /** The user endpoint that was asked for as the `number`th one, counted from 1. */
  async started(number: number): Promise<TestUserEndpoint> {
    const commands = await this.commands.first(number);
    return await TestUserEndpoint.open(commands.at(-1)!.userEndpointId, this.broker);
  }

  /** Those that the agent got since the service was started. */
  get frames(): Arrivals<Tasks> {
    return this.#hub.frames;
  }

  async states(...taskIds: readonly TaskId[]): Promise<readonly string[]> {
    return (await this.stored.store.tasks.statuses(taskIds)).map(({ state }) => state);
  }

  /** Resolves when a task has ended that has not by now. */
  ended(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = this.stored.store.changes.onEnded(() => resolve());
    return promise.finally(end);
  }

  async #say(change: Partial<GlobusState>): Promise<void> {
    const queue = heartbeatQueue(this.endpoint);
    await this.broker.publish(queue, heartbeat(this.endpoint, change));
    await this.broker.taken(queue);
  }

  #when(isOnline: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      const isServed = this.#hub.status(this.endpoint) !== undefined;
      if (isServed === isOnline) resolve();
    };
    const end = this.#hub.onChange(check);
    check();
    return promise.finally(end);
  }

  async #register(): Promise<void> {
    const { endpoints, functions } = this.stored.store;
    await functions.create({
      functionId: this.#function,
      name: "one",
      description: null,
      metadata: null,
      parameters: null,
      owner: OWNER,
      public: false,
      runtime: "python",
      code: sourceFunction("st", "one", "def one(): return 1"),
      createdAt: 1_000,
    });
    await endpoints.register({
      endpointId: this.endpoint,
      owner: OWNER,
      createdAt: 1_000,
      token: { tokenId: newId(), hash: randomHash() },
      name: "cluster",
      displayName: null,
      description: null,
      metadata: { user_config_template: "engine: {}", endpoint_version: "4.19.0" },
      allowedFunctions: null,
      public: false,
    });
    await this.broker.read(commandQueue(this.endpoint), ({ body }) => {
      const { kwargs } = JSON.parse(new TextDecoder().decode(body));
      this.commands.add({
        userEndpointId: kwargs.amqp_creds.endpoint_id,
        config: kwargs.user_opts,
      });
      return Promise.resolve();
    });
  }

  async #serve(): Promise<void> {
    const { store } = this.stored;
    const { broker } = this;
    this.#bridge = await GlobusBridge.open({ broker, store, hub: this.#hub, now: Date.now });
    assertTrue((await store.userEndpoints.agents()).includes(this.endpoint));
  }

  async #close(): Promise<void> {
    await this.#bridge?.close();
    await this.#hub.close();
  }
}
