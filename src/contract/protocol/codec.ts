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

// Records are msgpackr's own extension; without them any msgpack library reads our frames.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

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
    case 0xc7:
      return 3 + view.getUint8(position + 1);
    case 0xc8:
      return 4 + view.getUint16(position + 1);
    case 0xc9:
      return 6 + view.getUint32(position + 1);
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
  // fixext 1 to 16, then nil, booleans and small integers.
  return tag >= 0xd4 && tag <= 0xd8 ? 2 + (1 << (tag - 0xd4)) : 1;
}

/**
 * Refuses bytes that nest deeper than `maximum` before the recursive decoder sees them. It walks the
 * structure without building it; bytes that end early are left to the decoder's own message.
 */
function nestsDeeperThan(bytes: Uint8Array, maximum: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Items still to come at each open level.
  const open: number[] = [];
  let position = 0;
  const container = (items: number, header: number): void => {
    position += header;
    open.push(items);
  };
  try {
    while (position < bytes.length) {
      if (open.length > 0) open[open.length - 1]!--;
      const tag = bytes[position]!;
      if (tag >= 0x80 && tag <= 0x8f) container((tag & 0x0f) * 2, 1);
      else if (tag >= 0x90 && tag <= 0x9f) container(tag & 0x0f, 1);
      else if (tag === 0xdc) container(view.getUint16(position + 1), 3);
      else if (tag === 0xdd) container(view.getUint32(position + 1), 5);
      else if (tag === 0xde) container(view.getUint16(position + 1) * 2, 3);
      else if (tag === 0xdf) container(view.getUint32(position + 1) * 2, 5);
      else position += scalarLength(tag, view, position);
      if (open.length > maximum) return true;
      while (open[open.length - 1] === 0) open.pop();
    }
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  return false;
}

/** Decodes one msgpack value; throws `Error` with a message fit for a user. */
export function decode(bytes: Uint8Array): unknown {
  if (nestsDeeperThan(bytes, MAX_DEPTH)) {
    throw new Error(`msgpack nests deeper than ${MAX_DEPTH} levels`);
  }
  return packr.unpack(bytes);
}

function decodeMessage<T>(
  bytes: Uint8Array,
  schema: v.GenericSchema<unknown, T>,
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
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return { kind: "message", message: parsed.output };
  const issue = parsed.issues[0];
  const where = v.getDotPath(issue) ?? "message";
  return { kind: "violation", reason: `${where}: ${issue.message}` };
}

export function encodeMessage(message: EndpointMessage | ServiceMessage): Uint8Array<ArrayBuffer> {
  return encode(message);
}

export function decodeEndpointMessage(bytes: Uint8Array): Decoded<EndpointMessage> {
  return decodeMessage(bytes, EndpointMessageSchema);
}

export function decodeServiceMessage(bytes: Uint8Array): Decoded<ServiceMessage> {
  return decodeMessage(bytes, ServiceMessageSchema);
}
