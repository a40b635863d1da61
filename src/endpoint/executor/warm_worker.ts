/**
 * One warm worker process as the manager sees it: which tasks it holds, which of them may have begun,
 * and what came of them.
 *
 * Invariants, cited below:
 *
 * 1. Sequences are given in the order in which tasks are sent; the worker runs them in that order.
 * 2. Tasks below `#begun` may have run. The worker says so before it begins one, so whatever it
 *    holds beyond can be given to another worker without being run twice.
 * 3. A task leaves `#tasks` exactly once: finished, returned, or with the end of the worker.
 */
import {
  MAX_FUNCTIONS_PER_WORKER,
  MAX_RESULT_BYTES,
  MAX_TASKS_PER_WORKER,
  MAX_TRACEBACK_BYTES,
  WORKER_START_TIMEOUT,
} from "../../contract/limits.ts";
import type { TaskError } from "../../contract/errors.ts";
import type { FunctionId } from "../../contract/ids.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Assignment } from "./assignment.ts";
import { Credits } from "./credits.ts";
import type { AttemptOutcome, ExecutorEvents, FinishedAttempt } from "./executor.ts";
import {
  FINISHED_FLAGS,
  FINISHED_HEADER_BYTES,
  functionRecord,
  type HelloSettings,
  jsonBody,
  jsonRecord,
  numberRecord,
  type ReadySettings,
  RECORD,
  RECORD_HEADER_BYTES,
  RecordReader,
  type Stream,
  STREAMS,
  type TaskRecord,
  taskRecords,
  type TaskSettings,
  viewOf,
} from "./ipc.ts";
import { OutputSplitter } from "./output_splitter.ts";
import type { WorkerRuntime } from "./runtimes/runtime.ts";
import { type WorkerEnd, WorkerProcess } from "./worker_process.ts";

const log = logger("executor", "worker");
const MARKER_BYTES = 16;
const NO_SETTINGS = new Uint8Array(0);
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What a worker that has ended still held. */
export interface Abandoned {
  /** May have run. */
  readonly begun: readonly Assignment[];
  readonly notBegun: readonly Assignment[];
}

export interface WarmWorkerEvents {
  ready(): void;
  /** A task has begun and has not finished yet. */
  started(assignment: Assignment): void;
  finished(attempts: readonly FinishedAttempt[]): void;
  /** These have not begun and are no longer with the worker. */
  returned(assignments: readonly Assignment[]): void;
  ended(end: WorkerEnd, wasReady: boolean, abandoned: Abandoned): void;
}

export interface WarmWorkerOptions {
  readonly runtime: WorkerRuntime;
  readonly workingFolder: string;
  /** Tasks that it holds at least, the running one included. */
  readonly baseCredits: number;
  /** Tasks need a folder of their own, so one at a time. */
  readonly oneAtATime: boolean;
  /** Live output. */
  readonly output: ExecutorEvents;
}

/** A task of this worker. */
interface Entry {
  readonly assignment: Assignment;
  /** Set when the worker has reported it; it may still wait for the end of its output. */
  ending: { readonly outcome: AttemptOutcome; readonly duration: number } | null;
}

export class WarmWorker {
  readonly runtime: WorkerRuntime;
  readonly #options: WarmWorkerOptions;
  readonly #events: WarmWorkerEvents;
  readonly #process: WorkerProcess;
  readonly #credits: Credits;
  readonly #tasks = new Map<number, Entry>();
  readonly #handles = new Map<FunctionId, number>();
  /** Sequence of the last marker in each stream. */
  readonly #marked = { stdout: -1, stderr: -1 };
  #details: ReadySettings | null = null;
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  /** Sequence of the next task that is sent. */
  #next = 0;
  /** Tasks below may have begun (2). */
  #begun = 0;
  /** Tasks that the worker has not reported. */
  #held = 0;
  #heldBytes = 0;
  #holdsAlone = false;
  #announced = -1;
  /** `performance.now()` since when the first unreported task runs; null while none has begun. */
  #runningSince: number | null = null;
  /** Worker's clock: when the task that runs began, at the latest. */
  #lastBegin = 0;
  #recalled = false;
  #ending = false;
  /** Times of the tasks in one chunk of records. */
  #finishedCount = 0;
  #finishedTime = 0;
  #finishedLongest = 0;

  constructor(options: WarmWorkerOptions, events: WarmWorkerEvents) {
    this.#options = options;
    this.#events = events;
    this.runtime = options.runtime;
    this.#credits = new Credits(options.oneAtATime ? 1 : options.baseCredits);
    const marker = crypto.getRandomValues(new Uint8Array(MARKER_BYTES));
    this.#process = this.#start(marker);
    this.#process.send(this.runtime.preamble);
    this.#process.send(jsonRecord(RECORD.hello, this.#hello(marker)));
    this.#startTimer = setTimeout(() => this.end(), WORKER_START_TIMEOUT);
  }

  #start(marker: Uint8Array): WorkerProcess {
    const reader = new RecordReader((type, bytes, start, end) => {
      this.#take(type, bytes, start, end);
    });
    const splitters = {
      stdout: this.#splitter("stdout", marker),
      stderr: this.#splitter("stderr", marker),
    };
    return new WorkerProcess({
      command: this.runtime.command,
      cwd: this.#options.workingFolder,
      environment: this.runtime.environment,
      recallDescriptor: this.runtime.recallDescriptor,
    }, {
      records: (chunk) => this.#read(reader, chunk),
      output: (stream, chunk) => {
        if (this.runtime.marksOutput) splitters[stream].push(chunk);
        else this.#attribute(stream, chunk);
        if (this.runtime.marksOutput) this.#settle();
      },
      ended: (end) => {
        splitters.stdout.end();
        splitters.stderr.end();
        this.#ended(end);
      },
    });
  }

  #hello(marker: Uint8Array): HelloSettings {
    return {
      working_folder: this.#options.workingFolder,
      max_result_bytes: MAX_RESULT_BYTES,
      max_traceback_bytes: MAX_TRACEBACK_BYTES,
      marker: marker.toHex(),
      runtime: this.runtime.settings,
    };
  }

  // -- what the manager asks ----------------------------------------------------------------------

  get isReady(): boolean {
    return this.#details !== null && !this.#ending;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isIdle(): boolean {
    return this.#tasks.size === 0;
  }

  /** The worker has to be replaced once it is idle. */
  get isWornOut(): boolean {
    return this.#handles.size >= MAX_FUNCTIONS_PER_WORKER || this.#next >= MAX_TASKS_PER_WORKER;
  }

  /** Tasks that it may hold, those that it holds included. */
  get credits(): number {
    return this.#credits.limit;
  }

  /** How many more tasks it takes now. */
  get room(): number {
    if (!this.isReady || this.isWornOut || this.#holdsAlone || this.#recalled) return 0;
    return Math.max(0, this.#credits.limit - this.#held);
  }

  /** Holds so little that it may run dry before more can reach it. */
  get isLow(): boolean {
    return this.#held <= this.#credits.limit / 2 || this.#held < this.#credits.base;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Tasks that it holds besides the one that it runs. */
  get waiting(): number {
    return Math.max(0, this.#held - 1);
  }

  /** The first task that it has not reported, if it has begun, and since when by `performance.now()`. */
  get running(): { readonly assignment: Assignment; readonly since: number } | null {
    if (this.#runningSince === null) return null;
    const first = this.#first();
    return first === null
      ? null
      : { assignment: first.entry.assignment, since: this.#runningSince };
  }

  /** Whether the worker holds it and has not reported it. */
  holds(assignment: Assignment): boolean {
    for (const entry of this.#tasks.values()) {
      if (entry.assignment === assignment) return entry.ending === null;
    }
    return false;
  }

  /** Sends tasks; at most `room`. */
  assign(assignments: readonly Assignment[]): void {
    const tasks: TaskRecord[] = [];
    for (const assignment of assignments) {
      const handle = this.#handleOf(assignment);
      const { payload } = assignment.attempt;
      this.#tasks.set(this.#next, { assignment, ending: null });
      tasks.push({ sequence: this.#next, handle, settings: settingsOf(assignment), payload });
      this.#next += 1;
      this.#held += 1;
      this.#heldBytes += payload.length;
      this.#holdsAlone ||= assignment.alone && !this.runtime.reportsEachBegin;
    }
    this.#process.send(taskRecords(tasks));
  }

  /** Sends the function before the first task that needs it. */
  #handleOf(assignment: Assignment): number {
    const { functionId, code } = assignment.attempt;
    const known = this.#handles.get(functionId);
    if (known !== undefined) return known;
    const handle = this.#handles.size;
    this.#handles.set(functionId, handle);
    this.#process.send(functionRecord(handle, code));
    return handle;
  }

  /** Asks for all tasks back that have not begun; `returned` follows. */
  recall(): void {
    if (this.#recalled || !this.isReady || this.#held === 0) return;
    this.#recalled = true;
    this.#process.sendRecall(numberRecord(RECORD.recall, this.#next - 1));
  }

  /** Ends the process group; `ended` follows. */
  end(): void {
    this.#ending = true;
    this.#process.end();
  }

  get ended(): Promise<void> {
    return this.#process.ended;
  }

  // -- what the worker says -----------------------------------------------------------------------

  #read(reader: RecordReader, chunk: Uint8Array): void {
    try {
      reader.push(chunk);
    } catch (thrown) {
      log.error("worker {pid} broke the protocol: {reason}", {
        pid: this.#process.pid,
        reason: messageOf(thrown),
      });
      this.end();
    }
    this.#observe();
    this.#settle();
  }

  #take(type: number, bytes: Uint8Array, start: number, end: number): void {
    const view = viewOf(bytes);
    switch (type) {
      case RECORD.finished:
        return this.#finishedRecord(bytes, view, start, end);
      case RECORD.begun:
        this.#begun = Math.max(this.#begun, view.getUint32(start, true));
        this.#lastBegin = view.getFloat64(start + 4, true);
        return;
      case RECORD.output:
        return this.#outputRecord(bytes, view, start, end);
      case RECORD.returned:
        return this.#returnedRecord(view.getUint32(start, true));
      case RECORD.ready:
        return this.#readyRecord(jsonBody(bytes, start, end) as ReadySettings);
    }
  }

  #readyRecord(details: ReadySettings): void {
    clearTimeout(this.#startTimer);
    this.#details = details;
    this.#events.ready();
  }

  #finishedRecord(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const sequence = view.getUint32(start, true);
    const entry = this.#tasks.get(sequence);
    // A worker whose user code has got hold of its records may report anything.
    if (entry === undefined || entry.ending !== null) return;
    const flags = view.getUint8(start + 4);
    const began = view.getFloat64(start + 5, true);
    const ended = view.getFloat64(start + 13, true);
    const body = bytes.subarray(start + FINISHED_HEADER_BYTES - RECORD_HEADER_BYTES, end);
    const duration = ended - began;
    entry.assignment.begunAt = began;
    entry.ending = { outcome: outcomeOf(flags, body), duration };
    this.#held -= 1;
    this.#heldBytes -= entry.assignment.attempt.payload.length;
    this.#holdsAlone = false;
    this.#runningSince = null;
    this.#lastBegin = ended;
    const next = (flags & FINISHED_FLAGS.nextHasBegun) === 0 ? sequence + 1 : sequence + 2;
    this.#begun = Math.max(this.#begun, next);
    this.#finishedCount += 1;
    this.#finishedTime += duration;
    this.#finishedLongest = Math.max(this.#finishedLongest, duration);
  }

  #outputRecord(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const entry = this.#tasks.get(view.getUint32(start, true));
    const stream = STREAMS[view.getUint8(start + 4)];
    if (entry === undefined || entry.ending !== null || stream === undefined) return;
    entry.assignment.append(stream, bytes.subarray(start + 5, end), this.#options.output);
  }

  /** Tasks from `first` on have not begun and will not. */
  #returnedRecord(first: number): void {
    this.#recalled = false;
    const returned: Assignment[] = [];
    for (const [sequence, entry] of this.#tasks) {
      if (sequence < first || entry.ending !== null) continue;
      this.#tasks.delete(sequence);
      this.#held -= 1;
      this.#heldBytes -= entry.assignment.attempt.payload.length;
      returned.push(entry.assignment);
    }
    this.#events.returned(returned);
  }

  #observe(): void {
    if (this.#finishedCount === 0) return;
    if (!this.#options.oneAtATime) {
      this.#credits.observe(this.#finishedCount, this.#finishedTime, this.#finishedLongest);
    }
    this.#finishedCount = 0;
    this.#finishedTime = 0;
    this.#finishedLongest = 0;
  }

  // -- output ---------------------------------------------------------------------------------------

  #splitter(stream: Stream, marker: Uint8Array): OutputSplitter {
    return new OutputSplitter(marker, {
      data: (bytes) => this.#attribute(stream, bytes),
      marker: (sequence) => {
        this.#marked[stream] = sequence;
      },
    });
  }

  /** Raw output belongs to the first task after the last marker, or to the one that runs. */
  #attribute(stream: Stream, bytes: Uint8Array): void {
    const after = this.#marked[stream];
    const expected = this.runtime.marksOutput ? this.#tasks.get(after + 1) : undefined;
    const entry = expected ?? this.#firstAfter(after);
    entry?.assignment.append(stream, bytes, this.#options.output);
  }

  #firstAfter(sequence: number): Entry | undefined {
    for (const [candidate, entry] of this.#tasks) {
      if (candidate > sequence) return entry;
    }
    return undefined;
  }

  // -- the end of tasks -----------------------------------------------------------------------------

  #first(): { readonly sequence: number; readonly entry: Entry } | null {
    for (const [sequence, entry] of this.#tasks) {
      if (entry.ending === null) return { sequence, entry };
    }
    return null;
  }

  /** Hands over what is complete, and says what runs now. */
  #settle(): void {
    const done: FinishedAttempt[] = [];
    const marked = this.runtime.marksOutput
      ? Math.min(this.#marked.stdout, this.#marked.stderr)
      : Infinity;
    for (const [sequence, entry] of this.#tasks) {
      if (entry.ending === null || sequence > marked) break;
      this.#tasks.delete(sequence);
      done.push(this.#close(entry, entry.ending));
    }
    this.#announce();
    if (done.length > 0) this.#events.finished(done);
  }

  #close(entry: Entry, ending: NonNullable<Entry["ending"]>): FinishedAttempt {
    const { runtime, version, hostname, pid } = this.#details!;
    const details = { runtime, version, hostname, pid, duration: ending.duration / 1000 };
    return entry.assignment.finish(ending.outcome, details);
  }

  #announce(): void {
    const first = this.#first();
    if (first === null || first.sequence >= this.#begun) return;
    this.#runningSince ??= performance.now();
    if (first.sequence <= this.#announced) return;
    this.#announced = first.sequence;
    first.entry.assignment.begunAt = this.#lastBegin;
    this.#events.started(first.entry.assignment);
  }

  #ended(end: WorkerEnd): void {
    clearTimeout(this.#startTimer);
    this.#ending = true;
    const done: FinishedAttempt[] = [];
    const begun: Assignment[] = [];
    const notBegun: Assignment[] = [];
    for (const [sequence, entry] of this.#tasks) {
      if (entry.ending !== null) done.push(this.#close(entry, entry.ending));
      else if (sequence < this.#begun) begun.push(entry.assignment);
      else notBegun.push(entry.assignment);
    }
    this.#tasks.clear();
    this.#held = 0;
    this.#heldBytes = 0;
    this.#runningSince = null;
    if (done.length > 0) this.#events.finished(done);
    this.#events.ended(end, this.#details !== null, { begun, notBegun });
  }
}

function settingsOf({ attempt, folder }: Assignment): Uint8Array {
  const { result_serializers } = attempt.options;
  if (folder === null && result_serializers === undefined) return NO_SETTINGS;
  const settings: TaskSettings = {
    ...(folder === null ? {} : { folder }),
    ...(result_serializers === undefined ? {} : { result_serializers }),
  };
  return encoder.encode(JSON.stringify(settings));
}

/** `body` is a view of a larger buffer, which must not be kept alive by a result. */
function outcomeOf(flags: number, body: Uint8Array): AttemptOutcome {
  if ((flags & FINISHED_FLAGS.failed) === 0) {
    return { kind: "success", result: new Uint8Array(body) };
  }
  return { kind: "failed", error: JSON.parse(decoder.decode(body)) as TaskError };
}
