/**
 * Runs the functions of users: a Web Worker that has the permissions of the profile, by default
 * none. Entry point; the main thread of the worker process, `typescript_host.ts`, starts it. What it
 * loads is in the memory of every worker, so it uses nothing of Node and no package.
 */
import { encodeBuffer, HEADERS, jsonText, writeBuffer } from "../../../contract/envelope.ts";
import type { ErrorCode } from "../../../contract/errors.ts";
import { Fifo } from "../../../lib/fifo.ts";
import { messageOf } from "../../../lib/outcome.ts";
import {
  FINISHED_HEADER_BYTES,
  jsonBody,
  OUTPUT_HEADER_BYTES,
  RECORD,
  RECORD_HEADER_BYTES,
  RecordReader,
  type Stream,
  STREAMS,
  type TaskSettings,
  viewOf,
  writeHeader,
} from "../ipc.ts";
import { RingWriter } from "./ring.ts";
import { captureOutput } from "./typescript_console.ts";
import { taskErrorOf } from "./typescript_errors.ts";
import {
  type ArgumentBlobs,
  importFunction,
  readArguments,
  type UserFunction,
  wantedBlobs,
} from "./typescript_function.ts";
import { Gate } from "./typescript_gate.ts";
import { takeCollector } from "./typescript_memory.ts";
import {
  type BlobAnswer,
  type FromGuest,
  GUEST_LOADED,
  type GuestSetup,
  REST,
  type ToGuest,
} from "./typescript_messages.ts";

interface Task {
  readonly sequence: number;
  readonly handle: number;
  readonly payload: Uint8Array;
  /** Its arguments refer to blobs. */
  readonly hasBlobs: boolean;
  /** A result of more bytes is left to the host. */
  readonly inlineResultBytes: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** UTF-8 bytes that one UTF-16 unit can take. */
const MAX_BYTES_PER_UNIT = 3;
const NO_SETTINGS: TaskSettings = {};
const OUTPUT_PIECE = 64 * 1024;
/** Taken before there is user code. */
const collect = takeCollector();

function now(): number {
  return performance.timeOrigin + performance.now();
}

class Guest {
  readonly #port: MessagePort;
  readonly #ring: RingWriter;
  readonly #gate: Gate;
  readonly #maxResultBytes: number;
  readonly #maxTracebackBytes: number;
  readonly #queue = new Fifo<Task>();
  readonly #codes = new Map<number, string>();
  readonly #functions = new Map<number, UserFunction>();
  readonly #reader: RecordReader;
  /** The first task that has not been claimed, out of the queue already. */
  #head: Task | undefined;
  #running = false;
  /** Of the task that runs or ran last: what is written late belongs to it. */
  #sequence = 0;
  /** Waits for what the arguments of the task that runs refer to. */
  #asked: ((answer: BlobAnswer) => void) | undefined;

  constructor(setup: GuestSetup) {
    this.#port = setup.port;
    this.#gate = new Gate(setup.gate);
    this.#ring = new RingWriter(setup.ring, () => this.#post(null));
    this.#maxResultBytes = setup.maxResultBytes;
    this.#maxTracebackBytes = setup.maxTracebackBytes;
    this.#reader = new RecordReader((type, bytes, start, end) => {
      this.#take(type, bytes, start, end);
    });
    this.#port.onmessage = ({ data }: MessageEvent<ToGuest>): void => {
      if (data === REST) return collect();
      if (data instanceof Uint8Array) this.#reader.push(data);
      else if (data !== null) this.#answered(data);
      // User code may have broken what everything here stands on, such as Map.prototype.
      if (!this.#running) this.#runAll().catch((thrown) => this.#post(messageOf(thrown)));
    };
  }

  #post(message: FromGuest): void {
    this.#port.postMessage(message);
  }

  #take(type: number, bytes: Uint8Array, start: number, end: number): void {
    const view = viewOf(bytes);
    const first = view.getUint32(start, true);
    if (type === RECORD.function) {
      this.#codes.set(first, decoder.decode(bytes.subarray(start + 4, end)));
      return;
    }
    const settingsEnd = start + 12 + view.getUint32(start + 8, true);
    const settings: TaskSettings = settingsEnd > start + 12
      ? jsonBody(bytes, start + 12, settingsEnd) as TaskSettings
      : NO_SETTINGS;
    const { blobs, inline_result_bytes: inlineResultBytes = Infinity } = settings;
    const payload = bytes.subarray(settingsEnd, end);
    const handle = view.getUint32(start + 4, true);
    this.#queue.push({
      sequence: first,
      handle,
      payload,
      hasBlobs: blobs !== undefined,
      inlineResultBytes,
    });
  }

  /** Runs what is there and allowed, then tells the host that it has stopped, and where. */
  async #runAll(): Promise<void> {
    this.#running = true;
    for (;;) {
      this.#head ??= this.#queue.shift();
      const task = this.#head;
      if (task === undefined) break;
      if (!this.#gate.allows(task.sequence)) break;
      this.#head = undefined;
      if (!this.#gate.claim(task.sequence)) continue;
      this.#sequence = task.sequence;
      const running = this.#run(task);
      if (running !== undefined) await running;
      this.#gate.ended();
      // The host must hear of this result even if the next task takes long.
      if (this.#head === undefined) this.#head = this.#queue.shift();
      if (this.#head !== undefined && this.#gate.needsWaking()) this.#post(null);
    }
    this.#running = false;
    this.#post(this.#head === undefined ? null : this.#head.sequence);
  }

  /** Without a promise when the function gives none: a turn of the event loop costs more than it. */
  #run(task: Task): Promise<void> | undefined {
    const began = now();
    const known = this.#functions.get(task.handle);
    if (known === undefined) return this.#loadAndRun(task, began);
    return this.#call(known, task, began);
  }

  async #loadAndRun(task: Task, began: number): Promise<void> {
    let loaded: UserFunction;
    try {
      loaded = await importFunction(this.#codes.get(task.handle) ?? "");
    } catch (thrown) {
      this.#fail(task, began, thrown, "CouldNotExecuteUserTaskError");
      return;
    }
    this.#functions.set(task.handle, loaded);
    await this.#call(loaded, task, began);
  }

  #call(called: UserFunction, task: Task, began: number): Promise<void> | undefined {
    if (task.hasBlobs) return this.#callWithBlobs(called, task, began);
    return this.#callWith(called, task, began);
  }

  async #callWithBlobs(called: UserFunction, task: Task, began: number): Promise<void> {
    let blobs: ArgumentBlobs;
    try {
      const { sequence, payload } = task;
      const { promise, resolve } = Promise.withResolvers<BlobAnswer>();
      this.#asked = resolve;
      this.#post({ sequence, ...wantedBlobs(decoder.decode(payload)) });
      const answer = await promise;
      if (answer.failure !== "") throw new Error(answer.failure);
      blobs = answer.blobs;
    } catch (thrown) {
      this.#fail(task, began, thrown, "CouldNotExecuteUserTaskError");
      return;
    }
    await this.#callWith(called, task, began, blobs);
  }

  #answered(answer: BlobAnswer): void {
    if (answer.sequence === this.#sequence) this.#asked?.(answer);
  }

  #callWith(
    called: UserFunction,
    task: Task,
    began: number,
    blobs?: ArgumentBlobs,
  ): Promise<void> | undefined {
    let value: unknown;
    try {
      value = called(...readArguments(decoder.decode(task.payload), blobs));
    } catch (thrown) {
      this.#fail(task, began, thrown, "RemoteExecutionError");
      return undefined;
    }
    if (isThenable(value)) return this.#settle(value, task, began);
    this.#succeed(task, began, value);
    return undefined;
  }

  async #settle(value: PromiseLike<unknown>, task: Task, began: number): Promise<void> {
    let settled: unknown;
    try {
      settled = await value;
    } catch (thrown) {
      this.#fail(task, began, thrown, "RemoteExecutionError");
      return;
    }
    this.#succeed(task, began, settled);
  }

  #succeed(task: Task, began: number, value: unknown): void {
    const ended = now();
    let body: string;
    try {
      body = jsonText(value);
    } catch (thrown) {
      this.#fail(task, began, thrown, "RemoteExecutionError");
      return;
    }
    const result = { header: HEADERS.json, body };
    const room = Math.min(task.inlineResultBytes, this.#ring.largest);
    const text = writeBuffer(result);
    if (FINISHED_HEADER_BYTES + text.length * MAX_BYTES_PER_UNIT <= room) {
      this.#writeFinished(task, 0, began, ended, text);
      return;
    }
    const record = encodeBuffer(result, FINISHED_HEADER_BYTES);
    const size = record.length - FINISHED_HEADER_BYTES;
    if (size <= this.#maxResultBytes) this.#postFinished(task, began, ended, record);
    else this.#tooLarge(task, began, ended, size);
  }

  #tooLarge(task: Task, began: number, ended: number, size: number): void {
    const error = {
      code: "MaxResultSizeExceeded",
      type: "MaxResultSizeExceeded",
      message: `the result has ${size} bytes, at most ${this.#maxResultBytes} are taken`,
      traceback: "",
      hint: "Write it to a file and return the path, or return less.",
    };
    this.#writeFinished(task, 1, began, ended, JSON.stringify(error));
  }

  #fail(task: Task, began: number, thrown: unknown, code: ErrorCode): void {
    const error = taskErrorOf(thrown, code, this.#maxTracebackBytes);
    this.#writeFinished(task, 1, began, now(), JSON.stringify(error));
  }

  /** A finished record straight into the ring. */
  #writeFinished(task: Task, failed: 0 | 1, began: number, ended: number, body: string): void {
    const room = FINISHED_HEADER_BYTES + body.length * MAX_BYTES_PER_UNIT;
    const position = this.#ring.reserve(room);
    const target = this.#ring.bytes.subarray(position + FINISHED_HEADER_BYTES, position + room);
    const { written } = encoder.encodeInto(body, target);
    const length = FINISHED_HEADER_BYTES + written;
    writeFinishedHeader(this.#ring.view, position, length, task.sequence, failed, began, ended);
    this.#ring.commit(position + length);
  }

  /**
   * A result that is too large for the ring, behind room for the header of its record. Waits, so that
   * records stay in order.
   */
  #postFinished(
    task: Task,
    began: number,
    ended: number,
    record: Uint8Array<ArrayBuffer>,
  ): void {
    writeFinishedHeader(viewOf(record), 0, record.length, task.sequence, 0, began, ended);
    const taken = this.#gate.taken;
    this.#port.postMessage(record, [record.buffer]);
    this.#gate.waitForTaken(taken);
  }

  /** Output of the task that runs. */
  write(stream: Stream, data: Uint8Array): void {
    for (let from = 0; from < data.length; from += OUTPUT_PIECE) {
      const piece = data.subarray(from, from + OUTPUT_PIECE);
      const position = this.#ring.reserve(OUTPUT_HEADER_BYTES + piece.length);
      const { view, bytes } = this.#ring;
      const end = position + OUTPUT_HEADER_BYTES + piece.length;
      writeHeader(view, position, RECORD.output, end - position - RECORD_HEADER_BYTES);
      view.setUint32(position + RECORD_HEADER_BYTES, this.#sequence, true);
      view.setUint8(position + RECORD_HEADER_BYTES + 4, STREAMS.indexOf(stream));
      bytes.set(piece, position + OUTPUT_HEADER_BYTES);
      this.#ring.commit(end);
    }
    if (this.#gate.needsWaking()) this.#post(null);
  }
}

function writeFinishedHeader(
  view: DataView,
  position: number,
  length: number,
  sequence: number,
  failed: 0 | 1,
  began: number,
  ended: number,
): void {
  writeHeader(view, position, RECORD.finished, length - RECORD_HEADER_BYTES);
  view.setUint32(position + 5, sequence, true);
  view.setUint8(position + 9, failed);
  view.setFloat64(position + 10, began, true);
  view.setFloat64(position + 18, ended, true);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** What a function left running must end neither the worker nor another task. */
function outliveLateErrors(guest: Guest): void {
  const report = (thrown: unknown): void => {
    const { type, message } = taskErrorOf(thrown, "RemoteExecutionError", 0);
    guest.write("stderr", encoder.encode(`Uncaught ${type}: ${message}\n`));
  };
  self.addEventListener("error", (event) => {
    event.preventDefault();
    report(event.error ?? event.message);
  });
  self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report(event.reason);
  });
}

/** Ways out of the worker that a function would take for its own end. */
function refuseToEnd(): void {
  const refuse = (): never => {
    throw new Error("a function cannot end its worker; return, or throw an error");
  };
  for (const [target, name] of [[self, "close"], [Deno, "exit"]] as const) {
    Object.defineProperty(target, name, { value: refuse });
  }
}

self.onmessage = ({ data }: MessageEvent<GuestSetup>): void => {
  self.onmessage = null;
  const guest = new Guest(data);
  captureOutput((stream, bytes) => guest.write(stream, bytes));
  outliveLateErrors(guest);
  refuseToEnd();
};
self.postMessage(GUEST_LOADED);
