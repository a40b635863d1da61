/** The methods of AMQP 0-9-1 that are spoken here, by class and method number (its XML definition). */
import { AmqpError } from "./replies.ts";
import { ByteReader, ByteWriter, type FieldTable } from "./wire.ts";

interface Values {
  octet: number;
  short: number;
  long: number;
  longlong: number;
  shortstr: string;
  longstr: Uint8Array;
  table: FieldTable;
  bit: boolean;
}
type Kind = keyof Values;
type Fields = Readonly<Record<string, Kind>>;

/** In the order in which its fields travel; bits that follow each other share an octet. */
function method<const F extends Fields>(
  classId: number,
  methodId: number,
  fields: F,
): { readonly id: number; readonly fields: F } {
  return { id: classId * 0x1_0000 + methodId, fields };
}

const closing = {
  replyCode: "short",
  replyText: "shortstr",
  classId: "short",
  methodId: "short",
} as const;

export const METHODS = {
  "connection.start": method(10, 10, {
    versionMajor: "octet",
    versionMinor: "octet",
    serverProperties: "table",
    mechanisms: "longstr",
    locales: "longstr",
  }),
  "connection.start-ok": method(10, 11, {
    clientProperties: "table",
    mechanism: "shortstr",
    response: "longstr",
    locale: "shortstr",
  }),
  "connection.tune": method(10, 30, { channelMax: "short", frameMax: "long", heartbeat: "short" }),
  "connection.tune-ok": method(10, 31, {
    channelMax: "short",
    frameMax: "long",
    heartbeat: "short",
  }),
  "connection.open": method(10, 40, { vhost: "shortstr", reserved1: "shortstr", reserved2: "bit" }),
  "connection.open-ok": method(10, 41, { reserved1: "shortstr" }),
  "connection.close": method(10, 50, closing),
  "connection.close-ok": method(10, 51, {}),
  "channel.open": method(20, 10, { reserved1: "shortstr" }),
  "channel.open-ok": method(20, 11, { reserved1: "longstr" }),
  "channel.flow": method(20, 20, { active: "bit" }),
  "channel.flow-ok": method(20, 21, { active: "bit" }),
  "channel.close": method(20, 40, closing),
  "channel.close-ok": method(20, 41, {}),
  "exchange.declare": method(40, 10, {
    reserved1: "short",
    exchange: "shortstr",
    type: "shortstr",
    passive: "bit",
    durable: "bit",
    autoDelete: "bit",
    internal: "bit",
    noWait: "bit",
    arguments: "table",
  }),
  "exchange.declare-ok": method(40, 11, {}),
  "queue.declare": method(50, 10, {
    reserved1: "short",
    queue: "shortstr",
    passive: "bit",
    durable: "bit",
    exclusive: "bit",
    autoDelete: "bit",
    noWait: "bit",
    arguments: "table",
  }),
  "queue.declare-ok": method(50, 11, {
    queue: "shortstr",
    messageCount: "long",
    consumerCount: "long",
  }),
  "basic.qos": method(60, 10, { prefetchSize: "long", prefetchCount: "short", global: "bit" }),
  "basic.qos-ok": method(60, 11, {}),
  "basic.consume": method(60, 20, {
    reserved1: "short",
    queue: "shortstr",
    consumerTag: "shortstr",
    noLocal: "bit",
    noAck: "bit",
    exclusive: "bit",
    noWait: "bit",
    arguments: "table",
  }),
  "basic.consume-ok": method(60, 21, { consumerTag: "shortstr" }),
  "basic.cancel": method(60, 30, { consumerTag: "shortstr", noWait: "bit" }),
  "basic.cancel-ok": method(60, 31, { consumerTag: "shortstr" }),
  "basic.publish": method(60, 40, {
    reserved1: "short",
    exchange: "shortstr",
    routingKey: "shortstr",
    mandatory: "bit",
    immediate: "bit",
  }),
  "basic.return": method(60, 50, {
    replyCode: "short",
    replyText: "shortstr",
    exchange: "shortstr",
    routingKey: "shortstr",
  }),
  "basic.deliver": method(60, 60, {
    consumerTag: "shortstr",
    deliveryTag: "longlong",
    redelivered: "bit",
    exchange: "shortstr",
    routingKey: "shortstr",
  }),
  "basic.ack": method(60, 80, { deliveryTag: "longlong", multiple: "bit" }),
  "basic.reject": method(60, 90, { deliveryTag: "longlong", requeue: "bit" }),
  "basic.nack": method(60, 120, { deliveryTag: "longlong", multiple: "bit", requeue: "bit" }),
  "confirm.select": method(85, 10, { noWait: "bit" }),
  "confirm.select-ok": method(85, 11, {}),
} as const;

export type MethodName = keyof typeof METHODS;
export type MethodArguments<N extends MethodName> = {
  readonly [F in keyof (typeof METHODS)[N]["fields"]]: (typeof METHODS)[N]["fields"][F] extends
    infer K extends Kind ? Values[K] : never;
};
export type Method = {
  readonly [N in MethodName]: { readonly name: N; readonly args: MethodArguments<N> };
}[MethodName];

const BY_ID = new Map(
  Object.entries(METHODS).map(([name, { id }]) => [id, name as MethodName]),
);

/** Throws `NOT_IMPLEMENTED` for one that is not spoken here, `SYNTAX_ERROR` for a damaged one. */
export function readMethod(payload: Uint8Array): Method {
  const reader = new ByteReader(payload);
  const id = reader.long();
  const name = BY_ID.get(id);
  if (name === undefined) {
    throw new AmqpError("NOT_IMPLEMENTED", `method ${id >>> 16}.${id & 0xffff} is not served here`);
  }
  const args: Record<string, unknown> = {};
  let bits = 0;
  let bitsRead = 8;
  for (const [field, kind] of Object.entries<Kind>(METHODS[name].fields)) {
    if (kind !== "bit") {
      bitsRead = 8;
      args[field] = reader[kind]();
      continue;
    }
    if (bitsRead === 8) {
      bits = reader.octet();
      bitsRead = 0;
    }
    args[field] = (bits >> bitsRead++ & 1) === 1;
  }
  return { name, args } as unknown as Method;
}

export function writeMethod<N extends MethodName>(
  name: N,
  args: MethodArguments<N>,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  const { id, fields } = METHODS[name];
  writer.long(id);
  let bits: number[] = [];
  const flush = (): void => {
    if (bits.length > 0) writer.octet(bits.reduce((sum, bit, at) => sum | bit << at, 0));
    bits = [];
  };
  for (const [field, kind] of Object.entries<Kind>(fields)) {
    const value = (args as Record<string, unknown>)[field];
    if (kind === "bit") bits.push(value === true ? 1 : 0);
    else {
      flush();
      (writer[kind] as (value: unknown) => void).call(writer, value);
    }
  }
  flush();
  return writer.finish();
}
