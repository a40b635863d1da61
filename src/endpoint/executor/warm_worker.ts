/** One warm worker process as the manager sees it: sends it tasks, and says what came of them. */
import type { FunctionId } from "../../contract/ids.ts";
import {
  CONTAINER_START_TIMEOUT,
  INLINE_RESULT_BYTES,
  MAX_FUNCTIONS_PER_WORKER,
  MAX_TASKS_PER_WORKER,
  MAX_TRACEBACK_BYTES,
  WORKER_START_TIMEOUT,
} from "../../contract/limits.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { Assignment } from "./assignment.ts";
import type { Contained } from "./containers/containers.ts";
import { Credits } from "./credits.ts";
import type { ExecutorEvents, FinishedAttempt } from "./executor.ts";
import { type Abandoned, HeldTasks, type ReportedTask } from "./held_tasks.ts";
import {
  type EnvironmentSettings,
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
  RecordError,
  RecordReader,
  STREAMS,
  type TaskRecord,
  taskRecords,
  viewOf,
  WORKER_RECORDS,
} from "./ipc.ts";
import {
  instantAt,
  isEnvironmentSettings,
  isOfSdk,
  isReadySettings,
  outcomeOf,
  settingsOf,
} from "./task_records.ts";
import { newOutputMarker } from "./output_splitter.ts";
import type { Placement } from "./resources/placement.ts";
import type { WorkerRuntime } from "./runtimes/runtime.ts";
import { removeUnfinished } from "./unfinished_files.ts";
import { WorkerOutput } from "./worker_output.ts";
import { type WorkerEnd, WorkerProcess } from "./worker_process.ts";

const log = logger("executor", "worker");

export interface WarmWorkerEvents {
  ready(): void;
  /** A task has begun and has not finished yet. */
  started(assignment: Assignment): void;
  finished(attempts: readonly FinishedAttempt[]): void;
  /** These have not begun and are no longer with the worker. */
  returned(assignments: readonly Assignment[]): void;
  /** Once, last; nothing of its process group is left. */
  ended(end: WorkerEnd, abandoned: Pick<Abandoned, "begun" | "notBegun">): void;
}

export interface WarmWorkerOptions {
  readonly runtime: WorkerRuntime;
  readonly placement: Placement;
  readonly workingFolder: string;
  /** Where it writes results that are too large for a record; absolute. */
  readonly resultFolder: string;
  readonly maxResultBytes: number;
  /** Tasks that it holds at least, the running one included. */
  readonly baseCredits: number;
  /** Tasks need a folder of their own, so one at a time. */
  readonly oneAtATime: boolean;
  /** Live output. */
  readonly output: ExecutorEvents;
}

export class WarmWorker {
  readonly runtime: WorkerRuntime;
  readonly #options: WarmWorkerOptions;
  readonly #events: WarmWorkerEvents;
  readonly #process: WorkerProcess;
  readonly #startTimer: ReturnType<typeof setTimeout>;
  readonly #tasks = new HeldTasks();
  readonly #credits: Credits;
  readonly #reader = new RecordReader((type, bytes, start, end) => {
    this.#take(type, bytes, start, end);
  }, WORKER_RECORDS);
  readonly #handles = new Map<FunctionId, number>();
  readonly #output: WorkerOutput;
  /** `performance.now()` when it last had nothing to do; its owner's. */
  idleSince = 0;
  #details: ReadySettings | null = null;
  /** Told before the first task that wants it. */
  #environment: EnvironmentSettings | null = null;
  #startFailure: string | null = null;
  #ending = false;
  /** What it has said since is not known. */
  #brokeProtocol = false;
  #recalled = false;
  /** It holds a task that must be alone in it. */
  #holdsAlone = false;
  /** Sequence of the last task that was said to have started. */
  #announced = -1;
  /** `performance.now()` since when the first unreported task runs; null while none has begun. */
  #runningSince: number | null = null;
  /** By the worker's clock: when the first unreported task began, at the latest. */
  #lastBegin = 0;

  constructor(options: WarmWorkerOptions, events: WarmWorkerEvents) {
    this.#options = options;
    this.#events = events;
    this.runtime = options.runtime;
    this.#credits = new Credits(options.oneAtATime ? 1 : options.baseCredits);
    const marker = newOutputMarker();
    this.#output = new WorkerOutput({
      marker: this.runtime.marksOutput ? marker : null,
      tasks: this.#tasks,
      events: options.output,
    });
    this.#process = this.#start();
    this.#process.send(this.runtime.preamble);
    this.#process.send(jsonRecord(RECORD.hello, this.#hello(marker)));
    const patience = this.runtime.contain ? CONTAINER_START_TIMEOUT : WORKER_START_TIMEOUT;
    this.#startTimer = setTimeout(() => {
      this.#startFailure = `it was not ready within ${patience / 1_000} s`;
      this.end();
    }, patience);
  }

  #start(): WorkerProcess {
    const { placement } = this.#options;
    const environment = placement.environmentOf(this.runtime.environment);
    const contained = this.runtime.contain?.(environment);
    return placement.start(() => this.#startIn(environment, contained));
  }

  #startIn(
    environment: Readonly<Record<string, string>>,
    contained: Contained | undefined,
  ): WorkerProcess {
    return new WorkerProcess({
      contained,
      command: contained?.command ?? this.runtime.command,
      cwd: this.#options.workingFolder,
      environment,
      recallDescriptor: this.runtime.recallDescriptor,
    }, {
      records: (chunk) => this.#read(chunk),
      output: (stream, chunk) => {
        this.#output.push(stream, chunk);
        if (this.runtime.marksOutput) this.#settle();
      },
      ended: (end) => {
        this.#output.end();
        this.#ended(end);
      },
    });
  }

  #hello(marker: Uint8Array): HelloSettings {
    return {
      working_folder: this.#options.workingFolder,
      max_result_bytes: this.#options.maxResultBytes,
      inline_result_bytes: INLINE_RESULT_BYTES,
      result_folder: this.#options.resultFolder,
      max_traceback_bytes: MAX_TRACEBACK_BYTES,
      marker: marker.toHex(),
      runtime: this.runtime.settings,
    };
  }

  // -- what the manager asks ------------------------------------------------------------------------

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** What it says of itself; of attempts that it took with it as well. */
  get details(): Readonly<Record<string, unknown>> {
    if (this.#details === null) return {};
    const { runtime, version, hostname, pid } = this.#details;
    return { runtime, version, hostname, pid };
  }

  /** It has been ready for tasks at some time. */
  get wasReady(): boolean {
    return this.#details !== null;
  }

  get isReady(): boolean {
    return this.wasReady && !this.#ending;
  }

  /** Holds no task and could take one: until a recall is answered it takes none. */
  get isIdle(): boolean {
    return this.#tasks.size === 0 && !this.#recalled;
  }

  /** It has to be replaced once it is idle. */
  get isWornOut(): boolean {
    return this.#handles.size >= MAX_FUNCTIONS_PER_WORKER ||
      this.#tasks.next >= MAX_TASKS_PER_WORKER;
  }

  /** Tasks that it may hold, those that it holds included. */
  get credits(): number {
    return this.#credits.limit;
  }

  /** Tasks that the manager should have at hand for it besides. */
  get reserve(): number {
    return this.#credits.reserve;
  }

  /** How many more tasks it takes now. */
  get room(): number {
    if (!this.isReady || this.isWornOut || this.#holdsAlone || this.#recalled) return 0;
    return Math.max(0, this.#credits.limit - this.#tasks.unreported);
  }

  /** Holds so little that it may run dry before more can reach it. */
  get isLow(): boolean {
    const { unreported } = this.#tasks;
    return unreported <= this.#credits.limit / 2 || unreported < this.#credits.base;
  }

  get heldBytes(): number {
    return this.#tasks.unreportedBytes;
  }

  /** Tasks that it holds besides the one that it runs. */
  get waiting(): number {
    return Math.max(0, this.#tasks.unreported - 1);
  }

  /** The task that runs, and since when by `performance.now()`. */
  get running(): { readonly assignment: Assignment; readonly since: number } | null {
    const first = this.#runningSince === null ? null : this.#tasks.firstUnreported();
    if (first === null || this.#runningSince === null) return null;
    return { assignment: first.assignment, since: this.#runningSince };
  }

  /** Its task takes longer than it was measured to: nothing more is to wait behind it. */
  get isOverdue(): boolean {
    return this.running !== null &&
      performance.now() - this.running.since >= this.#credits.patience;
  }

  /** Takes back what waits behind its task, beyond what the profile wants there. */
  withdraw(): void {
    this.#credits.withdraw();
    if (this.#tasks.unreported > this.#credits.limit) this.recall();
  }

  /** Whether the worker has it and has not reported it. */
  holds(assignment: Assignment): boolean {
    return this.#tasks.holds(assignment);
  }

  /** Sends tasks; at most `room`. */
  assign(assignments: readonly Assignment[]): void {
    this.#process.send(taskRecords(assignments.map((assignment): TaskRecord => {
      const handle = this.#handleOf(assignment);
      const { sequence } = this.#tasks.add(assignment);
      this.#holdsAlone ||= assignment.alone && !this.runtime.reportsEachBegin;
      const { payload } = assignment.attempt;
      return { sequence, handle, settings: settingsOf(assignment), payload };
    })));
  }

  /** Sends the function before the first task that needs it. */
  #handleOf({ attempt: { functionId, code } }: Assignment): number {
    const known = this.#handles.get(functionId);
    if (known !== undefined) return known;
    const handle = this.#handles.size;
    this.#handles.set(functionId, handle);
    this.#process.send(functionRecord(handle, code));
    return handle;
  }

  /** Asks for all tasks back that have not begun; `returned` follows. */
  recall(): void {
    if (this.#recalled || !this.isReady || this.#tasks.unreported === 0) return;
    this.#recalled = true;
    this.#process.sendRecall(numberRecord(RECORD.recall, this.#tasks.next - 1));
  }

  /** Ends the process group; `ended` follows. */
  end(): void {
    this.#ending = true;
    this.#process.end();
  }

  /** Settles when nothing of it is left. */
  get ended(): Promise<void> {
    return this.#process.ended;
  }

  // -- what the worker says -------------------------------------------------------------------------

  #read(chunk: Uint8Array): void {
    try {
      if (!this.#brokeProtocol) this.#reader.push(chunk);
    } catch (thrown) {
      this.#brokeProtocol = true;
      const reason = messageOf(thrown);
      log.error("worker {pid} broke the protocol: {reason}", { pid: this.pid, reason });
      this.end();
    }
    // All tasks of one chunk of records at once.
    if (!this.#options.oneAtATime) this.#credits.adapt();
    this.#settle();
  }

  #take(type: number, bytes: Uint8Array, start: number, end: number): void {
    const view = viewOf(bytes);
    switch (type) {
      case RECORD.finished:
        return this.#reported(bytes, view, start, end);
      case RECORD.begun:
        this.#tasks.beganBelow(view.getUint32(start, true));
        this.#lastBegin = instantAt(view, start + 4);
        return;
      case RECORD.output:
        return this.#outputRecord(bytes, view, start, end);
      case RECORD.returned:
        return this.#tookBack(view.getUint32(start, true));
      case RECORD.environment: {
        const told = jsonBody(bytes, start, end);
        if (!isEnvironmentSettings(told)) throw new RecordError("an environment that is none");
        this.#environment = told;
        return;
      }
      case RECORD.ready:
        return this.#ready(jsonBody(bytes, start, end) as ReadySettings);
    }
  }

  #tookBack(first: number): void {
    const assignments = this.#tasks.takeBack(first);
    this.#recalled = false;
    // A task that had to be alone may have been among them.
    this.#holdsAlone &&= this.#tasks.unreported > 0;
    this.#events.returned(assignments);
  }

  #ready(details: ReadySettings): void {
    if (this.#details !== null || !isReadySettings(details)) {
      throw new RecordError("a ready record that is none, or a second one");
    }
    clearTimeout(this.#startTimer);
    this.#details = details;
    this.#events.ready();
  }

  #reported(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const sequence = view.getUint32(start, true);
    const task = this.#tasks.unreportedAt(sequence);
    // A worker whose user code has got hold of its records may report anything.
    if (task === undefined) return;
    const flags = view.getUint8(start + 4);
    const began = instantAt(view, start + 5);
    const ended = instantAt(view, start + 13);
    const body = bytes.subarray(start + FINISHED_HEADER_BYTES - RECORD_HEADER_BYTES, end);
    const duration = Math.max(0, ended - began);
    this.#tasks.report(task, {
      outcome: outcomeOf(flags, body, this.#options.resultFolder),
      duration,
    });
    this.#tasks.beganBelow(sequence + ((flags & FINISHED_FLAGS.nextHasBegun) === 0 ? 1 : 2));
    task.assignment.begunAt = began;
    this.#holdsAlone = false;
    this.#runningSince = null;
    this.#lastBegin = ended;
    this.#credits.ended(duration);
  }

  #outputRecord(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const task = this.#tasks.unreportedAt(view.getUint32(start, true));
    const stream = STREAMS[view.getUint8(start + 4)];
    if (task === undefined || stream === undefined) return;
    task.assignment.append(stream, bytes.subarray(start + 5, end), this.#options.output);
  }

  // -- the end of tasks -----------------------------------------------------------------------------

  /** Hands over what is complete, and says what runs now. */
  #settle(): void {
    const complete = this.#tasks.takeComplete(this.#output.completeThrough);
    this.#announce();
    if (complete.length > 0) this.#events.finished(complete.map((task) => this.#finish(task)));
  }

  #finish({ assignment, report }: ReportedTask): FinishedAttempt {
    const duration = report.duration / 1_000;
    const environment = this.#environment !== null && isOfSdk(assignment) ? this.#environment : {};
    return assignment.finish(report.outcome, { ...this.details, ...environment, duration });
  }

  #announce(): void {
    const first = this.#tasks.firstUnreported();
    if (first === null || !this.#tasks.hasBegun(first)) return;
    this.#runningSince ??= performance.now();
    if (first.sequence <= this.#announced) return;
    this.#announced = first.sequence;
    first.assignment.begunAt = this.#lastBegin;
    this.#events.started(first.assignment);
  }

  #ended(end: WorkerEnd): void {
    clearTimeout(this.#startTimer);
    this.#ending = true;
    this.#runningSince = null;
    const toldAll = end.toldAll && !this.#brokeProtocol && this.#reader.isBetweenRecords;
    const { reported, begun, notBegun } = this.#tasks.abandon(toldAll);
    if (reported.length > 0) this.#events.finished(reported.map((task) => this.#finish(task)));
    if (this.#details !== null) removeUnfinished(this.#options.resultFolder, this.#details.pid);
    const startFailure = end.startFailure ?? this.#startFailure;
    this.#events.ended({ ...end, startFailure }, { begun, notBegun });
  }
}
