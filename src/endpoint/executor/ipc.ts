/**
 * The records between a manager and a worker process, on both ends in TypeScript; the Python worker
 * has its own few lines for them. `IPC.md` beside this file is the specification.
 */
import { MAX_RECORD_BYTES } from "../../contract/limits.ts";
import type { TaskOptions } from "../../contract/protocol/messages.ts";

/** Types below 16 go to the worker, the others come from it. */
export const RECORD = {
  hello: 1,
  function: 2,
  task: 3,
  recall: 4,
  ready: 16,
  begun: 17,
  finished: 18,
  returned: 19,
  output: 20,
  environment: 21,
} as const;

/** u32 length of type and body, u8 type. */
export const RECORD_HEADER_BYTES = 5;
/** Header, u32 sequence, u8 flags, f64 began, f64 ended. */
export const FINISHED_HEADER_BYTES = RECORD_HEADER_BYTES + 21;
/** Flags of a finished record. */
export const FINISHED_FLAGS = {
  /** The body is a task error, not a result. */
  failed: 1,
  /** The task with the next sequence has begun; no record of its own says so. */
  nextHasBegun: 2,
  /** The body is the name of a file in `result_folder`, which has the result. */
  inFile: 4,
} as const;
/** Header, u32 sequence, u8 stream. */
export const OUTPUT_HEADER_BYTES = RECORD_HEADER_BYTES + 5;
/** Header, u32 sequence, u32 function handle, u32 length of the options. */
export const TASK_HEADER_BYTES = RECORD_HEADER_BYTES + 12;

export const STREAMS = ["stdout", "stderr"] as const;
export type Stream = typeof STREAMS[number];

/** The peer sent what is not a record; nothing after it can be read. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/** What a task asks of its worker beyond its arguments; JSON in a task record, left out if empty. */
export interface TaskSettings {
  /** Absolute folder in which it runs instead of the working folder. */
  readonly folder?: string;
  readonly result_serializers?: readonly string[];
  /** For tasks of Globus Compute's SDK, whose functions look for it. */
  readonly task_id?: string;
  /** What submitted it, as far as it says. */
  readonly client?: TaskOptions["client"];
  /** Files with what the arguments refer to, by SHA-256. */
  readonly blobs?: Readonly<Record<string, string>>;
  /** Instead of that of the hello. */
  readonly inline_result_bytes?: number;
}

/** First record of a manager. */
export interface HelloSettings {
  readonly working_folder: string;
  readonly max_result_bytes: number;
  /** A result above this goes into a file. */
  readonly inline_result_bytes: number;
  /** Absolute. */
  readonly result_folder: string;
  readonly max_traceback_bytes: number;
  /** Hexadecimal; what a worker with captured descriptors writes at the end of a task's output. */
  readonly marker: string;
  /** Of the runtime, such as the permissions of user code. */
  readonly runtime: Readonly<Record<string, unknown>>;
}

/** First record of a worker: what it is, for `details`. */
export interface ReadySettings {
  readonly runtime: string;
  readonly version: string;
  readonly hostname: string;
  readonly pid: number;
}

/** What a Python worker says of itself before the first task of Globus Compute's SDK, for `details`. */
export interface EnvironmentSettings {
  readonly os: string;
  readonly python_version: string;
  /** Left out where there is none. */
  readonly dill_version?: string;
  readonly globus_compute_sdk_version?: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function writeHeader(view: DataView, position: number, type: number, body: number): void {
  view.setUint32(position, body + 1, true);
  view.setUint8(position + 4, type);
}

export function jsonRecord(type: number, value: unknown): Uint8Array<ArrayBuffer> {
  return record(type, encoder.encode(JSON.stringify(value)));
}

export function record(type: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + length);
  writeHeader(viewOf(bytes), 0, type, length);
  let position = RECORD_HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** A record whose body is one u32. */
export function numberRecord(type: number, value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + 4);
  writeHeader(viewOf(bytes), 0, type, 4);
  viewOf(bytes).setUint32(RECORD_HEADER_BYTES, value, true);
  return bytes;
}

export function begunRecord(limit: number, at: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + 12);
  const view = viewOf(bytes);
  writeHeader(view, 0, RECORD.begun, 12);
  view.setUint32(RECORD_HEADER_BYTES, limit, true);
  view.setFloat64(RECORD_HEADER_BYTES + 4, at, true);
  return bytes;
}

export function functionRecord(handle: number, code: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(4);
  viewOf(head).setUint32(0, handle, true);
  return record(RECORD.function, head, code);
}

/** A task to be written; `settings` is JSON or empty. */
export interface TaskRecord {
  readonly sequence: number;
  readonly handle: number;
  readonly settings: Uint8Array;
  readonly payload: Uint8Array;
}

/** Task records one after the other, in one buffer. */
export function taskRecords(tasks: readonly TaskRecord[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const task of tasks) {
    length += TASK_HEADER_BYTES + task.settings.length + task.payload.length;
  }
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  let position = 0;
  for (const { sequence, handle, settings, payload } of tasks) {
    const size = TASK_HEADER_BYTES + settings.length + payload.length;
    writeHeader(view, position, RECORD.task, size - RECORD_HEADER_BYTES);
    view.setUint32(position + 5, sequence, true);
    view.setUint32(position + 9, handle, true);
    view.setUint32(position + 13, settings.length, true);
    bytes.set(settings, position + TASK_HEADER_BYTES);
    bytes.set(payload, position + TASK_HEADER_BYTES + settings.length);
    position += size;
  }
  return bytes;
}

/** Least and greatest length of the body of each type that a reader takes. */
export type RecordBounds = Readonly<Record<number, readonly [number, number]>>;

const MAX_BODY_BYTES = MAX_RECORD_BYTES - 1;

/** What comes from a worker. User code can write there too, so nothing else is read as a record. */
export const WORKER_RECORDS: RecordBounds = {
  [RECORD.ready]: [2, 64 * 1024],
  [RECORD.begun]: [12, 12],
  [RECORD.finished]: [FINISHED_HEADER_BYTES - RECORD_HEADER_BYTES, MAX_BODY_BYTES],
  [RECORD.returned]: [4, 4],
  [RECORD.environment]: [2, 4 * 1024],
  [RECORD.output]: [OUTPUT_HEADER_BYTES - RECORD_HEADER_BYTES, MAX_BODY_BYTES],
};

/** A record in a larger buffer: its type, and where its body lies. */
export type RecordVisitor = (type: number, bytes: Uint8Array, start: number, end: number) => void;

export function jsonBody(bytes: Uint8Array, start: number, end: number): unknown {
  return JSON.parse(decoder.decode(bytes.subarray(start, end)));
}

/**
 * Cuts a stream of chunks into records. What it hands to the visitor is valid during the call only.
 * Throws {@link RecordError} for a length that no record has, and with bounds for a type or length
 * beyond them, as soon as the header is there: a wrong one would take what follows for its body.
 */
export class RecordReader {
  /** A record that began in an earlier chunk; its first `#filled` bytes are there. */
  #partial: Uint8Array = new Uint8Array(0);
  #filled = 0;
  readonly #visit: RecordVisitor;
  readonly #bounds: RecordBounds | undefined;

  constructor(visit: RecordVisitor, bounds?: RecordBounds) {
    this.#visit = visit;
    this.#bounds = bounds;
  }

  /** No record has begun that is not whole. */
  get isBetweenRecords(): boolean {
    return this.#filled === 0;
  }

  push(chunk: Uint8Array): void {
    let position = this.#filled > 0 ? this.#complete(chunk) : 0;
    const view = viewOf(chunk);
    while (position + 4 <= chunk.length) {
      const length = checkedLength(view.getUint32(position, true));
      const end = position + 4 + length;
      if (position + 4 < chunk.length) this.#checkHeader(chunk[position + 4]!, length - 1);
      if (end > chunk.length) break;
      this.#visit(chunk[position + 4]!, chunk, position + RECORD_HEADER_BYTES, end);
      position = end;
    }
    if (position < chunk.length) this.#keep(chunk.subarray(position));
  }

  /** Fills the partial record from the chunk and gives the position after it. */
  #complete(chunk: Uint8Array): number {
    let position = 0;
    if (this.#filled < 4) {
      position = Math.min(4 - this.#filled, chunk.length);
      this.#partial.set(chunk.subarray(0, position), this.#filled);
      this.#filled += position;
      if (this.#filled < 4) return position;
      this.#makeRoom();
    }
    const taken = Math.min(this.#partial.length - this.#filled, chunk.length - position);
    this.#partial.set(chunk.subarray(position, position + taken), this.#filled);
    if (this.#filled === 4 && taken > 0) {
      this.#checkHeader(this.#partial[4]!, this.#partial.length - RECORD_HEADER_BYTES);
    }
    this.#filled += taken;
    if (this.#filled === this.#partial.length) {
      const whole = this.#partial;
      this.#filled = 0;
      this.#visit(whole[4]!, whole, RECORD_HEADER_BYTES, whole.length);
    }
    return position + taken;
  }

  #checkHeader(type: number, body: number): void {
    if (this.#bounds === undefined) return;
    const bounds = this.#bounds[type];
    if (bounds === undefined || body < bounds[0] || body > bounds[1]) {
      throw new RecordError(`a record of type ${type} with ${body} bytes, which nobody sends`);
    }
  }

  #keep(rest: Uint8Array): void {
    this.#partial = new Uint8Array(4);
    this.#filled = Math.min(4, rest.length);
    this.#partial.set(rest.subarray(0, 4));
    if (rest.length < 4) return;
    this.#makeRoom();
    this.#partial.set(rest);
    this.#filled = rest.length;
  }

  /** The length is known: makes room for the whole record. */
  #makeRoom(): void {
    const length = checkedLength(viewOf(this.#partial).getUint32(0, true));
    const whole = new Uint8Array(4 + length);
    whole.set(this.#partial.subarray(0, 4));
    this.#partial = whole;
  }
}

function checkedLength(length: number): number {
  if (length < 1 || length > MAX_RECORD_BYTES) {
    throw new RecordError(`a record of ${length} bytes, expected 1 to ${MAX_RECORD_BYTES}`);
  }
  return length;
}
