/**
 * One connection of a peer: what it may say in each of its states, and what it is answered. Bytes come
 * in by `receive`, one call after the other, and go out by its link.
 */
import {
  AMQP_FRAME_BYTES,
  AMQP_HEARTBEAT_SECONDS,
  HANDSHAKE_TIMEOUT,
  MAX_AMQP_BACKLOG_BYTES,
  MAX_AMQP_CHANNELS,
  MAX_AMQP_CONSUMERS,
  MAX_AMQP_PUBLISHING_BYTES,
} from "../../../contract/limits.ts";
import { Signal } from "../../../lib/async.ts";
import { logger } from "../../../lib/log.ts";
import { VERSION } from "../../../lib/version.ts";
import { Channel } from "./channel.ts";
import { FRAME, type Frame, FrameReader, writeFrame } from "./frames.ts";
import {
  type Method,
  type MethodArguments,
  type MethodName,
  readMethod,
  writeMethod,
} from "./methods.ts";
import { AmqpError, REPLIES } from "./replies.ts";
import type { Host, Link, Session } from "./session.ts";

const log = logger("service", "amqp");

const PROTOCOL = Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);
/** The smallest frame that every peer must take, and the largest before another one was agreed on. */
const MINIMUM_FRAME_BYTES = 4_096;
const FRAME_TYPES: readonly number[] = Object.values(FRAME);
const HEARTBEAT = writeFrame(FRAME.heartbeat, 0, new Uint8Array());
/** How long a peer may take to confirm that the connection ends, milliseconds. */
const CLOSE_TIMEOUT = 1_000;

type State =
  /** Nothing was said yet. */
  | { readonly kind: "new" }
  | { readonly kind: "starting" }
  | { readonly kind: "tuning"; readonly session: Session }
  | { readonly kind: "opening"; readonly session: Session }
  | { readonly kind: "open"; readonly session: Session }
  /** Waits for the peer to confirm its end; whatever else it says is not heard. */
  | { readonly kind: "closing" }
  | { readonly kind: "closed" };

export class Connection {
  readonly #host: Host;
  readonly #link: Link;
  readonly #reader = new FrameReader(MINIMUM_FRAME_BYTES);
  /** Undefined for a channel that is closed and whose peer has not confirmed it. */
  readonly #channels = new Map<number, Channel | undefined>();
  readonly #settled = new Signal();
  #state: State = { kind: "new" };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heartbeats: ReturnType<typeof setInterval> | undefined;
  #heardAt = Date.now();
  #frameMaximum = MINIMUM_FRAME_BYTES;
  #channelMaximum = MAX_AMQP_CHANNELS;
  #publishing = 0;
  #consumers = 0;
  /** Whether nothing is read, so that nothing can be heard, since what was published is not settled. */
  #isHeld = false;
  #release: () => void = () => {};

  constructor(host: Host, link: Link) {
    this.#host = host;
    this.#link = link;
    this.#timer = setTimeout(() => this.end(), HANDSHAKE_TIMEOUT);
  }

  get isEnded(): boolean {
    return this.#state.kind === "closed";
  }

  /** Whether its peer has shown a password. */
  get isKnown(): boolean {
    const { kind } = this.#state;
    return kind === "tuning" || kind === "opening" || kind === "open";
  }

  /** Resolves when the next bytes may come. Never rejects: whatever is wrong ends the connection. */
  async receive(bytes: Uint8Array): Promise<void> {
    this.#heardAt = Date.now();
    this.#reader.push(bytes);
    try {
      if (this.#state.kind === "new" && !this.#greet()) return;
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
        await this.#frame(frame);
        await this.#untilSettled();
      }
    } catch (thrown) {
      if (!(thrown instanceof AmqpError)) throw thrown;
      this.#closeWith(thrown);
    }
  }

  async #untilSettled(): Promise<void> {
    while (this.#publishing > MAX_AMQP_PUBLISHING_BYTES && !this.isEnded) {
      this.#isHeld = true;
      await this.#settled.next();
    }
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#heardAt = Date.now();
  }

  /** The peer has taken what waited for it. */
  drained(): void {
    for (const channel of this.#channels.values()) channel?.pump();
  }

  /** Tells the peer why, and ends. */
  close(reason: string): void {
    if (this.#state.kind === "open") this.#closeWith(new AmqpError("CONNECTION_FORCED", reason));
    else if (this.#state.kind !== "closing") this.end();
  }

  /** At once, without a word; also when the peer has gone. */
  end(): void {
    if (this.isEnded) return;
    this.#state = { kind: "closed" };
    this.#leave();
    this.#link.close();
  }

  // -- frames -------------------------------------------------------------------------------------

  /** The first eight bytes. False when they are not all there, or are another protocol's. */
  #greet(): boolean {
    const first = this.#reader.raw(PROTOCOL.length);
    if (first === undefined) return false;
    if (!PROTOCOL.every((byte, index) => byte === first[index])) {
      this.#link.send([PROTOCOL]);
      this.end();
      return false;
    }
    this.#state = { kind: "starting" };
    this.#send("connection.start", {
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: {
        product: "funcx-endpoint",
        version: VERSION,
        capabilities: {
          publisher_confirms: true,
          "basic.nack": true,
          consumer_cancel_notify: true,
          authentication_failure_close: true,
        },
      },
      mechanisms: new TextEncoder().encode("PLAIN"),
      locales: new TextEncoder().encode("en_US"),
    });
    return true;
  }

  #next(): Frame | undefined {
    return this.isEnded ? undefined : this.#reader.next();
  }

  async #frame({ type, channel, payload }: Frame): Promise<void> {
    if (!FRAME_TYPES.includes(type)) {
      throw new AmqpError("FRAME_ERROR", `frames of type ${type} are not known`, { isFatal: true });
    }
    if (type === FRAME.heartbeat) {
      if (channel === 0) return;
      throw new AmqpError("COMMAND_INVALID", "heartbeats belong to channel 0");
    }
    if (channel === 0) {
      if (type !== FRAME.method) throw new AmqpError("CHANNEL_ERROR", "channel 0 has no content");
      return await this.#connectionMethod(readMethod(payload));
    }
    if (this.#state.kind === "closing") return;
    if (this.#state.kind !== "open") {
      throw new AmqpError("CHANNEL_ERROR", "a channel needs an open connection");
    }
    try {
      await this.#channelFrame(this.#state.session, { type, channel, payload });
    } catch (thrown) {
      const isOfChannel = thrown instanceof AmqpError && REPLIES[thrown.reply].closes === "channel";
      if (!isOfChannel) throw thrown;
      this.#channels.get(channel)?.close();
      this.#channels.set(channel, undefined);
      this.#send("channel.close", closing(thrown), channel);
    }
  }

  async #connectionMethod(method: Method): Promise<void> {
    const state = this.#state;
    if (method.name === "connection.close") {
      this.#send("connection.close-ok", {});
      return this.end();
    }
    if (state.kind === "closing") {
      return method.name === "connection.close-ok" ? this.end() : undefined;
    }
    if (state.kind === "starting" && method.name === "connection.start-ok") {
      return await this.#authenticate(method.args);
    }
    if (state.kind === "tuning" && method.name === "connection.tune-ok") {
      return this.#tune(state.session, method.args);
    }
    if (state.kind === "opening" && method.name === "connection.open") {
      return this.#open(state.session, method.args.vhost);
    }
    throw new AmqpError("COMMAND_INVALID", `${method.name} is not expected here`);
  }

  async #authenticate(args: MethodArguments<"connection.start-ok">): Promise<void> {
    if (args.mechanism !== "PLAIN") {
      throw new AmqpError("ACCESS_REFUSED", "only PLAIN was offered", { isFatal: true });
    }
    const [, user, password] = new TextDecoder().decode(args.response).split("\0");
    const refusal = new AmqpError(
      "ACCESS_REFUSED",
      "Login was refused using authentication mechanism PLAIN",
    );
    if (user === undefined || password === undefined) throw refusal;
    const session = await this.#host.authenticate(user, password);
    if (session instanceof AmqpError) throw session;
    // The peer may have gone meanwhile.
    if (this.isEnded) return;
    const release = this.#host.admit(session);
    if (release === undefined) throw new AmqpError("NOT_ALLOWED", "too many connections are open");
    const unwatch = session.watch((reason) => this.close(reason));
    this.#release = () => {
      unwatch();
      release();
    };
    this.#state = { kind: "tuning", session };
    this.#send("connection.tune", {
      channelMax: MAX_AMQP_CHANNELS,
      frameMax: AMQP_FRAME_BYTES,
      heartbeat: AMQP_HEARTBEAT_SECONDS,
    });
  }

  #tune(session: Session, args: MethodArguments<"connection.tune-ok">): void {
    const frameMaximum = args.frameMax === 0 ? AMQP_FRAME_BYTES : args.frameMax;
    if (frameMaximum > AMQP_FRAME_BYTES || args.channelMax > MAX_AMQP_CHANNELS) {
      throw new AmqpError("NOT_ALLOWED", "more was asked for than offered", { isFatal: true });
    }
    if (frameMaximum < MINIMUM_FRAME_BYTES) {
      throw new AmqpError("NOT_ALLOWED", `frames of ${frameMaximum} bytes are too small`);
    }
    this.#frameMaximum = frameMaximum;
    this.#reader.maximum = frameMaximum;
    this.#channelMaximum = args.channelMax === 0 ? MAX_AMQP_CHANNELS : args.channelMax;
    if (args.heartbeat > 0) this.#beat(args.heartbeat * 1_000);
    this.#state = { kind: "opening", session };
  }

  /** @param interval milliseconds; a peer that is silent for two of them is gone */
  #beat(interval: number): void {
    this.#heartbeats = setInterval(() => {
      const isSilent = Date.now() - this.#heardAt > 2 * interval;
      if (isSilent && !this.#isHeld) return this.end();
      this.#link.send([HEARTBEAT]);
    }, interval / 2);
  }

  #open(session: Session, vhost: string): void {
    if (vhost !== "/") throw new AmqpError("INVALID_PATH", `vhost '${vhost}' not found`);
    clearTimeout(this.#timer);
    this.#state = { kind: "open", session };
    this.#send("connection.open-ok", { reserved1: "" });
  }

  async #channelFrame(session: Session, { type, channel: number, payload }: Frame): Promise<void> {
    const method = type === FRAME.method ? readMethod(payload) : undefined;
    if (method?.name.startsWith("connection.")) {
      throw new AmqpError("COMMAND_INVALID", `${method.name} belongs to channel 0`);
    }
    if (method?.name === "channel.open") return this.#openChannel(session, number);
    if (!this.#channels.has(number)) {
      throw new AmqpError("CHANNEL_ERROR", `channel ${number} is not open`);
    }
    const channel = this.#channels.get(number);
    if (method?.name === "channel.close") {
      channel?.close();
      this.#channels.delete(number);
      return this.#send("channel.close-ok", {}, number);
    }
    if (channel === undefined) {
      if (method?.name === "channel.close-ok") this.#channels.delete(number);
      return;
    }
    if (method !== undefined) await channel.method(method);
    else if (type === FRAME.header) channel.header(payload);
    else channel.body(payload);
  }

  #openChannel(session: Session, number: number): void {
    if (this.#channels.has(number)) {
      throw new AmqpError("CHANNEL_ERROR", `channel ${number} is open already`);
    }
    if (number > this.#channelMaximum) {
      throw new AmqpError("NOT_ALLOWED", `channels go up to ${this.#channelMaximum}`);
    }
    const channel = new Channel({
      number,
      frameMaximum: this.#frameMaximum,
      host: this.#host,
      session,
      send: (frames) => this.#sendFrames(frames),
      keepsUp: () => this.#link.backlog < MAX_AMQP_BACKLOG_BYTES,
      publishing: (bytes) => {
        this.#publishing += bytes;
        if (bytes < 0) this.#settled.notify();
      },
      consuming: (change) => {
        if (change > 0 && this.#consumers >= MAX_AMQP_CONSUMERS) return false;
        this.#consumers += change;
        return true;
      },
    });
    this.#channels.set(number, channel);
    this.#send("channel.open-ok", { reserved1: new Uint8Array() }, number);
  }

  // -- ends ---------------------------------------------------------------------------------------

  #closeWith(error: AmqpError): void {
    if (this.#state.kind === "closing" || this.isEnded) return this.end();
    log.debug("a connection ends: {error}", { error: error.text });
    if (error.isFatal) return this.end();
    const wasGreeted = this.#state.kind !== "new";
    this.#state = { kind: "closing" };
    this.#leave();
    if (!wasGreeted) return this.end();
    this.#send("connection.close", closing(error));
    this.#timer = setTimeout(() => this.end(), CLOSE_TIMEOUT);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#heartbeats);
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) channel?.close();
    this.#release();
    this.#release = () => {};
    this.#settled.notify();
  }

  #send<N extends MethodName>(name: N, args: MethodArguments<N>, channel = 0): void {
    this.#sendFrames([writeFrame(FRAME.method, channel, writeMethod(name, args))]);
  }

  /** A peer that lets answers pile up is cut: messages for it wait elsewhere. */
  #sendFrames(frames: readonly Uint8Array<ArrayBuffer>[]): void {
    if (this.isEnded) return;
    if (this.#link.backlog > 8 * MAX_AMQP_BACKLOG_BYTES) return this.end();
    this.#link.send(frames);
  }
}

function closing(error: AmqpError): MethodArguments<"connection.close"> {
  return { replyCode: error.code, replyText: error.text, classId: 0, methodId: 0 };
}
