/** A peer of one {@link Connection}, without a socket between them: what it says, and what it is told. */
import { assertEquals } from "../../../../lib/assert.ts";
import { deferred } from "../../../../lib/async.ts";
import { Connection } from "../connection.ts";
import { FRAME, FrameReader, writeFrame } from "../frames.ts";
import { MessageQueue } from "../message_queue.ts";
import { type MethodArguments, type MethodName, readMethod, writeMethod } from "../methods.ts";
import type { Session } from "../session.ts";

export const HELLO = Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/** May read queues of which `readable` is the beginning, and write those of `writable`. */
function sessionOf(
  queues: ReadonlyMap<string, MessageQueue>,
  prepared: () => Promise<void>,
): Session {
  return {
    account: "user ada",
    mayRead: (queue) => queue.startsWith("readable"),
    mayWrite: (queue) => queue.startsWith("writable"),
    prepare: (queue) => prepared().then(() => queues.has(queue)),
    watch: () => () => {},
  };
}

export class TestPeer {
  readonly connection: Connection;
  readonly queues: ReadonlyMap<string, MessageQueue>;
  /** Resolves when the server has closed the socket. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** For how long the server looks for a queue. */
  prepared: () => Promise<void> = () => Promise.resolve();
  /** Bytes that the peer leaves unread, as the server sees them. */
  backlog = 0;
  /** What it was told and has not taken by {@link heard}. */
  #told: string[] = [];

  constructor(queues: readonly string[] = ["readable", "writable"]) {
    this.queues = new Map(queues.map((name) => [name, new MessageQueue(name)]));
    const session = sessionOf(this.queues, () => this.prepared());
    const { promise, resolve } = deferred<void>();
    this.closed = promise;
    const told = new FrameReader(1_000_000);
    const send = (pieces: readonly Uint8Array[]): void => {
      for (const piece of pieces) told.push(piece);
      for (let frame = told.next(); frame !== undefined; frame = told.next()) {
        this.#told.push(written(frame.type, frame.payload));
      }
    };
    const unread = (): number => this.backlog;
    this.connection = new Connection({
      authenticate: () => Promise.resolve(session),
      admit: () => () => {},
      queue: (name) => this.queues.get(name),
    }, {
      send,
      get backlog(): number {
        return unread();
      },
      close: () => {
        this.isClosed = true;
        resolve();
      },
    });
  }

  /** With an open connection, and with channel 1 open unless it is said otherwise. */
  static async open(
    { channel = true, heartbeat = 0, frameMax = 0, channelMax = 0 } = {},
  ): Promise<TestPeer> {
    const peer = new TestPeer();
    await peer.say(HELLO);
    await peer.login();
    await peer.method(0, "connection.tune-ok", { channelMax, frameMax, heartbeat });
    await peer.method(0, "connection.open", { vhost: "/", reserved1: "", reserved2: false });
    if (channel) await peer.method(1, "channel.open", { reserved1: "" });
    peer.heard();
    return peer;
  }

  async login(mechanism = "PLAIN"): Promise<void> {
    await this.method(0, "connection.start-ok", {
      clientProperties: {},
      mechanism,
      response: new TextEncoder().encode("\0ada\0secret"),
      locale: "en_US",
    });
  }

  async say(bytes: Uint8Array): Promise<void> {
    await this.connection.receive(bytes);
  }

  async frame(type: number, channel: number, payload: Uint8Array): Promise<void> {
    await this.say(writeFrame(type, channel, payload));
  }

  async method<N extends MethodName>(
    channel: number,
    name: N,
    args: MethodArguments<N>,
  ): Promise<void> {
    await this.frame(FRAME.method, channel, writeMethod(name, args));
  }

  async consume(
    { queue = "readable", consumerTag = "c", channel = 1, noAck = false, exclusive = false } = {},
  ): Promise<void> {
    await this.method(channel, "basic.consume", {
      reserved1: 0,
      queue,
      consumerTag,
      noLocal: false,
      noAck,
      exclusive,
      noWait: false,
      arguments: {},
    });
  }

  async publish(routingKey: string, { exchange = "", mandatory = false } = {}): Promise<void> {
    await this.method(1, "basic.publish", {
      reserved1: 0,
      exchange,
      routingKey,
      mandatory,
      immediate: false,
    });
  }

  /** The head of a message of that many bytes. */
  async head(size: number, { classId = 60, channel = 1 } = {}): Promise<void> {
    const payload = new DataView(new ArrayBuffer(14));
    payload.setUint16(0, classId);
    payload.setBigUint64(4, BigInt(size));
    await this.frame(FRAME.header, channel, new Uint8Array(payload.buffer));
  }

  /** What it was told since the last call, in few words each. */
  heard(): string[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** Expects that the server asks to close with that code, hears nothing more, and waits for the answer. */
  async expectClosing(code: number): Promise<void> {
    assertEquals([this.heard(), this.isClosed], [[`connection.close ${code}`], false]);
    await this.method(1, "channel.open", { reserved1: "" });
    assertEquals([this.heard(), this.isClosed], [[], false]);
    await this.method(0, "connection.close-ok", {});
    assertEquals([this.heard(), this.isClosed], [[], true]);
  }

  /** Expects that the socket is closed, and nothing was said. */
  expectCut(): void {
    assertEquals([this.heard(), this.isClosed], [[], true]);
  }
}

function written(type: number, payload: Uint8Array): string {
  if (type === FRAME.heartbeat) return "heartbeat";
  if (type === FRAME.header) return "header";
  if (type === FRAME.body) return `body ${new TextDecoder().decode(payload)}`;
  const { name, args } = readMethod(payload);
  if ("replyCode" in args) return `${name} ${args.replyCode}`;
  if ("deliveryTag" in args) return `${name} ${args.deliveryTag}`;
  return "consumerTag" in args ? `${name} ${args.consumerTag}` : name;
}
