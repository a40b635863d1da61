/** The queues of agents of Globus Compute, by the ids of their endpoints and user endpoints. */
import type {
  GlobusRegistration,
  ReadQueue,
  UserEndpointCredentials,
  WrittenQueue,
} from "../../contract/api.ts";
import type { EndpointId } from "../../contract/ids.ts";
import {
  type AgentQueues,
  type Broker,
  type BrokerMessage,
  EXCHANGE,
  type Subscription,
} from "../amqp/broker.ts";

export const commandQueue = (endpointId: string): string => `${endpointId}.commands`;
export const taskQueue = (userEndpointId: string): string => `${userEndpointId}.tasks`;
export const resultQueue = (userEndpointId: string): string => `${userEndpointId}.results`;
export const heartbeatQueue = (id: string): string => `${id}.heartbeats`;

/** Those of one agent or user endpoint, from their making to their end. */
class Queues {
  protected readonly broker: Broker;
  /** Of the endpoint or user endpoint. */
  protected readonly id: string;
  readonly #names: AgentQueues;
  readonly #subscriptions: Subscription[] = [];

  constructor(broker: Broker, id: string, names: AgentQueues) {
    this.broker = broker;
    this.id = id;
    this.#names = names;
  }

  /** An agent declares its queues passively, so they have to be there before it comes. */
  async declare(): Promise<void> {
    for (const queue of this.#all) await this.broker.declare(queue);
  }

  /** What it writes into one of them. */
  async read(queue: string, take: (message: BrokerMessage) => Promise<void>): Promise<void> {
    this.#subscriptions.push(await this.broker.read(queue, take));
  }

  /** Lets it in; the broker ends what it was let in with before. */
  protected async let(): Promise<string> {
    return (await this.broker.grantAgent(this.id, this.#names)).url;
  }

  /** The broker lets it in no more, which ends it. */
  async revoke(): Promise<void> {
    await this.broker.revokeAgent(this.id);
  }

  /** Reads no more. */
  async close(): Promise<void> {
    for (const subscription of this.#subscriptions.splice(0)) await subscription.close();
  }

  /** Ends them for good. */
  async remove(): Promise<void> {
    await this.revoke();
    for (const queue of this.#all) await this.broker.remove(queue);
  }

  get #all(): string[] {
    return [...this.#names.reads, ...this.#names.writes];
  }
}

export class CommandQueues extends Queues {
  constructor(broker: Broker, endpointId: EndpointId) {
    super(broker, endpointId, {
      reads: [commandQueue(endpointId)],
      writes: [heartbeatQueue(endpointId)],
    });
  }

  /** What the agent is told at its registration; what it had before ends. */
  async grant(): Promise<Pick<GlobusRegistration, "command_queue_info" | "heartbeat_queue_info">> {
    const url = await this.let();
    return {
      command_queue_info: readQueue(url, commandQueue(this.id)),
      heartbeat_queue_info: writtenQueue(url, heartbeatQueue(this.id)),
    };
  }
}

export class TaskQueues extends Queues {
  constructor(broker: Broker, userEndpointId: string) {
    super(broker, userEndpointId, {
      reads: [taskQueue(userEndpointId)],
      writes: [resultQueue(userEndpointId), heartbeatQueue(userEndpointId)],
    });
  }

  /** What the command that starts the process tells it. */
  async grant(): Promise<UserEndpointCredentials> {
    const url = await this.let();
    return {
      endpoint_id: this.id,
      task_queue_info: readQueue(url, taskQueue(this.id)),
      result_queue_info: writtenQueue(url, resultQueue(this.id)),
      heartbeat_queue_info: writtenQueue(url, heartbeatQueue(this.id)),
    };
  }

  /** Takes away the tasks that nobody has read. */
  async empty(): Promise<void> {
    const queue = taskQueue(this.id);
    await this.broker.remove(queue);
    await this.broker.declare(queue);
  }
}

function readQueue(connection_url: string, queue: string): ReadQueue {
  return { connection_url, exchange: EXCHANGE, queue };
}

function writtenQueue(connection_url: string, queue: string): WrittenQueue {
  return {
    ...readQueue(connection_url, queue),
    queue_publish_kwargs: {
      exchange: EXCHANGE,
      routing_key: queue,
      mandatory: true,
      properties: { delivery_mode: 2 },
    },
  };
}
