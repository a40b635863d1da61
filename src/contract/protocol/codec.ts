/** Messages to frames and back; the only importer of msgpackr. */
import { Packr } from "msgpackr";
import * as v from "valibot";
import { MAX_DEPTH, MAX_FRAME_BYTES } from "../limits.ts";
import {
  type EndpointMessage,
  EndpointMessageSchema,
  type ServiceMessage,
  ServiceMessageSchema,
} from "./messages.ts";
import { isUsualResults } from "./usual_results.ts";

// Records are msgpackr's own extension; without them any msgpack library reads our frames.
// Whole numbers of 64 bits, which other libraries write, become numbers as everywhere in JSON.
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  int64AsType: "number",
});

export type Decoded<T> =
  | { readonly kind: "message"; readonly message: T }
  /** The frame is not a message of this protocol; `reason` says what was found, without its data. */
  | { readonly kind: "violation"; readonly reason: string };

/** Any value as msgpack, for REST bodies of `application/msgpack` and for frames. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return packr.pack(value) as Uint8Array<ArrayBuffer>;
}

/** Bytes of the scalar that starts with `tag` at `position`, header included. */
function scalarLength(tag: number, view: DataView, position: number): number {
  if (tag >= 0xa0 && tag <= 0xbf) return 1 + (tag & 0x1f);
  switch (tag) {
    case 0xc4:
    case 0xd9:
      return 2 + view.getUint8(position + 1);
    case 0xc5:
    case 0xda:
      return 3 + view.getUint16(position + 1);
    case 0xc6:
    case 0xdb:
      return 5 + view.getUint32(position + 1);
    case 0xcc:
    case 0xd0:
      return 2;
    case 0xcd:
    case 0xd1:
      return 3;
    case 0xca:
    case 0xce:
    case 0xd2:
      return 5;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 9;
  }
  // Nil, booleans and small integers.
  return 1;
}

/** The extension by which msgpackr writes undefined; all others are refused. */
function isUndefined(view: DataView, position: number): boolean {
  return view.getUint16(position) === 0xd400;
}

/**
 * What makes the bytes unfit for the decoder; undefined when nothing does. It walks the structure
 * without building it, since the decoder recurses at each level, takes memory for as many items as
 * a list claims to have, and makes dates, errors and patterns of extension types. Bytes that end
 * early in a scalar are left to the decoder's own message.
 */
function unfit(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Items still to come at each open level, and at all of them.
  const open: number[] = [];
  let pending = 0;
  let position = 0;
  const container = (items: number, header: number): void => {
    position += header;
    pending += items;
    open.push(items);
  };
  try {
    while (position < bytes.length) {
      if (open.length > 0) {
        open[open.length - 1]!--;
        pending--;
      }
      const tag = bytes[position]!;
      if (tag >= 0x80 && tag <= 0x8f) container((tag & 0x0f) * 2, 1);
      else if (tag >= 0x90 && tag <= 0x9f) container(tag & 0x0f, 1);
      else if (tag === 0xdc) container(view.getUint16(position + 1), 3);
      else if (tag === 0xdd) container(view.getUint32(position + 1), 5);
      else if (tag === 0xde) container(view.getUint16(position + 1) * 2, 3);
      else if (tag === 0xdf) container(view.getUint32(position + 1) * 2, 5);
      else if ((tag >= 0xc7 && tag <= 0xc9) || (tag >= 0xd4 && tag <= 0xd8)) {
        if (!isUndefined(view, position)) return "msgpack has an extension type";
        position += 3;
      } else position += scalarLength(tag, view, position);
      if (open.length > MAX_DEPTH) return `msgpack nests deeper than ${MAX_DEPTH} levels`;
      // Each takes a byte at least.
      if (pending > bytes.length - position) return "msgpack ends before what it announces";
      while (open[open.length - 1] === 0) open.pop();
    }
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  return undefined;
}

/** Decodes one msgpack value; throws `Error` with a message fit for a user. */
export function decode(bytes: Uint8Array): unknown {
  const reason = unfit(bytes);
  if (reason !== undefined) throw new Error(reason);
  return packr.unpack(bytes);
}

/** What was found, without its data: a peer's text may be of any length, or a secret. */
function describeIssue(issue: v.BaseIssue<unknown>): string {
  const found = typeof issue.input === "string" && issue.received.startsWith('"')
    ? `text of ${issue.input.length} characters`
    : issue.received;
  return `${v.getDotPath(issue) ?? "message"}: expected ${
    issue.expected ?? issue.type
  }, found ${found}`;
}

/** One frame; `isUsual` may spare most of them the schema, which they would pass unchanged. */
export function decodeMessage<T>(
  bytes: Uint8Array,
  schema: v.GenericSchema<unknown, T>,
  isUsual: (value: unknown) => value is T = isNever,
): Decoded<T> {
  if (bytes.length > MAX_FRAME_BYTES) {
    return {
      kind: "violation",
      reason: `frame of ${bytes.length} bytes, at most ${MAX_FRAME_BYTES} are taken`,
    };
  }
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (thrown) {
    return {
      kind: "violation",
      reason: `not msgpack: ${thrown instanceof Error ? thrown.message : thrown}`,
    };
  }
  if (isUsual(value)) return { kind: "message", message: value };
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return { kind: "message", message: parsed.output };
  return { kind: "violation", reason: describeIssue(parsed.issues[0]) };
}

function isNever(_value: unknown): _value is never {
  return false;
}

export function encodeMessage(message: EndpointMessage | ServiceMessage): Uint8Array<ArrayBuffer> {
  return encode(message);
}

export function decodeEndpointMessage(bytes: Uint8Array): Decoded<EndpointMessage> {
  return decodeMessage<EndpointMessage>(bytes, EndpointMessageSchema, isUsualResults);
}

export function decodeServiceMessage(bytes: Uint8Array): Decoded<ServiceMessage> {
  return decodeMessage(bytes, ServiceMessageSchema);
}
