/** Frames: type, channel, length, payload and an end mark; and the head of a message's content. */
import type { BrokerMessage } from "../broker.ts";
import { AmqpError } from "./replies.ts";
import { ByteReader, ByteWriter, type FieldTable } from "./wire.ts";

export const FRAME = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
const END = 0xce;
/** Of each frame besides its payload. */
export const FRAME_OVERHEAD = 8;
const BASIC_CLASS = 60;

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Uint8Array;
}

/** Cuts a stream of bytes into frames; holds no more than one frame of the largest size. */
export class FrameReader {
  /** Bytes of a frame with its overhead. */
  maximum: number;
  #held = new Uint8Array();

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /** Of what came before too. */
  push(bytes: Uint8Array): void {
    if (this.#held.length === 0) this.#held = bytes.slice();
    else {
      const joined = new Uint8Array(this.#held.length + bytes.length);
      joined.set(this.#held);
      joined.set(bytes, this.#held.length);
      this.#held = joined;
    }
  }

  /** The next bytes that are no frame, if there are so many. */
  raw(length: number): Uint8Array | undefined {
    if (this.#held.length < length) return undefined;
    return this.#takeBytes(length);
  }

  /** Undefined until it is whole. Throws `FRAME_ERROR`. */
  next(): Frame | undefined {
    const held = this.#held;
    if (held.length < 7) return undefined;
    const view = new DataView(held.buffer, held.byteOffset, held.length);
    const size = view.getUint32(3);
    if (size + FRAME_OVERHEAD > this.maximum) {
      throw new AmqpError("FRAME_ERROR", `a frame of ${size} bytes is larger than was agreed on`);
    }
    if (held.length < size + FRAME_OVERHEAD) return undefined;
    if (held[7 + size] !== END) {
      throw new AmqpError("FRAME_ERROR", "a frame has no end mark", { isFatal: true });
    }
    const bytes = this.#takeBytes(size + FRAME_OVERHEAD);
    return { type: view.getUint8(0), channel: view.getUint16(1), payload: bytes.subarray(7, -1) };
  }

  #takeBytes(length: number): Uint8Array {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}

export function writeFrame(
  type: number,
  channel: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(payload.length + FRAME_OVERHEAD);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint16(1, channel);
  view.setUint32(3, payload.length);
  bytes.set(payload, 7);
  bytes[bytes.length - 1] = END;
  return bytes;
}

// -- content --------------------------------------------------------------------------------------

/** Names and kinds of a message's properties, from the highest flag on. */
const PROPERTIES = [
  ["contentType", "shortstr"],
  ["contentEncoding", "shortstr"],
  ["headers", "table"],
  ["deliveryMode", "octet"],
  ["priority", "octet"],
  ["correlationId", "shortstr"],
  ["replyTo", "shortstr"],
  ["expiration", "shortstr"],
  ["messageId", "shortstr"],
  ["timestamp", "longlong"],
  ["type", "shortstr"],
  ["userId", "shortstr"],
  ["appId", "shortstr"],
  ["clusterId", "shortstr"],
] as const;

export interface ContentHeader {
  /** Bytes of the body, which follows in frames of its own. */
  readonly size: number;
  readonly properties: Omit<BrokerMessage, "body">;
}

export function readContentHeader(payload: Uint8Array): ContentHeader {
  const reader = new ByteReader(payload);
  const classId = reader.short();
  if (classId !== BASIC_CLASS) {
    throw new AmqpError("FRAME_ERROR", `content of class ${classId} is not known`);
  }
  reader.short();
  const size = reader.longlong();
  const flags = reader.short();
  const found: Record<string, unknown> = {};
  for (const [index, [name, kind]] of PROPERTIES.entries()) {
    if ((flags & 0x8000 >> index) !== 0) found[name] = reader[kind]();
  }
  const { contentType, timestamp, headers } = found as {
    contentType?: string;
    timestamp?: number;
    headers?: FieldTable;
  };
  return { size, properties: { contentType, timestamp, headers: headersOf(headers) } };
}

/** Values that are neither text nor lists of texts are of no use to anybody here. */
function headersOf(table: FieldTable | undefined): BrokerMessage["headers"] {
  if (table === undefined) return undefined;
  const isText = (value: unknown): boolean =>
    typeof value === "string" ||
    Array.isArray(value) && value.every((item) => typeof item === "string");
  const kept = Object.entries(table).filter(([, value]) => isText(value));
  return Object.fromEntries(kept) as BrokerMessage["headers"];
}

/** Header and body as frames; with the method's frame before them they are one message. */
export function contentFrames(
  channel: number,
  message: BrokerMessage,
  frameMaximum: number,
): Uint8Array<ArrayBuffer>[] {
  const { body, headers, contentType, timestamp } = message;
  const values: Record<string, unknown> = { contentType, headers, timestamp, deliveryMode: 2 };
  const writer = new ByteWriter();
  writer.short(BASIC_CLASS);
  writer.short(0);
  writer.longlong(body.length);
  const present = PROPERTIES.map(([name]) => values[name] !== undefined);
  writer.short(present.reduce((flags, is, index) => is ? flags | 0x8000 >> index : flags, 0));
  for (const [index, [name, kind]] of PROPERTIES.entries()) {
    if (present[index]) (writer[kind] as (value: unknown) => void).call(writer, values[name]);
  }
  const frames = [writeFrame(FRAME.header, channel, writer.finish())];
  const piece = frameMaximum - FRAME_OVERHEAD;
  for (let start = 0; start < body.length; start += piece) {
    frames.push(writeFrame(FRAME.body, channel, body.subarray(start, start + piece)));
  }
  return frames;
}
