/**
 * The one connection to RabbitMQ. It is dialled again whenever it ends, for as long as the service
 * runs; a broker that is away, or refuses, is told and waited for.
 */
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { Backoff } from "../../../lib/backoff.ts";
import type { BrokerStatus } from "../../../contract/control.ts";
import { logger } from "../../../lib/log.ts";
import { messageOf } from "../../../lib/outcome.ts";
import { type RabbitAddress, shownAddress } from "./rabbit_address.ts";

const log = logger("service", "amqp");

/** Milliseconds, as all that follow. */
const BACKOFF = { initial: 500, maximum: 30_000, minimumUptime: 60_000 };
const CONNECT_TIMEOUT = 10_000;
/** Seconds. */
const HEARTBEAT = 30;

/** What is up between two losses. */
export interface OpenLink {
  readonly model: ChannelModel;
  /** All that is published goes through it, each message confirmed by itself. */
  readonly publishing: ConfirmChannel;
}

export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly since: number; readonly link: OpenLink }
  /** RabbitMQ takes nothing for a while, since it lacks memory or disk. */
  | {
    readonly kind: "blocked";
    readonly since: number;
    readonly link: OpenLink;
    readonly reason: string;
  }
  | {
    readonly kind: "away";
    readonly since: number;
    readonly code: Exclude<BrokerStatus["code"], undefined>;
    readonly reason: string;
  }
  | { readonly kind: "closed" };

interface Waiting {
  /** `ready`: for a connection that takes messages. */
  readonly wants: "open" | "ready";
  readonly resolve: (link: OpenLink) => void;
}

export class RabbitLink {
  readonly #address: RabbitAddress;
  readonly #backoff = new Backoff(BACKOFF);
  readonly #waiting = new Set<Waiting>();
  readonly #onOpen = new Set<(link: OpenLink) => void>();
  readonly #closing = new AbortController();
  #state: LinkState = { kind: "connecting" };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dialling: Promise<void>;

  constructor(address: RabbitAddress) {
    this.#address = address;
    this.#dialling = this.#dial();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Called at each new connection. */
  onOpen(listener: (link: OpenLink) => void): () => void {
    this.#onOpen.add(listener);
    return () => this.#onOpen.delete(listener);
  }

  /** The connection, as soon as there is one. Rejects with the signal's reason, or when closed. */
  open(signal?: AbortSignal): Promise<OpenLink> {
    return this.#wait("open", signal);
  }

  /** The same as soon as RabbitMQ takes messages from it. */
  ready(signal?: AbortSignal): Promise<OpenLink> {
    return this.#wait("ready", signal);
  }

  async #wait(wants: Waiting["wants"], signal: AbortSignal | undefined): Promise<OpenLink> {
    const state = this.#state;
    if (state.kind === "connected") return state.link;
    if (state.kind === "blocked" && wants === "open") return state.link;
    const ends = AbortSignal.any([this.#closing.signal, ...signal === undefined ? [] : [signal]]);
    ends.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<OpenLink>();
    const abort = (): void => reject(ends.reason);
    const waiting = { wants, resolve };
    this.#waiting.add(waiting);
    ends.addEventListener("abort", abort, { once: true });
    try {
      return await promise;
    } finally {
      this.#waiting.delete(waiting);
      ends.removeEventListener("abort", abort);
    }
  }

  async close(): Promise<void> {
    const state = this.#state;
    if (state.kind === "closed") return;
    this.#state = { kind: "closed" };
    clearTimeout(this.#timer);
    this.#closing.abort(new Error("the link to RabbitMQ is closed"));
    await this.#dialling;
    if (state.kind === "connected" || state.kind === "blocked") {
      await closeQuietly(state.link.model);
    }
  }

  async #dial(): Promise<void> {
    try {
      const { hostname, port, vhost, user, password, tls, ca } = this.#address;
      const model = await connect({
        protocol: tls ? "amqps" : "amqp",
        hostname,
        port,
        vhost,
        username: user,
        password,
        heartbeat: HEARTBEAT,
      }, { timeout: CONNECT_TIMEOUT, noDelay: true, ...(ca === undefined ? {} : { ca: [ca] }) });
      // Without a listener an error would be thrown at nobody.
      model.on("error", () => {});
      await this.#opened(model);
    } catch (thrown) {
      this.#lost(messageOf(thrown), 0);
    }
  }

  async #opened(model: ChannelModel): Promise<void> {
    const since = Date.now();
    model.on("close", (error) => this.#lost(messageOf(error ?? "closed"), Date.now() - since));
    const publishing = await model.createConfirmChannel();
    publishing.on("error", () => {});
    // Without its channel the connection is of no use.
    publishing.on("close", () => void closeQuietly(model));
    if (this.#state.kind === "closed") return await closeQuietly(model);
    const link: OpenLink = { model, publishing };
    this.#state = { kind: "connected", since, link };
    model.on("blocked", (reason) => {
      log.warning("RabbitMQ takes no messages (BROKER_BLOCKED): {reason}", { reason });
      this.#state = { kind: "blocked", since: Date.now(), link, reason };
    });
    model.on("unblocked", () => {
      log.info("RabbitMQ takes messages again");
      this.#state = { kind: "connected", since, link };
      for (const { resolve } of [...this.#waiting]) resolve(link);
    });
    log.info("connected to {broker}", { broker: shownAddress(this.#address) });
    for (const { resolve } of [...this.#waiting]) resolve(link);
    for (const listener of [...this.#onOpen]) listener(link);
  }

  #lost(reason: string, uptime: number): void {
    if (this.#state.kind === "closed") return;
    const before = this.#state;
    const since = before.kind === "away" ? before.since : Date.now();
    const code = isRefusal(reason) ? "BROKER_REFUSED" : "BROKER_UNREACHABLE";
    this.#state = { kind: "away", since, code, reason };
    this.#backoff.connectionEnded(uptime);
    const delay = this.#backoff.next();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#dialling = this.#dial(), delay);
    const broker = shownAddress(this.#address);
    const said = { broker, code, reason, delay };
    if (before.kind === "away" && before.reason === reason) {
      log.debug("no link to {broker}: {reason}; again in {delay} ms", said);
    } else {
      log.warning("no link to {broker} ({code}): {reason}; results wait for it on this disk", said);
    }
  }
}

/** A login, or a virtual host, that RabbitMQ does not take. */
function isRefusal(reason: string): boolean {
  return /^Handshake terminated by server: (403|530)\b/.test(reason);
}

/** One that is closing, or lost, says so by an exception. */
async function closeQuietly(model: ChannelModel): Promise<void> {
  try {
    await model.close();
  } catch (thrown) {
    log.debug("the link to RabbitMQ was closed already: {thrown}", { thrown: messageOf(thrown) });
  }
}
