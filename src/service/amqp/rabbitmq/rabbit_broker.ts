/** A `Broker` that is a RabbitMQ. */
import type { Channel, ConsumeMessage, Message } from "amqplib";
import { Buffer } from "node:buffer";
import type { BrokerStatus } from "../../../contract/control.ts";
import { FuncxError } from "../../../contract/errors.ts";
import { withTimeout } from "../../../lib/async.ts";
import { logger } from "../../../lib/log.ts";
import { messageOf } from "../../../lib/outcome.ts";
import {
  type AgentQueues,
  type Broker,
  type BrokerMessage,
  type ConnectionGrant,
  EXCHANGE,
  type Reader,
  type Subscription,
} from "../broker.ts";
import { EndedLogins, type TokenParts } from "./ended_logins.ts";
import { Logins } from "./logins.ts";
import type { RabbitAddress } from "./rabbit_address.ts";
import { type LinkState, type OpenLink, RabbitLink } from "./rabbit_link.ts";

const log = logger("service", "amqp");

/** Milliseconds without a reader after which RabbitMQ drops a queue; the store has all of it. */
const QUEUE_LIFETIME = 14 * 24 * 60 * 60 * 1_000;
/** Messages that RabbitMQ hands out before they are acknowledged. */
const PREFETCH = 16;
/** Milliseconds before what could not be taken, or a queue that could not be read, is tried again. */
const PAUSE = 1_000;
/** Milliseconds that a request waits for a connection, and for an answer through it. */
const PATIENCE = 5_000;
const ANSWER_TIMEOUT = 10_000;

const HINTS = {
  BROKER_UNREACHABLE: "Results wait on this disk until it is back; nothing else need be done here.",
  BROKER_REFUSED: "Mend the login file, or the address, and start the service again.",
  BROKER_BLOCKED: "Give RabbitMQ disk or memory; results wait on this disk.",
} as const;

export class RabbitBroker implements Broker {
  readonly #link: RabbitLink;
  readonly #logins: Logins;
  readonly #endedLogins: EndedLogins;
  /** Queues that there are, as far as this connection knows. */
  readonly #known = new Set<string>();
  /** Those who wait for a queue to be made. */
  readonly #wanting = new Map<string, Set<() => void>>();
  /** Messages on their way that found no queue, by message id. */
  readonly #returned = new Set<string>();

  /** Dials at once and goes on for as long as it is open; never throws. */
  constructor(address: RabbitAddress, parts: TokenParts) {
    this.#logins = new Logins(address, parts.store.serviceId);
    this.#endedLogins = new EndedLogins(parts, this.#logins);
    this.#link = new RabbitLink(address);
    this.#link.onOpen(({ publishing }) => {
      this.#known.clear();
      this.#returned.clear();
      publishing.on("return", ({ properties }: Message) => {
        this.#returned.add(String(properties.messageId));
      });
    });
  }

  get state(): LinkState {
    return this.#link.state;
  }

  /** The same for people. */
  health(): Pick<BrokerStatus, "state" | "since" | "code" | "reason" | "hint"> {
    const state = this.#link.state;
    switch (state.kind) {
      case "connecting":
        return { state: "connecting" };
      case "connected":
        return { state: "connected", since: state.since };
      case "blocked": {
        const { kind, since, reason } = state;
        const code = "BROKER_BLOCKED";
        return { state: kind, since, code, reason, hint: HINTS[code] };
      }
      case "away": {
        const { kind, since, code, reason } = state;
        return { state: kind, since, code, reason, hint: HINTS[code] };
      }
      case "closed":
        return { state: "away", reason: "the service is stopping" };
    }
  }

  async wanted(queue: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const link = await this.#link.ready(signal);
      if (this.#known.has(queue) || await this.#exists(link, queue)) return;
      await this.#made(queue, signal);
    }
  }

  async publish(queue: string, message: BrokerMessage): Promise<void> {
    const { publishing } = await this.#link.ready();
    const messageId = crypto.randomUUID();
    const { body, headers, contentType, timestamp, lifetime } = message;
    const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    await new Promise<void>((resolve, reject) => {
      publishing.publish("", queue, content, {
        persistent: true,
        mandatory: true,
        messageId,
        headers: { ...headers },
        contentType,
        timestamp,
        expiration: lifetime,
      }, (error) => error === null ? resolve() : reject(error));
    });
    if (!this.#returned.delete(messageId)) return;
    this.#known.delete(queue);
    throw new Error(`RabbitMQ has no queue ${queue}`);
  }

  async read(
    queue: string,
    take: (message: BrokerMessage) => Promise<void>,
  ): Promise<Subscription> {
    const reading = new Reading(this.#link, queue, take, () => this.declare(queue));
    await Promise.resolve();
    return reading;
  }

  async declare(queue: string): Promise<void> {
    const link = await this.#open();
    await this.#answered(withChannel(link, async (channel) => {
      await channel.assertExchange(EXCHANGE, "topic", { durable: true });
      await channel.assertQueue(queue, { durable: true, expires: QUEUE_LIFETIME });
      await channel.bindQueue(queue, EXCHANGE, queue);
    }));
    this.#known.add(queue);
    for (const told of this.#wanting.get(queue) ?? []) told();
  }

  release(queue: string): void {
    this.#known.delete(queue);
  }

  async remove(queue: string): Promise<void> {
    const link = await this.#open();
    this.#known.delete(queue);
    await this.#answered(withChannel(link, (channel) => channel.deleteQueue(queue)));
  }

  async grantReader(reader: Reader): Promise<ConnectionGrant> {
    await this.#endedLogins.watch(reader.token.id);
    const grant = await this.#logins.forReader(reader);
    // The token may have ended meanwhile, before there was a login to end.
    if (await this.#endedLogins.watch(reader.token.id)) return grant;
    throw new FuncxError({ code: "INVALID_AUTH_TOKEN", message: "the token has just ended" });
  }

  async grantAgent(agentId: string, queues: AgentQueues): Promise<ConnectionGrant> {
    for (const queue of [...queues.reads, ...queues.writes]) await this.declare(queue);
    return await this.#logins.forAgent(agentId, queues);
  }

  async revokeAgent(agentId: string): Promise<void> {
    await this.#logins.removeAgent(agentId);
  }

  async close(): Promise<void> {
    await this.#link.close();
    await this.#endedLogins.close();
    this.#logins.close();
  }

  /** For those who cannot wait for as long as it takes. Throws SERVICE_BUSY. */
  async #open(): Promise<OpenLink> {
    const { state } = this.#link;
    // It would not answer; and what has been away for long need not be waited for by everybody.
    if (state.kind === "blocked") throw this.#busy();
    const waited = state.kind === "away" ? Date.now() - state.since : 0;
    if (waited >= PATIENCE) throw this.#busy();
    const patience = AbortSignal.timeout(PATIENCE - waited);
    try {
      return await this.#link.ready(patience);
    } catch (thrown) {
      throw patience.aborted ? this.#busy() : thrown;
    }
  }

  /** A broker that is blocked need not answer. Throws SERVICE_BUSY. */
  async #answered(asked: Promise<unknown>): Promise<void> {
    // What comes too late, or fails then, is of no use to anybody.
    asked.catch(() => {});
    if (await withTimeout(asked, ANSWER_TIMEOUT) === "timeout") throw this.#busy();
  }

  #busy(): FuncxError {
    const { state, code, reason } = this.health();
    return new FuncxError({
      code: "SERVICE_BUSY",
      message: `the service's RabbitMQ does not serve (${code ?? state}): ${reason ?? state}`,
      hint: "Try again in a while; `funcx-endpoint service status` tells how it is.",
    });
  }

  async #exists(link: OpenLink, queue: string): Promise<boolean> {
    try {
      await withChannel(link, (channel) => channel.checkQueue(queue));
      this.#known.add(queue);
      return true;
    } catch (thrown) {
      log.debug("no queue {queue} yet: {thrown}", { queue, thrown: messageOf(thrown) });
      return false;
    }
  }

  /** Resolves when the queue is declared here, or the connection is a new one. */
  async #made(queue: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = this.#wanting.get(queue) ?? new Set();
    this.#wanting.set(queue, waiting.add(resolve));
    const forget = this.#link.onOpen(() => resolve());
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      forget();
      signal.removeEventListener("abort", abort);
      waiting.delete(resolve);
      if (waiting.size === 0) this.#wanting.delete(queue);
    }
  }
}

/** Reads one queue, on each connection anew. */
class Reading implements Subscription {
  readonly #link: RabbitLink;
  readonly #queue: string;
  readonly #take: (message: BrokerMessage) => Promise<void>;
  readonly #declare: () => Promise<void>;
  readonly #forget: () => void;
  #closed = false;
  #channel: Channel | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    link: RabbitLink,
    queue: string,
    take: (message: BrokerMessage) => Promise<void>,
    declare: () => Promise<void>,
  ) {
    this.#link = link;
    this.#queue = queue;
    this.#take = take;
    this.#declare = declare;
    this.#forget = link.onOpen((open) => void this.#consume(open));
    const { state } = link;
    if (state.kind === "connected" || state.kind === "blocked") void this.#consume(state.link);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    clearTimeout(this.#timer);
    await this.#channel?.close().catch(() => undefined);
    await this.#turn;
  }

  async #consume(link: OpenLink): Promise<void> {
    try {
      await this.#declare();
      const channel = await link.model.createChannel();
      this.#channel = channel;
      channel.on("error", () => {});
      if (this.#closed) return await channel.close();
      channel.on("close", () => this.#again(link));
      await channel.prefetch(PREFETCH);
      await channel.consume(this.#queue, (message) => {
        // RabbitMQ has ended the queue.
        if (message === null) return void channel.close().catch(() => undefined);
        this.#turn = this.#turn.then(() => this.#handle(channel, message));
      });
    } catch (thrown) {
      log.debug("cannot read {queue}: {thrown}", {
        queue: this.#queue,
        thrown: messageOf(thrown),
      });
      this.#again(link);
    }
  }

  /** On the same connection; a new one begins by itself. */
  #again(link: OpenLink): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const { state } = this.#link;
      const isSame = (state.kind === "connected" || state.kind === "blocked") &&
        state.link === link;
      if (isSame && !this.#closed) void this.#consume(link);
    }, PAUSE);
  }

  async #handle(channel: Channel, message: ConsumeMessage): Promise<void> {
    if (this.#closed || channel !== this.#channel) return;
    try {
      await this.#take(received(message));
    } catch (thrown) {
      log.warning("a message of {queue} was not taken, again soon: {thrown}", {
        queue: this.#queue,
        thrown: messageOf(thrown),
      });
      // With it all that was handed out goes back, in its order: none of it is taken before.
      this.#channel = undefined;
      return await channel.close().catch(() => undefined);
    }
    try {
      channel.ack(message);
    } catch {
      // The connection was lost: the message comes once more.
    }
  }
}

function received({ content, properties }: ConsumeMessage): BrokerMessage {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties.headers ?? {})) {
    if (typeof value === "string") headers[name] = value;
  }
  return {
    body: new Uint8Array(content),
    headers,
    contentType: properties.contentType,
    timestamp: properties.timestamp,
  };
}

/** A channel of its own, since a refusal ends the channel. */
async function withChannel<T>(
  link: OpenLink,
  use: (channel: Channel) => Promise<T>,
): Promise<T> {
  const channel = await link.model.createChannel();
  channel.on("error", () => {});
  try {
    return await use(channel);
  } finally {
    await channel.close().catch(() => undefined);
  }
}
