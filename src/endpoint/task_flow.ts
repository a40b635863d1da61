/**
 * The task table with spool, executor and session around it. All that comes in within one turn of
 * the event loop becomes one transaction, and whatever others may see of it happens after the commit
 * (`spool_commits.ts`). A kill of the agent loses nothing that is committed, a loss of power what is
 * not synced; so
 *
 * 1. a task is acknowledged after a sync;
 * 2. the last attempt that a task may make begins after a sync that holds its beginning, so no loss
 *    of power makes it begin again. An attempt that may be followed by another begins at the commit;
 *    after a loss of power within the next moment (`spool_sync.ts`) it is made again;
 * 3. a result is sent at the commit: what the service acknowledges is on the service's disk, and what
 *    it does not is still here, or its attempt counts as lost with the power.
 */
import type { RecoveredWork } from "../contract/control.ts";
import type { FuncxFailure, TaskError } from "../contract/errors.ts";
import type { FunctionId, TaskId } from "../contract/ids.ts";
import { DEFAULT_TASK_CREDITS, RESULTS_AHEAD } from "../contract/limits.ts";
import type { EndpointStatus, TaskMessage, TaskOptions } from "../contract/protocol/messages.ts";
import { DiskRoom } from "../lib/free_space.ts";
import { logger } from "../lib/log.ts";
import type { Failure } from "../lib/outcome.ts";
import { dirname } from "../lib/path.ts";
import { Waiters } from "../lib/waiters.ts";
import type { ResultBlobs } from "./blobs/result_blobs.ts";
import { mayRefer, type TaskArguments } from "./blobs/task_arguments.ts";
import { EventReporter } from "./event_reporter.ts";
import type { AttemptId, Executor, ExecutorEvents, FinishedAttempt } from "./executor/executor.ts";
import { FunctionCache } from "./function_cache.ts";
import { Intake } from "./intake.ts";
import { Launcher } from "./launcher.ts";
import { LiveOutput } from "./live_output.ts";
import { Outbox } from "./outbox.ts";
import { NodeDemand } from "./parallel/node_demand.ts";
import { sendIfRead, type Session, type SessionMessage } from "./session.ts";
import type { Spool } from "./spool.ts";
import { SpoolCommits } from "./spool_commits.ts";
import { recoveredWork, tellOfRecovery } from "./spool_recovery.ts";
import { DISK_RESERVE } from "./storage_health.ts";
import { TableEffects } from "./table_effects.ts";
import type { TableEffect, TableEvent, UnfitTask } from "./table_events.ts";
import type { SpooledTask } from "./task.ts";
import { TaskAcknowledgements } from "./task_acknowledgements.ts";
import { TaskTable } from "./task_table.ts";
import { TurnTimer } from "./turn_timer.ts";

const log = logger("agent", "tasks");

/** What waits in memory to be handed over, so that the executor never waits for the disk. */
const WINDOW_TASKS = 4_000;
const WINDOW_BYTES = 32 * 1024 * 1024;
/** What waits in memory until its arguments are here. */
const FETCH_TASKS = 1_000;
const FETCH_BYTES = 32 * 1024 * 1024;
/** Tasks whose arguments are fetched ahead of the room for them. */
const FETCH_PLACES = 8;
/** Groups that are told apart when their tasks take turns; an owner's further ones count as one. */
const MAX_LANES = 10_000;

export interface FlowOptions {
  readonly spool: Spool;
  readonly maxAttempts: number;
  /** Of the profile; null means any. */
  readonly allowedFunctions: readonly FunctionId[] | null;
  /** Why a task of these options can never run here; null when it can. */
  readonly unfitReason?: (options: TaskOptions) => TaskError | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of the spool's disk; replaced in tests. */
  readonly room?: DiskRoom;
  /** Large results, which their own results wait for. */
  readonly resultBlobs?: ResultBlobs;
  /** Large arguments, which their attempts wait for. */
  readonly taskArguments?: Pick<TaskArguments, "fetch" | "release">;
  /** What had begun may be under way still, with managers that outlived the last agent. */
  readonly awaitsManagers?: boolean;
  /** Told when writing to the spool begins to fail, and with null when it works again. */
  readonly onStorage: (problem: Failure | null) => void;
  /** Told once when nothing can go on, as with a damaged spool. */
  readonly onFatal: (problem: FuncxFailure) => void;
}

export class TaskFlow {
  readonly #options: FlowOptions;
  readonly #table: TaskTable;
  readonly #outbox: Outbox;
  readonly #functions: FunctionCache;
  readonly #intake: Intake;
  readonly #reporter: EventReporter;
  readonly #commits: SpoolCommits;
  readonly #launcher: Launcher;
  readonly #acknowledgements: TaskAcknowledgements;
  readonly #effects: TableEffects;
  readonly #live = new LiveOutput();
  readonly #turns: TurnTimer;
  readonly #nodeDemand = new NodeDemand();
  #session: Session | undefined;
  #events: TableEvent[] = [];
  #acknowledged: TaskId[] = [];
  /** Attempts that an earlier agent gave, until the executor knows of them. */
  readonly #held: AttemptId[];
  readonly #waiters = new Waiters();
  #closed = false;

  constructor(options: FlowOptions) {
    this.#options = options;
    const { spool, maxAttempts } = options;
    this.#table = new TaskTable({
      maxAttempts,
      windowTasks: WINDOW_TASKS,
      windowBytes: WINDOW_BYTES,
      maxLanes: MAX_LANES,
      refers: options.taskArguments === undefined ? () => false : mayRefer,
      fetchTasks: FETCH_TASKS,
      fetchBytes: FETCH_BYTES,
      fetchPlaces: FETCH_PLACES,
    });
    const { resultBlobs } = options;
    this.#outbox = new Outbox(spool, resultBlobs);
    if (resultBlobs !== undefined) {
      resultBlobs.onUploaded = (taskId): void => {
        this.#outbox.release(taskId);
        this.#turns.now();
      };
    }
    this.#functions = new FunctionCache((functionId) => spool.functionCode(functionId));
    this.#intake = new Intake({
      spool,
      functions: this.#functions,
      room: options.room ?? new DiskRoom(dirname(spool.path), DISK_RESERVE),
      credits: this.taskCredits,
    });
    this.#reporter = new EventReporter((message) => sendIfRead(this.#session, message));
    this.#commits = new SpoolCommits({
      spool,
      onStorage: options.onStorage,
      onFatal: (failure) => this.#end(failure),
      retry: () => this.#turn(),
    });
    this.#launcher = new Launcher({
      functions: this.#functions,
      live: this.#live,
      sync: this.#commits.sync,
      maxAttempts,
      finished: (attempts) => this.executorEvents.finished(attempts),
    });
    this.#acknowledgements = new TaskAcknowledgements({
      sync: this.#commits.sync,
      told: (count) => this.#intake.acknowledged(count),
    });
    this.#effects = new TableEffects({
      spool,
      commits: this.#commits,
      launcher: this.#launcher,
      outbox: this.#outbox,
      reporter: this.#reporter,
      live: this.#live,
      taskArguments: options.taskArguments,
      now: options.now,
      apply: (event) => this.#apply(event),
      add: (event) => this.#add(event),
    });
    this.#turns = new TurnTimer({
      take: () => this.#turn(),
      isBusy: () => this.#launcher.isBusy,
    });
    void spool.lost.then((failure) => this.#end(failure));
    const recovery = spool.recover(options.now());
    this.recovered = recoveredWork(recovery, this.#outbox.size);
    tellOfRecovery(this.recovered);
    const isHeld = options.awaitsManagers ?? false;
    this.#apply({ kind: "recovered", recovery, isHeld });
    this.#held = isHeld ? recovery.begun.map(attemptOf) : [];
    this.#allow(undefined);
  }

  /** What was on disk when it started. */
  readonly recovered: RecoveredWork;

  /** How many tasks may be unacknowledged; for the hello. */
  readonly taskCredits = DEFAULT_TASK_CREDITS;

  /** What an executor has to call. */
  readonly executorEvents: ExecutorEvents = {
    started: (events) => this.#addSoon({ kind: "started", events }),
    finished: (attempts) => this.#addSoon({ kind: "finished", at: this.#options.now(), attempts }),
    output: (chunk) => this.#live.send(this.#session, chunk),
    roomForMore: () => this.#turns.soon(),
  };

  /** Begins to hand tasks over. */
  start(executor: Executor): void {
    this.#launcher.start(executor);
    executor.adopt?.(this.#held.splice(0));
    this.#turns.now();
  }

  get unacknowledgedResults(): number {
    return this.#outbox.size;
  }

  /** Unfinished tasks that take whole nodes, by how many of them each takes. */
  get nodeDemand(): ReadonlyMap<number, number> {
    return this.#nodeDemand.counts;
  }

  status(): EndpointStatus {
    const counts = this.#table.counts;
    const { executor } = this.#launcher;
    const load = executor?.load();
    const python = executor?.pythonVersion;
    return {
      managers: load?.managers ?? 0,
      total_workers: load?.total_workers ?? 0,
      idle_workers: load?.idle_workers ?? 0,
      pending_tasks: counts.pending,
      outstanding_tasks: counts.outstanding,
      completed_tasks: counts.completed,
      ...(python === undefined ? {} : { python_version: python }),
    };
  }

  // -- the link ---------------------------------------------------------------------------------

  sessionOpened(session: Session): void {
    this.#session = session;
    this.#intake.reset();
    this.#acknowledgements.begin(session);
    this.#allow(session.welcome.allowed_functions);
    const { pending, outstanding } = this.#table.counts;
    if (pending + outstanding + this.#outbox.size === 0) this.#options.spool.dropFunctions();
    this.#outbox.begin(session.welcome.result_credits);
    this.#turns.now();
  }

  /** @param isAccused whether the service closed it because of something that it was sent. */
  sessionClosed(isAccused = false): void {
    this.#session = undefined;
    this.#outbox.end(isAccused);
    this.#intake.reset();
    this.#acknowledgements.begin(undefined);
    this.#live.forget(this.#launcher.executor);
    this.#turns.now();
  }

  receive(message: SessionMessage): void {
    switch (message.type) {
      case "tasks":
        if (this.#session !== undefined) this.#intake.add(this.#session, message);
        return this.#turns.now();
      case "result_ack":
        return this.#receiveResultAck(message.task_ids);
      case "cancel":
        return this.#receiveCancel(message.task_ids);
      case "held":
        return this.#receiveHeld(message.task_ids);
      case "follow":
        return this.#live.follow(
          this.#launcher.executor,
          message.task_ids,
          message.on,
          (taskId) => this.#table.isGiven(taskId),
        );
    }
  }

  #receiveResultAck(taskIds: readonly TaskId[]): void {
    // What is held back, sent again before its result came, would be new to a spool that forgot it.
    this.#acknowledgements.written(this.#session, this.#intake.drop(taskIds));
    this.#acknowledged.push(...taskIds);
    this.#options.resultBlobs?.acknowledged(taskIds);
    // Others may wait for their credits.
    if (this.#outbox.hasWaiting) this.#turns.now();
    else this.#turns.soon();
  }

  #receiveCancel(taskIds: readonly TaskId[]): void {
    // The tasks that came before it have to be in the table and in the spool.
    this.#takeIncoming();
    const session = this.#session;
    const held = this.#intake.drop(taskIds);
    this.#commits.after(() => this.#cancel(taskIds));
    this.#commits.after(() => this.#acknowledgements.written(session, held));
    this.#turns.now();
  }

  /** Answered after the commit of what came before, so that what it says stays true. */
  #receiveHeld(taskIds: readonly TaskId[]): void {
    const session = this.#session;
    this.#commits.after(() => {
      const known = this.#options.spool.known(taskIds);
      const missing = taskIds.filter((taskId) => !known.has(taskId));
      session?.send({ type: "missing", task_ids: missing });
    });
    this.#turns.now();
  }

  #cancel(asked: readonly TaskId[]): void {
    // What is asked for twice before a commit has ended by the first of them.
    const taskIds = asked.filter((taskId) => !this.#effects.isEnding(taskId));
    const unknown = taskIds.filter((taskId) => !this.#table.has(taskId));
    const { waiting, finished } = unknown.length === 0
      ? { waiting: [], finished: new Set<TaskId>() }
      : this.#options.spool.lookUp(unknown);
    const at = this.#options.now();
    this.#apply({ kind: "cancel", at, taskIds, spooled: waiting, finished });
  }

  /** A function has to be allowed by the profile and by the service. */
  #allow(service: readonly FunctionId[] | undefined): void {
    const profile = this.#options.allowedFunctions;
    const functionIds = profile === null || service === undefined
      ? profile ?? service ?? null
      : profile.filter((functionId) => service.includes(functionId));
    this.#apply({ kind: "allowed", functionIds });
  }

  // -- stopping ---------------------------------------------------------------------------------

  /** Takes and hands over nothing more. Attempts that are lost from now on are lost for `reason`. */
  stopHandingOver(reason: string): void {
    this.#intake.close();
    this.#add({ kind: "stopping", reason });
  }

  /** Resolves when no task is with the executor. */
  idle(): Promise<void> {
    return this.#when(() => this.#table.counts.outstanding === 0);
  }

  /** Resolves when, besides, every result is acknowledged or there is no session to send it in. */
  settled(): Promise<void> {
    return this.#when(() =>
      this.#table.counts.outstanding === 0 &&
      (this.#session === undefined || this.#outbox.size === 0)
    );
  }

  /** Sends the moves of tasks that wait to be told; the last chance before the link ends. */
  reportMoves(): void {
    this.#reporter.flush();
  }

  #when(holds: () => boolean): Promise<void> {
    this.#turns.now();
    return this.#waiters.when(holds);
  }

  /** Writes what is left; the spool may be closed then. */
  close(): void {
    if (!this.#closed) {
      this.#turn();
      this.#commits.flush();
    }
    this.#closed = true;
    this.#turns.close();
    this.#commits.close();
    this.#reporter.close();
  }

  // -- the turn ---------------------------------------------------------------------------------

  #add(event: TableEvent): void {
    this.#events.push(event);
    this.#turns.now();
  }

  #addSoon(event: TableEvent): void {
    this.#events.push(event);
    this.#turns.soon();
  }

  #turn(): void {
    if (this.#closed) return;
    try {
      this.#takeTurn();
    } catch (thrown) {
      // What is on disk is whole, so the next agent goes on from there; this one cannot.
      log.error("the turn failed: {error}", { error: thrown });
      this.#end(this.#options.spool.failureOf(thrown));
    }
  }

  #end(failure: FuncxFailure): void {
    if (this.#closed) return;
    this.#closed = true;
    log.fatal("{message}", { ...failure });
    this.#options.onFatal(failure);
  }

  #takeTurn(): void {
    const wasFailing = this.#commits.storage === "failing";
    this.#takeIncoming();
    this.#outbox.acknowledged(this.#acknowledged.splice(0));
    for (const event of this.#events.splice(0)) {
      this.#apply(event);
      if (event.kind === "finished") this.#confirm(event.attempts);
    }
    const written = this.#commits.settle(() => {
      this.#offerRoom();
      this.#effects.storeResults();
    });
    if (!written) return;
    // What came meanwhile was left where it is.
    if (wasFailing) this.#turns.now();
    for (const { frame, taskIds } of this.#outbox.next()) {
      this.#session?.sendFrame(frame);
      this.#acknowledgements.resultsSent(taskIds);
    }
    if (this.#events.length === 0) this.#waiters.check();
  }

  /** Tells the executor when the ends are on disk, before it may be given the same again. */
  #confirm(attempts: readonly FinishedAttempt[]): void {
    const { executor } = this.#launcher;
    if (executor?.kept !== undefined) this.#commits.after(() => executor.kept!(attempts));
  }

  #takeIncoming(): void {
    // While nothing can be written, nothing more is taken.
    if (this.#commits.storage === "failing") return;
    const { now } = this.#options;
    for (const { session, taskIds, fresh } of this.#intake.take()) {
      this.#apply({ kind: "received", at: now(), tasks: fresh });
      for (const { task_id, options } of fresh) this.#nodeDemand.note(task_id, options);
      this.#refuse(fresh);
      this.#commits.after(() => this.#acknowledgements.written(session, taskIds));
    }
    this.#commits.hasRoom(!this.#intake.isShortOfRoom);
  }

  /** What can never run here is not kept waiting for a worker to be told so. */
  #refuse(tasks: readonly TaskMessage[]): void {
    const { unfitReason = () => null } = this.#options;
    const unfit: UnfitTask[] = [];
    for (const { task_id: taskId, options } of tasks) {
      const error = options.resource_specification === undefined ? null : unfitReason(options);
      if (error !== null) unfit.push({ taskId, error });
    }
    if (unfit.length === 0) return;
    this.#commits.after(() => {
      const { now, spool } = this.#options;
      // A cancel may have been quicker.
      const tasks = unfit.filter(({ taskId }) => !this.#effects.isEnding(taskId));
      const unknown = tasks.map(({ taskId }) => taskId).filter((each) => !this.#table.has(each));
      const spooled = unknown.length === 0 ? [] : spool.lookUp(unknown).waiting;
      this.#apply({ kind: "unfit", at: now(), tasks, spooled });
    });
  }

  #offerRoom(): void {
    if (this.#session !== undefined && this.#outbox.size >= RESULTS_AHEAD) return;
    const attempts = this.#launcher.room;
    // While the disk is full, nothing can be marked as begun, so nothing may begin.
    if (attempts > 0 && this.#commits.storage !== "failing") {
      this.#apply({ kind: "room", at: this.#options.now(), attempts });
    }
  }

  #apply(event: TableEvent): void {
    for (const effect of this.#table.apply(event)) {
      this.#countNodes(effect);
      this.#effects.carryOut(effect);
    }
  }

  #countNodes(effect: TableEffect): void {
    if (effect.kind === "run") {
      for (const { task } of effect.attempts) this.#nodeDemand.note(task.taskId, task.options);
    } else if (effect.kind === "finish" && !this.#nodeDemand.isEmpty) {
      for (const { result } of effect.tasks) this.#nodeDemand.ended(result.task_id);
    }
  }
}

function attemptOf({ taskId, attemptsMade }: SpooledTask): AttemptId {
  return { taskId, attempt: attemptsMade + 1 };
}
