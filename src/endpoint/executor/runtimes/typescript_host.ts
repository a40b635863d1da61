/**
 * The main thread of a TypeScript worker process: between the manager, on descriptors 3 and 4, and
 * the guest, the Web Worker that runs user code. User code can reach neither this thread nor the
 * descriptors.
 */
import { Socket } from "node:net";
import {
  begunRecord,
  FINISHED_HEADER_BYTES,
  type HelloSettings,
  jsonBody,
  jsonRecord,
  numberRecord,
  type ReadySettings,
  RECORD,
  RECORD_HEADER_BYTES,
  RecordReader,
  type TaskSettings,
  viewOf,
} from "../ipc.ts";
import { newRing, RingTaker } from "./ring.ts";
import { contentsOf, finishedInFile, GuestBlobs, withRead } from "./typescript_blobs.ts";
import { Gate } from "./typescript_gate.ts";
import { IdleTimer, takeCollector } from "./typescript_memory.ts";
import { type FromGuest, type GuestSetup, REST, type ToGuest } from "./typescript_messages.ts";

const RING_BYTES = 1024 * 1024;
/** Between two looks at the ring while tasks finish in quick succession, milliseconds. */
const LOOK_INTERVAL = 1;
/** How much work may be exposed to a crash without having been begun for certain, milliseconds. */
const WINDOW_TIME = 2;
const MAX_WINDOW = 256;
/** A message above this size is moved to the other thread instead of being copied. */
const TRANSFER_BYTES = 64 * 1024;

/** Deno's own words for what a Web Worker may do; importing and native libraries are never granted. */
function guestPermissions(
  granted: Readonly<Record<string, unknown>>,
): Deno.PermissionOptionsObject {
  return {
    read: false,
    write: false,
    net: false,
    env: false,
    run: false,
    sys: false,
    ...granted,
    ffi: false,
    import: false,
  };
}

/** What of the manager's settings is needed later. */
type Settings = Pick<HelloSettings, "inline_result_bytes" | "result_folder">;

class Host {
  /** Module of the guest. */
  readonly #guest: URL;
  /** To the manager. */
  readonly #socket = new Socket({ fd: 3, readable: false, writable: true });
  /** From the manager. */
  readonly #commands = new Socket({ fd: 4, readable: true, writable: false });
  readonly #reader: RecordReader;
  readonly #gate = new Gate();
  readonly #memory = newRing(RING_BYTES);
  readonly #ring = new RingTaker(this.#memory);
  readonly #channel = new MessageChannel();
  readonly #port = this.#channel.port1;
  readonly #ended = Promise.withResolvers<void>();
  /** Records of one chunk that go to the guest together: a span of one buffer. */
  #span: { readonly bytes: Uint8Array; readonly start: number; end: number } | null = null;
  #settings: Settings = { inline_result_bytes: 0, result_folder: "" };
  readonly #blobs = new GuestBlobs();
  readonly #collect = takeCollector();
  readonly #activity = new IdleTimer(() => this.#rest());
  /** Sequence after that of the last task that came. */
  #end = 0;
  #window = 1;
  /** The task before which the guest has stopped, since it might not begin yet. */
  #stoppedAt: number | undefined;
  #lastLook = 0;
  #lastNext = 0;
  #looking = false;

  constructor(guest: URL) {
    this.#guest = guest;
    this.#reader = new RecordReader((type, bytes, start, end) => {
      this.#take(type, bytes, start, end);
    });
    this.#port.onmessage = ({ data }: MessageEvent<FromGuest>): void => this.#hear(data);
    this.#commands.on("data", (chunk: Uint8Array) => {
      this.#activity.note();
      this.#reader.push(chunk);
      this.#forward();
    });
    for (const socket of [this.#socket, this.#commands]) {
      socket.on("close", () => this.#ended.resolve());
      socket.on("error", () => this.#ended.resolve());
    }
    this.#socket.on("drain", () => this.#look());
  }

  /** Resolves when the manager has gone; rejects when the guest has. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  #take(type: number, bytes: Uint8Array, start: number, end: number): void {
    switch (type) {
      case RECORD.hello:
        return this.#startGuest(jsonBody(bytes, start, end) as HelloSettings);
      case RECORD.recall:
        this.#forward();
        return this.#takeBack(viewOf(bytes).getUint32(start, true));
      case RECORD.task:
        this.#prepare(bytes, start);
        return this.#addToSpan(bytes, start - RECORD_HEADER_BYTES, end);
      case RECORD.function:
        return this.#addToSpan(bytes, start - RECORD_HEADER_BYTES, end);
    }
  }

  #startGuest(settings: HelloSettings): void {
    this.#settings = settings;
    const folder = this.#blobs.folderBelow(settings.result_folder);
    const permissions = guestPermissions(withRead(settings.runtime, folder));
    const worker = new Worker(
      this.#guest,
      { type: "module", deno: { permissions } } as WorkerOptions,
    );
    const setup: GuestSetup = {
      port: this.#channel.port2,
      ring: this.#memory,
      gate: this.#gate.memory,
      maxResultBytes: settings.max_result_bytes,
      maxTracebackBytes: settings.max_traceback_bytes,
    };
    worker.onerror = (event): void => {
      // Without its guest this process is of no use.
      event.preventDefault();
      this.#ended.reject(new Error(event.message));
    };
    worker.onmessage = (): void => {
      worker.onmessage = null;
      worker.postMessage(setup, [setup.port]);
      this.#tell(jsonRecord(RECORD.ready, ownSettings()));
    };
  }

  #prepare(bytes: Uint8Array, start: number): void {
    const view = viewOf(bytes);
    this.#end = view.getUint32(start, true) + 1;
    const length = view.getUint32(start + 8, true);
    if (length === 0) return;
    const settings = jsonBody(bytes, start + 12, start + 12 + length) as TaskSettings;
    // The manager sends tasks with a folder one at a time.
    if (settings.folder !== undefined) Deno.chdir(settings.folder);
    this.#blobs.expect(this.#end - 1, settings);
  }

  #addToSpan(bytes: Uint8Array, start: number, end: number): void {
    if (this.#span?.bytes === bytes && this.#span.end === start) {
      this.#span.end = end;
      return;
    }
    this.#forward();
    this.#span = { bytes, start, end };
  }

  /** Hands what came to the guest, after the manager has been told what may begin. */
  #forward(): void {
    const span = this.#span;
    if (span === null) return;
    this.#span = null;
    this.#open();
    this.#send(span.bytes.slice(span.start, span.end));
  }

  #send(message: Uint8Array | null): void {
    const moved = message !== null && message.length > TRANSFER_BYTES ? [message.buffer] : [];
    this.#port.postMessage(message, moved as Transferable[]);
  }

  /**
   * Lets the guest go on through the window, and says so to the manager first. The window counts the
   * task that runs: as long as tasks are slow, the one that runs is the only one exposed.
   */
  #open(): void {
    const running = this.#gate.isRunning ? 1 : 0;
    const limit = Math.min(this.#end, this.#gate.next + this.#window - running);
    // What is still in this process would be lost with it; `#tell` comes back here when it has gone.
    if (limit <= this.#gate.limit || this.#socket.writableLength > 0) return;
    this.#tell(begunRecord(limit, Date.now()));
    if (this.#socket.writableLength > 0) return;
    this.#gate.open(limit);
    this.#goOn();
  }

  /** Wakes a guest that has stopped, once it may go on: before that it would only stop again. */
  #goOn(): void {
    if (this.#stoppedAt === undefined || !this.#gate.allows(this.#stoppedAt)) return;
    this.#stoppedAt = undefined;
    this.#send(null);
  }

  #tell(records: Uint8Array, written = (): void => {}): void {
    this.#socket.write(records, () => {
      written();
      this.#open();
    });
  }

  #takeBack(upTo: number): void {
    const first = this.#gate.takeBack(upTo);
    this.#lastNext = this.#gate.next;
    this.#drain();
    this.#tell(numberRecord(RECORD.returned, first));
    this.#gate.open(this.#gate.next);
    this.#goOn();
  }

  /** Nothing has come and nothing has ended for a while. */
  #rest(): void {
    if (this.#gate.isRunning || this.#gate.next < this.#end) return;
    this.#port.postMessage(REST);
    this.#collect();
  }

  #hear(message: FromGuest): void {
    this.#activity.note();
    this.#look();
    if (typeof message === "string") {
      this.#ended.reject(new Error(`a function broke its worker: ${message}`));
    } else if (message instanceof Uint8Array) {
      this.#tell(this.#withoutLargeBody(message), () => this.#gate.countTaken());
    } else if (typeof message === "object" && message !== null) {
      const answer: ToGuest = this.#blobs.answer(message);
      this.#port.postMessage(answer, contentsOf(answer));
    } else if (typeof message === "number") {
      this.#stoppedAt = message;
      this.#open();
      this.#goOn();
    }
  }

  /** A finished record, whose result is put into a file when it is large. */
  #withoutLargeBody(record: Uint8Array): Uint8Array {
    const { inline_result_bytes, result_folder } = this.#settings;
    const sequence = viewOf(record).getUint32(RECORD_HEADER_BYTES, true);
    const maximum = this.#blobs.inlineBytesOf(sequence) ?? inline_result_bytes;
    if (record.length - FINISHED_HEADER_BYTES <= maximum) return record;
    return finishedInFile(record, result_folder);
  }

  #drain(): void {
    // A full ring holds the guest back while the manager does not read.
    if (this.#socket.writableNeedDrain) return;
    const records = this.#ring.take();
    if (records.length > 0) this.#tell(records);
  }

  /** Takes what has finished, and looks again soon as long as tasks go on finishing quickly. */
  #look(): void {
    this.#drain();
    this.#adapt();
    this.#open();
    if (this.#looking) return;
    this.#gate.watch(false);
    // What was written before the guest could see that nobody watches.
    if (!this.#ring.isEmpty) this.#drain();
    if (this.#gate.next < this.#gate.limit) this.#lookSoon();
  }

  #lookSoon(): void {
    this.#looking = true;
    this.#gate.watch(true);
    setTimeout(() => {
      const next = this.#lastNext;
      this.#looking = false;
      // Nothing began: the guest is in something long, and will wake this thread itself.
      if (this.#gate.next !== next) this.#look();
      else {
        this.#gate.watch(false);
        this.#drain();
        this.#adapt();
      }
    }, LOOK_INTERVAL);
  }

  /** The window holds what the guest begins in `WINDOW_TIME`, at the pace since the last look. */
  #adapt(): void {
    const next = this.#gate.next;
    this.#blobs.forgetBelow(this.#gate.first);
    const now = performance.now();
    const begun = next - this.#lastNext;
    const elapsed = now - this.#lastLook;
    if (begun > 0) {
      const pace = Math.floor(WINDOW_TIME * begun / Math.max(elapsed, 0.01));
      this.#window = Math.max(1, Math.min(pace, this.#window * 2, MAX_WINDOW));
    } else if (elapsed > WINDOW_TIME) this.#window = 1;
    else return;
    this.#lastLook = now;
    this.#lastNext = next;
  }
}

function ownSettings(): ReadySettings {
  return {
    runtime: "typescript",
    version: `${Deno.version.typescript}, Deno ${Deno.version.deno}`,
    hostname: Deno.hostname(),
    pid: Deno.pid,
  };
}

/** Serves the manager on descriptors 3 and 4 until it goes, then ends this process and what it started. */
export async function runTypescriptHost(guest: URL): Promise<void> {
  await new Host(guest).ended;
  // Its own process group; a function with the permission to run programs may have filled it.
  Deno.kill(-Deno.pid, "SIGKILL");
}
