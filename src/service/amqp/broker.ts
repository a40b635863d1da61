/**
 * What the service needs of an AMQP 0-9-1 broker: the official SDK reads results from one, and the
 * agents of Globus Compute get their tasks from one. Two things give it: the service's own server,
 * where nothing else is configured, and RabbitMQ.
 *
 * - A queue is known by its name alone and is written through the default exchange, or by an agent
 *   through `EXCHANGE` with the queue's name as its key.
 * - Whatever is sent is in the store as well, so a broker that loses a queue costs time, never a
 *   result.
 */
import type { UserId } from "../../contract/ids.ts";

/** Where agents publish, with the name of a queue as routing key. */
export const EXCHANGE = "funcx";

export interface BrokerMessage {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Text or lists of texts, as the agents of Globus Compute read them. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly contentType?: string;
  /** Seconds since 1970: when what it tells of happened. */
  readonly timestamp?: number;
  /** Milliseconds after which nobody has a use for it: a broker that keeps it drops it then. */
  readonly lifetime?: number;
}

/** How a peer reaches its queues. */
export interface ConnectionGrant {
  /** `amqp://` or `amqps://`, with user and password. Never logged. */
  readonly url: string;
}

/** Who is let in to read results. */
export interface Reader {
  readonly user: UserId;
  /** By which he asked: what he reads by this grant ends with it. */
  readonly token: { readonly id: string; readonly expiresAt: number | null };
  /** The names of all queues that he may read begin so; see `queue_names.ts`. */
  readonly queuePrefix: string;
}

/** The names of queues that an agent may use. */
export interface AgentQueues {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Ends what it was given for; a second call does nothing. */
export interface Subscription {
  close(): Promise<void>;
}

export interface Broker {
  /**
   * Resolves when messages for the queue would be taken: where there is a queue at once, else when
   * somebody reads it. Rejects with the signal's reason.
   */
  wanted(queue: string, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the message needs its sender no longer: it is on the broker's disk, or its reader
   * has acknowledged it. Rejects when neither will happen; it may have arrived all the same.
   */
  publish(queue: string, message: BrokerMessage): Promise<void>;
  /** Hands each message to `take`, one after the other, and acknowledges it when that resolves. */
  read(queue: string, take: (message: BrokerMessage) => Promise<void>): Promise<Subscription>;
  /** Makes the queue where it is missing. */
  declare(queue: string): Promise<void>;
  /** Nothing is published to it until it is declared again: what is known of it may be forgotten. */
  release(queue: string): void;
  /** Ends the queue and what is in it. */
  remove(queue: string): Promise<void>;
  /** Lets a user read the results of his task groups; each call makes a new password. */
  grantReader(reader: Reader): Promise<ConnectionGrant>;
  /**
   * Lets an agent read and write these queues; passwords that were given before end, with their
   * connections.
   *
   * @param agentId of an endpoint, or of a user endpoint
   */
  grantAgent(agentId: string, queues: AgentQueues): Promise<ConnectionGrant>;
  /** Ends what was granted, with its connections. */
  revokeAgent(agentId: string): Promise<void>;
  close(): Promise<void>;
}
