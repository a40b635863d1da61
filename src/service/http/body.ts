/** Reading a request's body: bounded in size, nesting and patience, then decoded. */
import { MSGPACK_TYPE } from "../../contract/api.ts";
import { type ErrorCode, FuncxError } from "../../contract/errors.ts";
import { BLOB_PIECE_BYTES, MAX_DEPTH, REQUEST_BODY_TIMEOUT } from "../../contract/limits.ts";
import { decode } from "../../contract/protocol/codec.ts";
import { withTimeout } from "../../lib/async.ts";
import { messageOf } from "../../lib/outcome.ts";
import { parseJsonText } from "./json_text.ts";
import { bodyType, requireForm } from "./media_type.ts";

/** How large a body may be, and the code that says that it was larger. */
export interface BodyLimit {
  /** Bytes. */
  readonly bytes: number;
  readonly code: ErrorCode;
}

/** A body as it came, and what it holds. */
export interface Body {
  readonly bytes: Uint8Array;
  readonly value: unknown;
}

/** The body has not come to its end: its sender is gone, or this server reads no more. */
export class CutBodyError extends FuncxError {
  constructor() {
    super({ code: "REQUEST_MALFORMED", message: "the body ended early" });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
/** A form has percent signs for all that is not ASCII; what is not, fits no schema. */
const utf8Lossy = new TextDecoder();

/**
 * Reads and decodes the body by its Content-Type. An empty one counts as an object without keys.
 * `take` is told of bytes before they are held, and may throw.
 * Throws `FuncxError`: 413 with the limit's code, UNSUPPORTED_MEDIA_TYPE, REQUEST_MALFORMED.
 */
export async function readBody(
  request: Request,
  limit: BodyLimit,
  take: (bytes: number) => void = () => {},
): Promise<Body> {
  const stated = requireStated(request, limit);
  if (request.body === null) return { bytes: new Uint8Array(), value: {} };
  take(stated);
  const bytes = await inTime(readBytes(request, limit, take));
  if (bytes.length === 0) return { bytes, value: {} };
  return { bytes, value: decodeBody(bytes, bodyType(request.headers)) };
}

/** A form, as an object of text; of a key that comes twice the last one counts. Throws the same. */
export async function readForm(
  request: Request,
  limit: BodyLimit,
  take: (bytes: number) => void = () => {},
): Promise<Body> {
  requireForm(request.headers);
  take(requireStated(request, limit));
  const bytes = await inTime(readBytes(request, limit, take));
  return { bytes, value: Object.fromEntries(new URLSearchParams(utf8Lossy.decode(bytes))) };
}

/**
 * A body that is bytes as they are, before it is read. Only one of the two ways may be taken; both
 * throw as {@link readBody} does.
 */
export interface OctetBody {
  /** Bytes that it has at most. */
  readonly maximumBytes: number;
  whole(): Promise<Uint8Array>;
  /** At least one, and no more of it than two in memory, of which `take` is told. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/** Throws when what it says of its length is too much. */
export function octetsOf(
  request: Request,
  limit: BodyLimit,
  take: (bytes: number) => void,
): OctetBody {
  const stated = requireStated(request, limit);
  return {
    maximumBytes: request.headers.has("content-length") ? stated : limit.bytes,
    whole: () => inTime(readBytes(request, limit, () => {})),
    pieces: () => {
      // What has come of the next one, and one that is put together.
      take(2 * BLOB_PIECE_BYTES);
      return readPieces(request, limit);
    },
  };
}

function requireStated(request: Request, limit: BodyLimit): number {
  const stated = statedLength(request);
  if (stated > limit.bytes) throw tooLarge(`${stated} bytes`, limit);
  return stated;
}

function statedLength(request: Request): number {
  const text = request.headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

async function inTime(reading: Promise<Uint8Array>): Promise<Uint8Array> {
  const bytes = await withTimeout(reading, REQUEST_BODY_TIMEOUT);
  if (bytes !== "timeout") return bytes;
  throw late();
}

function late(): FuncxError {
  return new FuncxError({
    code: "TIMED_OUT",
    message: `the body did not arrive within ${REQUEST_BODY_TIMEOUT / 1000} s`,
  });
}

async function readBytes(
  request: Request,
  limit: BodyLimit,
  take: (bytes: number) => void,
): Promise<Uint8Array> {
  try {
    // With a stated length, HTTP itself ends the body there, and one read saves the copies; to look
    // at `body` before makes a stream of it.
    if (request.headers.has("content-length")) {
      const bytes = await request.bytes();
      if (bytes.length > limit.bytes) throw tooLarge(`${bytes.length} bytes`, limit);
      return bytes;
    }
    return request.body === null ? new Uint8Array() : await readStream(request.body, limit, take);
  } catch (thrown) {
    if (thrown instanceof FuncxError) throw thrown;
    throw new CutBodyError();
  }
}

async function readStream(
  body: ReadableStream<Uint8Array>,
  limit: BodyLimit,
  take: (bytes: number) => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit.bytes) throw tooLarge(`more than ${limit.bytes} bytes`, limit);
    take(chunk.length);
    chunks.push(chunk);
  }
  return joined(chunks, length);
}

async function* readPieces(request: Request, limit: BodyLimit): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader?.cancel().catch(() => {});
  }, REQUEST_BODY_TIMEOUT);
  let [total, length] = [0, 0];
  let chunks: Uint8Array[] = [];
  try {
    for (let chunk; (chunk = await nextChunk(reader)) !== undefined;) {
      total += chunk.length;
      if (total > limit.bytes) throw tooLarge(`more than ${limit.bytes} bytes`, limit);
      chunks.push(chunk);
      length += chunk.length;
      if (length < BLOB_PIECE_BYTES) continue;
      yield joined(chunks, length);
      [chunks, length] = [[], 0];
    }
    if (isLate) throw late();
    if (length > 0 || total === 0) yield joined(chunks, length);
  } finally {
    clearTimeout(timer);
    reader?.cancel().catch(() => {});
  }
}

async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return (await reader?.read())?.value;
  } catch {
    throw new CutBodyError();
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

function decodeBody(bytes: Uint8Array, type: ReturnType<typeof bodyType>): unknown {
  try {
    if (type !== MSGPACK_TYPE) return parseJsonText(utf8.decode(bytes), MAX_DEPTH);
    const value = decode(bytes);
    refuseNonJson(value);
    return value;
  } catch (thrown) {
    throw new FuncxError({
      code: "REQUEST_MALFORMED",
      message: `the body is not valid ${type}: ${messageOf(thrown)}`,
    });
  }
}

/** Both forms carry the same values, so that everything taken can be stored and given as JSON. */
function refuseNonJson(root: unknown): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) { for (const item of value) open.push(item); }
    else if (typeof value === "object" && value !== null) {
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) {
        throw new Error(`a ${value.constructor.name} has no form in JSON`);
      }
      for (const item of Object.values(value)) open.push(item);
    } else if (typeof value === "bigint" || value === undefined) {
      throw new Error(`a ${typeof value} has no form in JSON`);
    } else if (typeof value === "number" && !Number.isFinite(value)) {
      throw new Error(`${value} has no form in JSON`);
    }
  }
}

function tooLarge(found: string, limit: BodyLimit): FuncxError {
  return new FuncxError({
    code: limit.code,
    message: `the body has ${found}, at most ${limit.bytes} are taken`,
    hint: "send less in one request",
  });
}
