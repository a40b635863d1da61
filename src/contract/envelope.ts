/**
 * The packed-buffer envelope of Globus Compute: what a function, its arguments and its result look
 * like on every link. Service and agent forward it and never look inside; only clients and workers
 * do.
 *
 * A buffer is `header + "\n" + body`, where the header has two characters. Packed buffers follow
 * each other as `length + "\n" + buffer`. The official SDK counts the length in Python characters,
 * which are Unicode code points, not in bytes and not in UTF-16 units.
 *
 * A function is one packed buffer, which one with the image of its container may follow; a payload is
 * two, positional arguments and keyword arguments; a result is one buffer, not packed. Headers of the
 * official SDK are listed in `globus_compute_sdk/serialize`; `ts`, `sh`, `bl`, `bf`,
 * `pk` and `ct` are ours.
 */

/** The headers that this program writes. Workers may know more, such as `00`, dill. */
export const HEADERS = {
  json: "11",
  pythonSource: "st",
  pythonSourceDill: "sd",
  typescriptSource: "ts",
  shellTemplate: "sh",
  /** Stands for a buffer that is kept as a blob; see `blob_reference.ts`. */
  blob: "bl",
  /** JSON arguments some of which are files. */
  files: "bf",
  /** A Python pickle in base64, of `funcx.py` where it is asked for; only workers load it. */
  pickle: "pk",
  /** Behind a function: the image of the container that it runs in. */
  container: "ct",
} as const;

export interface Buffer {
  /** Two characters. */
  readonly header: string;
  readonly body: string;
}

/** Why an envelope could not be read. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
}

/** Found at once to be missing from text that is stored with one byte a character. */
const SURROGATE = /[\ud800-\udfff]/;

function codePointLength(text: string): number {
  let length = text.length;
  if (!SURROGATE.test(text)) return length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit <= 0xdbff) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        length--;
        index++;
      }
    }
  }
  return length;
}

/** The index in UTF-16 units that lies `count` code points after `start`; -1 past the end. */
function advance(text: string, start: number, count: number): number {
  // A large buffer is walked through by the engine, not here.
  if (!SURROGATE.test(text.slice(start, start + count))) {
    return start + count <= text.length ? start + count : -1;
  }
  let index = start;
  for (let left = count; left > 0; left--) {
    if (index >= text.length) return -1;
    index += text.codePointAt(index)! > 0xffff ? 2 : 1;
  }
  return index;
}

export function writeBuffer(buffer: Buffer): string {
  return `${buffer.header}\n${buffer.body}`;
}

export function readBuffer(text: string): Buffer {
  if (text.length < 3 || text[2] !== "\n") {
    throw new EnvelopeError(
      `expected a two-character header and a newline, found ${JSON.stringify(text.slice(0, 8))}`,
    );
  }
  return { header: text.slice(0, 2), body: text.slice(3) };
}

const encoder = new TextEncoder();

/**
 * {@link writeBuffer} as UTF-8. What is all ASCII, as most JSON is, is copied once.
 * @param room bytes before it that are the caller's
 */
export function encodeBuffer({ header, body }: Buffer, room = 0): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(`${header}\n`);
  const start = room + head.length;
  const encode = (length: number): Uint8Array<ArrayBuffer> | undefined => {
    const bytes = new Uint8Array(start + length);
    bytes.set(head, room);
    const { read } = encoder.encodeInto(body, bytes.subarray(start));
    return read === body.length ? bytes : undefined;
  };
  return encode(body.length) ?? encode(encoder.encode(body).length)!;
}

/** Packs buffers that already carry their headers. */
export function pack(buffers: readonly string[]): string {
  return buffers.map((buffer) => `${codePointLength(buffer)}\n${buffer}`).join("");
}

/** The buffers inside `packed`, each with its header. */
export function unpack(packed: string): string[] {
  const buffers: string[] = [];
  let position = 0;
  while (position < packed.length) {
    const newline = packed.indexOf("\n", position);
    const length = newline < 0 ? "" : packed.slice(position, newline);
    if (!/^\d{1,10}$/.test(length)) {
      throw new EnvelopeError(`expected a length and a newline at character ${position}`);
    }
    const end = advance(packed, newline + 1, Number(length));
    if (end < 0) {
      throw new EnvelopeError(`buffer of ${length} characters at ${position} is cut off`);
    }
    buffers.push(packed.slice(newline + 1, end));
    position = end;
  }
  return buffers;
}

/** Refuses what would come out as an empty object, whatever it holds. */
function refuseEmptied(key: string, value: object): void {
  const isStream = Symbol.iterator in value || Symbol.asyncIterator in value;
  const isPromise = value instanceof Promise;
  if (Array.isArray(value) || ArrayBuffer.isView(value) || !(isStream || isPromise)) return;
  const [, name] = /^\[object (.*)\]$/.exec(Object.prototype.toString.call(value)) ?? [];
  throw new EnvelopeError(
    `a ${name} cannot be written as JSON${key === "" ? "" : ` (at ${key})`}; ` +
      (isPromise ? "await it first" : "make it an array first"),
  );
}

/** Refuses what `JSON.stringify` would silently turn into null or leave out. */
function refuseLossy(key: string, value: unknown): unknown {
  const type = typeof value;
  if (typeof value === "object" && value !== null) refuseEmptied(key, value);
  if (type === "function" || type === "symbol" || type === "bigint") {
    throw new EnvelopeError(
      `a ${type} cannot be written as JSON${key === "" ? "" : ` (at ${key})`}`,
    );
  }
  if (type === "number" && !Number.isFinite(value)) {
    throw new EnvelopeError(
      `${value} cannot be written as JSON${key === "" ? "" : ` (at ${key})`}`,
    );
  }
  return value;
}

/** Levels that are looked into; more is unusual, or a circle. */
const PLAIN_DEPTH = 64;

/**
 * Whether a value holds nothing that `refuseLossy` would refuse, as most do. To find that out first
 * takes a quarter of the time of `JSON.stringify` with a function. False where it is not certain.
 */
function isPlain(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      return value === null || depth < PLAIN_DEPTH && hasPlainItems(value, depth + 1);
    default:
      return false;
  }
}

function hasPlainItems(value: object, depth: number): boolean {
  if ("toJSON" in value) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (!isPlain(value[index], depth)) return false;
    }
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const key in value) {
    if (!isPlain((value as Readonly<Record<string, unknown>>)[key], depth)) return false;
  }
  return true;
}

/** A JSON buffer, header included. Throws `EnvelopeError` when `value` cannot be JSON. */
export function jsonBuffer(value: unknown): string {
  return writeBuffer({ header: HEADERS.json, body: jsonText(value) });
}

/** The body of a JSON buffer. Throws as {@link jsonBuffer} does. */
export function jsonText(value: unknown): string {
  try {
    // undefined at the top is what a function without a result returns: null, as Python's None is.
    return isPlain(value)
      ? JSON.stringify(value ?? null)
      : JSON.stringify(value ?? null, refuseLossy);
  } catch (thrown) {
    if (thrown instanceof EnvelopeError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message.split("\n")[0] : String(thrown);
    throw new EnvelopeError(`value cannot be written as JSON: ${reason}`);
  }
}

/** A payload with positional and keyword arguments as JSON. */
export function jsonPayload(
  positional: readonly unknown[],
  keyword: Readonly<Record<string, unknown>> = {},
): string {
  return pack([jsonBuffer(positional), jsonBuffer(keyword)]);
}

/** Function source as one packed buffer. `name` is what the worker calls. */
export function sourceFunction(
  header: typeof HEADERS[keyof typeof HEADERS],
  name: string,
  source: string,
): string {
  return pack([writeBuffer({ header, body: `${name}:${source}` })]);
}

/** A function buffer taken apart. */
export interface SourceFunction {
  readonly header: string;
  readonly name: string;
  readonly source: string;
}

/** Reads what {@link sourceFunction} wrote; throws `EnvelopeError` for serialized code. */
export function readSourceFunction(packed: string): SourceFunction {
  const { header, body } = readBuffer(functionBuffers(packed).code);
  const colon = body.indexOf(":");
  if (colon < 0) throw new EnvelopeError(`expected name:source after the header ${header}`);
  return { header, name: body.slice(0, colon), source: body.slice(colon + 1) };
}

/** What a function consists of. */
export interface FunctionBuffers {
  /** Header included. */
  readonly code: string;
  /** As it was sent, not checked; null when the function names no container. */
  readonly image: string | null;
}

/** Throws `EnvelopeError` for what is no function. */
export function functionBuffers(packed: string): FunctionBuffers {
  const [code, container, ...more] = unpack(packed);
  if (code === undefined || more.length > 0) {
    throw new EnvelopeError(`expected one buffer in a function, found ${code ? "more" : "none"}`);
  }
  if (container === undefined) return { code, image: null };
  const { header, body } = readBuffer(container);
  if (header === HEADERS.container) return { code, image: body };
  throw new EnvelopeError(`expected a container's image after the code, found ${header}`);
}

/** The function, to be run in a container with the image. */
export function withContainer(packed: string, image: string): string {
  const container = writeBuffer({ header: HEADERS.container, body: image });
  return pack([functionBuffers(packed).code, container]);
}

/** The runtime that can run a function with this header. */
export function runtimeOf(header: string): "typescript" | "shell" | "python" {
  switch (header) {
    case HEADERS.typescriptSource:
      return "typescript";
    case HEADERS.shellTemplate:
      return "shell";
    default:
      // Every other header is Python's, readable or not: the Python worker says which it lacks.
      return "python";
  }
}
