/** One channel of a connection: its readers, what they have not acknowledged, and what is published. */
import { type BrokerMessage, EXCHANGE } from "../broker.ts";
import { MAX_AMQP_CONSUMERS, MAX_AMQP_MESSAGE_BYTES } from "../../../contract/limits.ts";
import {
  contentFrames,
  type ContentHeader,
  FRAME,
  readContentHeader,
  writeFrame,
} from "./frames.ts";
import type { Delivery, MessageQueue, QueueReader } from "./message_queue.ts";
import { type Method, type MethodArguments, type MethodName, writeMethod } from "./methods.ts";
import { AmqpError, REPLIES } from "./replies.ts";
import type { Host, Session } from "./session.ts";

export interface ChannelParts {
  readonly number: number;
  readonly frameMaximum: number;
  readonly host: Host;
  readonly session: Session;
  readonly send: (frames: readonly Uint8Array<ArrayBuffer>[]) => void;
  /** Whether the peer reads what it is sent. */
  readonly keepsUp: () => boolean;
  /** Told of bytes that were published, and of those that were settled, as negative ones. */
  readonly publishing: (bytes: number) => void;
  /** Counts readers of the whole connection. False when there may be no more. */
  readonly consuming: (change: 1 | -1) => boolean;
}

/** What comes after a `basic.publish`. */
type Incoming =
  | { readonly kind: "nothing" }
  | { readonly kind: "header"; readonly publish: MethodArguments<"basic.publish"> }
  | {
    readonly kind: "body";
    readonly publish: MethodArguments<"basic.publish">;
    readonly header: ContentHeader;
    readonly body: Uint8Array<ArrayBuffer>;
    filled: number;
  };

interface Consumer extends QueueReader {
  readonly tag: string;
  readonly queue: MessageQueue;
}

export class Channel {
  readonly #parts: ChannelParts;
  readonly #consumers = new Map<string, Consumer>();
  /** By delivery tag, in their order. */
  readonly #unsettled = new Map<number, Delivery>();
  #incoming: Incoming = { kind: "nothing" };
  #lastDelivery = 0;
  #lastConsumer = 0;
  /** Unacknowledged messages that it takes; 0 is any number. */
  #prefetch = 0;
  #flows = true;
  /** Counts what was published since `confirm.select`. */
  #confirming: number | undefined;
  #isOpen = true;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
  }

  /** The peer has taken what waited for it, or may take more. */
  pump(): void {
    for (const { queue } of [...this.#consumers.values()]) queue.pump();
  }

  /** Gives back what was not acknowledged. */
  close(): void {
    this.#isOpen = false;
    // All readers first, so that nothing goes from one that ends to another one that does.
    for (const consumer of [...this.#consumers.values()]) this.#drop(consumer);
    this.#giveBack([...this.#unsettled.values()]);
    this.#unsettled.clear();
  }

  /** Throws `AmqpError`. */
  async method({ name, args }: Method): Promise<void> {
    if (this.#incoming.kind !== "nothing") {
      throw new AmqpError("UNEXPECTED_FRAME", "expected the content of a message, found a method");
    }
    switch (name) {
      case "channel.flow":
        this.#flows = args.active;
        this.#send("channel.flow-ok", { active: args.active });
        return this.pump();
      case "exchange.declare":
        return this.#declareExchange(args);
      case "queue.declare":
        return await this.#declareQueue(args);
      case "basic.qos":
        if (args.prefetchSize > 0) {
          throw new AmqpError("NOT_IMPLEMENTED", "a prefetch size is not served here");
        }
        this.#prefetch = args.prefetchCount;
        this.#send("basic.qos-ok", {});
        return this.pump();
      case "basic.consume":
        return await this.#consume(args);
      case "basic.cancel":
        return this.#cancel(args);
      case "basic.ack":
        return this.#acknowledge(args.deliveryTag, args.multiple);
      case "basic.nack":
        return this.#refuse(args.deliveryTag, args.multiple, args.requeue);
      case "basic.reject":
        return this.#refuse(args.deliveryTag, false, args.requeue);
      case "basic.publish":
        return this.#beginPublish(args);
      case "confirm.select":
        this.#confirming ??= 0;
        if (!args.noWait) this.#send("confirm.select-ok", {});
        return;
      case "basic.cancel-ok":
        return;
      default:
        throw new AmqpError("COMMAND_INVALID", `${name} is not for a server's channel`);
    }
  }

  // -- declarations -------------------------------------------------------------------------------

  #declareExchange(args: MethodArguments<"exchange.declare">): void {
    if (args.exchange !== EXCHANGE && args.exchange !== "") {
      throw new AmqpError("NOT_FOUND", `no exchange '${args.exchange}' in vhost '/'`);
    }
    if (!args.passive) throw new AmqpError("ACCESS_REFUSED", "exchanges are made by the service");
    if (!args.noWait) this.#send("exchange.declare-ok", {});
  }

  async #declareQueue(args: MethodArguments<"queue.declare">): Promise<void> {
    const { session } = this.#parts;
    if (!args.passive) throw new AmqpError("ACCESS_REFUSED", "queues are made by the service");
    const mayWrite = session.mayWrite(args.queue);
    const queue = mayWrite ? this.#existing(args.queue) : await this.#readable(args.queue);
    if (args.noWait) return;
    this.#send("queue.declare-ok", {
      queue: queue.name,
      messageCount: queue.waiting,
      consumerCount: queue.readers,
    });
  }

  async #readable(name: string): Promise<MessageQueue> {
    const { session } = this.#parts;
    if (!session.mayRead(name)) {
      throw new AmqpError("ACCESS_REFUSED", `read access to queue '${name}' is refused`);
    }
    if (!await session.prepare(name)) throw noQueue(name);
    return this.#existing(name);
  }

  #existing(name: string): MessageQueue {
    const queue = this.#parts.host.queue(name);
    if (queue === undefined) throw noQueue(name);
    return queue;
  }

  // -- reading ------------------------------------------------------------------------------------

  async #consume(args: MethodArguments<"basic.consume">): Promise<void> {
    const queue = await this.#readable(args.queue);
    // Its connection may have ended meanwhile, and what is attached from then on nobody would detach.
    if (!this.#isOpen) return;
    const tag = args.consumerTag === "" ? `ctag.${++this.#lastConsumer}` : args.consumerTag;
    if (this.#consumers.has(tag)) {
      throw new AmqpError("NOT_ALLOWED", `attempt to reuse consumer tag '${tag}'`);
    }
    const consumer: Consumer = {
      tag,
      queue,
      exclusive: args.exclusive,
      canTake: () => this.#canTake(),
      take: (delivery) => this.#deliver(consumer, delivery, args.noAck),
      ended: () => {
        this.#drop(consumer);
        this.#send("basic.cancel", { consumerTag: tag, noWait: true });
      },
    };
    queue.requireRoomFor(consumer);
    if (!this.#parts.consuming(1)) {
      throw new AmqpError(
        "RESOURCE_ERROR",
        `a connection has ${MAX_AMQP_CONSUMERS} readers at most`,
      );
    }
    this.#consumers.set(tag, consumer);
    // Before the first message, which `attach` may hand out.
    if (!args.noWait) this.#send("basic.consume-ok", { consumerTag: tag });
    queue.attach(consumer);
  }

  #drop(consumer: Consumer): void {
    this.#consumers.delete(consumer.tag);
    this.#parts.consuming(-1);
    consumer.queue.detach(consumer);
  }

  #canTake(): boolean {
    const hasRoom = this.#prefetch === 0 || this.#unsettled.size < this.#prefetch;
    return this.#isOpen && this.#flows && hasRoom && this.#parts.keepsUp();
  }

  #deliver(consumer: Consumer, delivery: Delivery, noAck: boolean): void {
    const { number, frameMaximum, send } = this.#parts;
    const deliveryTag = ++this.#lastDelivery;
    const method = writeMethod("basic.deliver", {
      consumerTag: consumer.tag,
      deliveryTag,
      redelivered: delivery.count > 1,
      exchange: "",
      routingKey: consumer.queue.name,
    });
    const content = contentFrames(number, delivery.message, frameMaximum);
    if (noAck) delivery.acknowledge();
    else this.#unsettled.set(deliveryTag, delivery);
    send([writeFrame(FRAME.method, number, method), ...content]);
  }

  #cancel({ consumerTag, noWait }: MethodArguments<"basic.cancel">): void {
    const consumer = this.#consumers.get(consumerTag);
    // What it has not acknowledged stays with the channel, and may be until that is closed.
    if (consumer !== undefined) this.#drop(consumer);
    if (!noWait) this.#send("basic.cancel-ok", { consumerTag });
  }

  #acknowledge(deliveryTag: number, multiple: boolean): void {
    for (const delivery of this.#settle(deliveryTag, multiple)) delivery.acknowledge();
    this.pump();
  }

  #refuse(deliveryTag: number, multiple: boolean, requeue: boolean): void {
    const settled = this.#settle(deliveryTag, multiple);
    if (requeue) this.#giveBack(settled);
    else for (const delivery of settled) delivery.acknowledge();
    this.pump();
  }

  /** Takes them out of what is not acknowledged. Throws `PRECONDITION_FAILED`. */
  #settle(deliveryTag: number, multiple: boolean): readonly Delivery[] {
    const isAll = multiple && deliveryTag === 0;
    if (!isAll && !this.#unsettled.has(deliveryTag)) {
      throw new AmqpError("PRECONDITION_FAILED", `unknown delivery tag ${deliveryTag}`);
    }
    const tags: number[] = [];
    if (!multiple) tags.push(deliveryTag);
    else {
      for (const tag of this.#unsettled.keys()) {
        if (!isAll && tag > deliveryTag) break;
        tags.push(tag);
      }
    }
    return tags.map((tag) => {
      const delivery = this.#unsettled.get(tag)!;
      this.#unsettled.delete(tag);
      return delivery;
    });
  }

  #giveBack(deliveries: readonly Delivery[]): void {
    const byQueue = Map.groupBy(deliveries, ({ queue }) => queue);
    for (const [queue, given] of byQueue) queue.giveBack(given);
  }

  // -- publishing ---------------------------------------------------------------------------------

  #beginPublish(publish: MethodArguments<"basic.publish">): void {
    if (publish.exchange !== "" && publish.exchange !== EXCHANGE) {
      throw new AmqpError("NOT_FOUND", `no exchange '${publish.exchange}' in vhost '/'`);
    }
    if (!this.#parts.session.mayWrite(publish.routingKey)) {
      throw new AmqpError("ACCESS_REFUSED", `write access to '${publish.routingKey}' is refused`);
    }
    this.#incoming = { kind: "header", publish };
  }

  /** A frame with the head of a message's content. */
  header(payload: Uint8Array): void {
    if (this.#incoming.kind !== "header") throw unexpected("the head of a message");
    const header = readContentHeader(payload);
    if (header.size > MAX_AMQP_MESSAGE_BYTES) {
      this.#incoming = { kind: "nothing" };
      throw new AmqpError("CONTENT_TOO_LARGE", `a message has at most ${MAX_AMQP_MESSAGE_BYTES} B`);
    }
    const { publish } = this.#incoming;
    const body = new Uint8Array(header.size);
    this.#incoming = { kind: "body", publish, header, body, filled: 0 };
    this.#publishWhole();
  }

  /** A frame with a piece of a message's body. */
  body(payload: Uint8Array): void {
    const incoming = this.#incoming;
    if (incoming.kind !== "body") throw unexpected("a piece of a message");
    if (incoming.filled + payload.length > incoming.body.length) {
      throw new AmqpError("UNEXPECTED_FRAME", "a message is longer than its head says");
    }
    incoming.body.set(payload, incoming.filled);
    incoming.filled += payload.length;
    this.#publishWhole();
  }

  #publishWhole(): void {
    if (this.#incoming.kind !== "body") return;
    const { publish, header, body, filled } = this.#incoming;
    if (filled < body.length) return;
    this.#incoming = { kind: "nothing" };
    const tag = this.#confirming === undefined ? undefined : ++this.#confirming;
    const message: BrokerMessage = { ...header.properties, body };
    const queue = this.#parts.host.queue(publish.routingKey);
    if (queue === undefined || queue.readers === 0) {
      if (publish.mandatory) this.#return(publish, message);
      return this.#confirm(tag, true);
    }
    this.#parts.publishing(body.length);
    queue.publish(message).then(() => true, () => false).then((isTaken) => {
      this.#parts.publishing(-body.length);
      if (this.#isOpen) this.#confirm(tag, isTaken);
    });
  }

  #return(publish: MethodArguments<"basic.publish">, message: BrokerMessage): void {
    const { number, frameMaximum, send } = this.#parts;
    const method = writeMethod("basic.return", {
      replyCode: REPLIES.NO_ROUTE.code,
      replyText: "NO_ROUTE",
      exchange: publish.exchange,
      routingKey: publish.routingKey,
    });
    const content = contentFrames(number, message, frameMaximum);
    send([writeFrame(FRAME.method, number, method), ...content]);
  }

  #confirm(deliveryTag: number | undefined, isTaken: boolean): void {
    if (deliveryTag === undefined) return;
    if (isTaken) this.#send("basic.ack", { deliveryTag, multiple: false });
    else this.#send("basic.nack", { deliveryTag, multiple: false, requeue: false });
  }

  #send<N extends MethodName>(name: N, args: MethodArguments<N>): void {
    const { number, send } = this.#parts;
    send([writeFrame(FRAME.method, number, writeMethod(name, args))]);
  }
}

function noQueue(name: string): AmqpError {
  return new AmqpError("NOT_FOUND", `no queue '${name}' in vhost '/'`);
}

function unexpected(what: string): AmqpError {
  return new AmqpError("UNEXPECTED_FRAME", `${what} came without its method`);
}
