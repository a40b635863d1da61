/**
 * One manager on another node as the agent has it, over all its sessions.
 *
 * Invariants, cited below:
 *
 * 1. Every attempt that was given to it, or that it had when the agent came, is in `#given` until its
 *    one `finished`.
 * 2. The end of an attempt is in `#unkept` until it is on the agent's disk; until then the manager
 *    keeps it too, and may tell it again.
 * 3. Who is gone stays gone: a process that dials after that has nothing that anybody waits for.
 */
import type { FunctionId, TaskId } from "../../contract/ids.ts";
import { MAX_BATCH_ITEMS, MAX_HELD_ATTEMPTS } from "../../contract/limits.ts";
import type {
  AgentMessage,
  EndedAttempt,
  ManagerHello,
  ManagerMessage,
  PlannedEnd,
  Started,
} from "../../contract/protocol/manager_messages.ts";
import { IDLE_SLOT, type PictureSlot } from "../../contract/protocol/machine_picture.ts";
import type { TaskEvent } from "../../contract/task_state.ts";
import { after } from "../../lib/async.ts";
import { wallClock } from "../../lib/clock.ts";
import { discard } from "../../lib/files.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { join } from "../../lib/path.ts";
import type {
  AttemptId,
  AttemptOutcome,
  ExecutorEvents,
  FinishedAttempt,
  TaskAttempt,
} from "../executor/executor.ts";
import {
  endOf,
  finishedAttempt,
  lostOutcome,
  managerLost,
  NOTHING,
  outcomeOf,
  resultLost,
  runMessages,
  type UntoldAttempt,
} from "./attempt_messages.ts";
import { type BlockTime, blockTime, hasTimeFor } from "./block_end.ts";
import { FileDownloads, pieceOf, RESULT_FILE } from "./file_transfer.ts";
import { endingText, type LinkEnding, type ManagerLink } from "./manager_link.ts";

const log = logger("managers");

export type AgentLink = ManagerLink<AgentMessage, ManagerMessage>;

/** Who a manager is; stays the same over its sessions. */
export interface ManagerIdentity {
  readonly managerId: string;
  readonly blockId: string;
  readonly hostname: string;
}

export interface RemoteManagerOptions extends ManagerIdentity {
  /** The process as its first hello told it, without what it held. */
  readonly hello: ManagerHello;
  /** Where results go that come as files; absolute. */
  readonly resultFolder: string;
  /** Milliseconds that one is waited for whose link fell silent. */
  readonly reattachTimeout: number;
  /** And one whose connection was closed without a word, as that of a process that was killed. */
  readonly returnTime: number;
  /** How long a block lasts, milliseconds; null where that is not known. */
  readonly blockWalltime: number | null;
}

export interface RemoteManagerEvents extends Omit<ExecutorEvents, "roomForMore"> {
  /** Its room, its workers or its state may have changed. */
  changed(manager: RemoteManager): void;
  /** Once, last. */
  gone(manager: RemoteManager, reason: string): void;
}

interface Given extends UntoldAttempt {
  /** As it was given, for its files. */
  readonly files: TaskAttempt["blobs"];
  running: TaskEvent | null;
  /** It has whole nodes, and none of the workers. */
  readonly hasNodes: boolean;
  /** Null when an earlier agent gave it. */
  readonly functionId: FunctionId | null;
  /** The end was told, and its file is on its way. */
  isArriving: boolean;
}

export type RemoteState =
  | { readonly kind: "attached"; readonly link: AgentLink; readonly since: number }
  /** It may come back. */
  | { readonly kind: "away"; readonly since: number; readonly reason: string }
  | { readonly kind: "gone"; readonly reason: string };

export class RemoteManager {
  readonly managerId: string;
  readonly blockId: string;
  readonly hostname: string;
  /** When its block's walltime ends, milliseconds since 1970; null when it does not know. */
  readonly endsAt: number | null;
  readonly #time: BlockTime | null;
  readonly #options: RemoteManagerOptions;
  readonly #events: RemoteManagerEvents;
  readonly #given = new Map<TaskId, Given>();
  readonly #unkept = new Map<TaskId, number>();
  readonly #downloads = new FileDownloads();
  /** Asked for while it was away. */
  readonly #cancelled = new Set<TaskId>();
  readonly #followed = new Set<TaskId>();
  /** Functions whose code it was sent in this session. */
  #functions = new Set<FunctionId>();
  #state: RemoteState = { kind: "away", since: 0, reason: "it has not been welcomed yet" };
  #stopWaiting: (() => void) | undefined;
  #limit = 0;
  #images: ReadonlySet<string> = new Set();
  #isRetired = false;
  #planned: PlannedEnd | null = null;
  /** Its node is for a task that takes it whole. */
  #isHeld = false;
  /** Of `#given`, those that have whole nodes. */
  #onNodes = 0;
  #lastEnded = performance.now();

  constructor(options: RemoteManagerOptions, events: RemoteManagerEvents) {
    this.#options = options;
    this.#events = events;
    this.managerId = options.managerId;
    this.blockId = options.blockId;
    this.hostname = options.hostname;
    this.#time = blockTime(options.hello, options.blockWalltime, wallClock());
    this.endsAt = this.#time?.endsAt ?? null;
  }

  get state(): RemoteState {
    return this.#state;
  }

  get hello(): ManagerHello {
    return this.#options.hello;
  }

  /** In the words of messages and logs. */
  get name(): string {
    const { managerId, hostname, blockId } = this.#options;
    return `manager ${managerId.slice(0, 8)} on node ${hostname} (block ${blockId})`;
  }

  /** How many more attempts it takes now. */
  get room(): number {
    if (!this.isOpen || this.#isHeld) return 0;
    const held = this.load;
    return Math.max(0, Math.min(this.#limit, MAX_HELD_ATTEMPTS - this.#unkept.size) - held);
  }

  get workers(): number {
    return this.#state.kind === "attached" ? this.hello.workers : 0;
  }

  get idleWorkers(): number {
    if (this.#limit === 0 || this.#isRetired || this.#isHeld) return 0;
    return Math.max(0, this.workers - this.load);
  }

  /** Whether it takes anything. */
  get isOpen(): boolean {
    return this.#state.kind === "attached" && !this.#isRetired;
  }

  /** Why its end is planned; what it has then, and tells no end of, is moved. */
  get planned(): PlannedEnd | null {
    return this.#planned;
  }

  /** Names of the nodes that it stands for, its own first. */
  get nodes(): readonly string[] {
    return this.hello.nodes ?? [this.hostname];
  }

  /** Attempts for its workers that have not ended. */
  get load(): number {
    return this.#given.size - this.#onNodes;
  }

  /** Of the containers that it has workers in. */
  get images(): ReadonlySet<string> {
    return this.#images;
  }

  /** Attempts that have not ended. */
  get outstanding(): number {
    return this.#given.size;
  }

  /** Milliseconds since an attempt last ended there. */
  get quietFor(): number {
    return performance.now() - this.#lastEnded;
  }

  has(taskId: TaskId): boolean {
    return this.#given.has(taskId);
  }

  /** Whether there is time for it before the block ends. @param walltime milliseconds */
  fits(walltime: number | null): boolean {
    return this.#time === null || hasTimeFor(this.#time, walltime, wallClock());
  }

  /** The place of a task of its own, as it is seen from here. */
  pictureOfSlot(taskId: TaskId): PictureSlot {
    const given = this.#given.get(taskId);
    const functionId = given?.functionId ?? null;
    return {
      task_id: taskId,
      ...(functionId === null ? {} : { function_id: functionId }),
      since: given?.running?.at ?? null,
    };
  }

  /** What its workers do, made from what it was given and has told. */
  pictureOfSlots(): PictureSlot[] {
    const { workers } = this.hello;
    const begun: TaskId[] = [];
    const waiting: TaskId[] = [];
    for (const [taskId, { running, hasNodes }] of this.#given) {
      if (begun.length >= workers) break;
      if (!hasNodes) (running === null ? waiting : begun).push(taskId);
    }
    const busy = [...begun, ...waiting].slice(0, workers).map((id) => this.pictureOfSlot(id));
    return [...busy, ...Array<PictureSlot>(workers - busy.length).fill(IDLE_SLOT)];
  }

  // -- sessions -------------------------------------------------------------------------------------

  /**
   * A session has begun. What it does not have of `#given` never reached it, since it is the same
   * process; that ends as given back.
   * @param claimed of what it holds, attempts that an earlier agent gave (1)
   * @returns what it holds and nobody asks for; and of its ends those that were told here already.
   *   Told again, such an end could be taken for that of the same attempt, given anew.
   */
  attach(
    hello: ManagerHello,
    claimed: readonly AttemptId[],
  ): { unwanted: AttemptId[]; known: AttemptId[] } {
    this.#stopWaiting?.();
    const before = this.#state;
    this.#state = { kind: "away", since: wallClock(), reason: "it has dialled again" };
    if (before.kind === "attached") before.link.leave("it has dialled again");
    const onNodes = new Set(hello.on_nodes?.map(({ task_id }) => task_id));
    for (const { taskId, attempt } of claimed) {
      const hasNodes = onNodes.has(taskId);
      const unknown = { givenAt: null, files: undefined, functionId: null };
      this.#give(taskId, { ...unknown, attempt, hasNodes });
    }
    const finished = hello.finished.map(attemptId);
    const held = [...hello.running.map(attemptId), ...finished];
    const numbers = new Map(held.map(({ taskId, attempt }) => [taskId, attempt]));
    const missing = [...this.#given].filter(([taskId, given]) =>
      numbers.get(taskId) !== given.attempt
    );
    this.#finish(missing.map(([taskId, given]) => endOf(taskId, given, { kind: "returned" })));
    return {
      unwanted: held.filter(({ taskId, attempt }) => !this.#isWanted(taskId, attempt)),
      known: finished.filter(({ taskId, attempt }) => this.#unkept.get(taskId) === attempt),
    };
  }

  #give(taskId: TaskId, given: Omit<Given, "running" | "isArriving">): void {
    this.#given.set(taskId, { ...given, running: null, isArriving: false });
    if (given.hasNodes) this.#onNodes += 1;
  }

  #isWanted(taskId: TaskId, attempt: number): boolean {
    return this.#given.get(taskId)?.attempt === attempt || this.#unkept.get(taskId) === attempt;
  }

  /** The welcome is sent: from here on it takes attempts. */
  opened(link: AgentLink, limit: number): void {
    this.#state = { kind: "attached", link, since: wallClock() };
    this.#limit = limit;
    this.#images = new Set();
    this.#functions = new Set();
    this.#downloads.opened((fetch) => link.send(fetch));
    this.#sendAbout([...this.#cancelled], (task_ids) => ({ type: "cancel", task_ids }));
    this.#sendAbout([...this.#followed], (task_ids) => ({ type: "follow", task_ids, on: true }));
    this.#events.changed(this);
  }

  closed(link: AgentLink, ending: LinkEnding): void {
    if (this.#state.kind !== "attached" || this.#state.link !== link) return;
    this.#downloads.closed();
    const reason = endingText(ending);
    if (ending.kind === "goodbye") return this.leave(reason);
    this.#state = { kind: "away", since: wallClock(), reason };
    const { reattachTimeout, returnTime } = this.#options;
    const time = ending.kind === "broken" ? Math.min(returnTime, reattachTimeout) : reattachTimeout;
    log.warning("the link to {name} is down: {reason}; it is waited for {time} ms", {
      name: this.name,
      reason,
      time,
    });
    this.#stopWaiting = after(time, () => {
      this.leave(`${reason}, and it did not come back within ${time / 1_000} s`);
    });
    this.#events.changed(this);
  }

  /** It certainly does not come back; what it had is lost (3), or moved if that was `planned`. */
  leave(reason: string, planned: PlannedEnd | null = null): void {
    if (this.#state.kind === "gone") return;
    this.#planned ??= planned;
    const before = this.#state;
    this.#stopWaiting?.();
    this.#state = { kind: "gone", reason };
    log.info("{name} is gone: {reason}", { name: this.name, reason, lost: this.#given.size });
    if (before.kind === "attached") before.link.leave(reason);
    const error = managerLost(this.name, reason);
    const outcome = lostOutcome(error, this.#planned);
    this.#finish([...this.#given].map(([taskId, given]) => endOf(taskId, given, outcome)));
    this.#downloads.giveUp(reason);
    this.#events.gone(this, reason);
  }

  // -- what the agent asks --------------------------------------------------------------------------

  /** At most `room` attempts. */
  run(attempts: readonly TaskAttempt[]): void {
    this.#run(attempts);
  }

  /** The nodes are those of its block, and nobody else's meanwhile. */
  runOnNodes(attempt: TaskAttempt, nodes: readonly string[]): void {
    this.#run([attempt], nodes);
  }

  /** Its workers are given nothing while it is held; what they have not begun is taken back. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld && this.load > 0) this.recall(this.load);
    this.#events.changed(this);
  }

  #run(attempts: readonly TaskAttempt[], nodes?: readonly string[]): void {
    const hasNodes = nodes !== undefined;
    const givenAt = wallClock();
    for (const { taskId, attempt, functionId, blobs: files } of attempts) {
      this.#give(taskId, { attempt, givenAt, files, functionId, hasNodes });
    }
    for (const message of runMessages(attempts, this.#functions, nodes)) this.#send(message);
    this.#events.changed(this);
  }

  cancel(taskIds: readonly TaskId[]): void {
    const own = taskIds.filter((taskId) => this.#given.has(taskId));
    for (const taskId of own) this.#cancelled.add(taskId);
    this.#sendAbout(own, (task_ids) => ({ type: "cancel", task_ids }));
  }

  follow(taskId: TaskId, on: boolean): void {
    if (on) this.#followed.add(taskId);
    else this.#followed.delete(taskId);
    this.#send({ type: "follow", task_ids: [taskId], on });
  }

  /** Takes work back that it has not begun. */
  recall(count: number): void {
    this.#send({ type: "recall", count });
  }

  /** The ends of these are on disk (2). */
  kept(attempts: readonly AttemptId[]): void {
    for (const { taskId, attempt } of attempts) {
      if (this.#unkept.get(taskId) === attempt) this.#unkept.delete(taskId);
    }
    this.#sendKept(attempts);
  }

  #sendKept(attempts: readonly AttemptId[]): void {
    const named = attempts.map(({ taskId, attempt }) => ({ task_id: taskId, attempt }));
    for (let from = 0; from < named.length; from += MAX_BATCH_ITEMS) {
      this.#send({ type: "kept", attempts: named.slice(from, from + MAX_BATCH_ITEMS) });
    }
  }

  /** Asks it to end. */
  shutDown(): void {
    this.#send({ type: "shutdown", drain: false });
  }

  /** Takes nothing more, and ends when nothing runs there. */
  retire(): void {
    this.#isRetired = true;
    this.#planned ??= { reason: `nothing needed block ${this.blockId} any more` };
    this.#send({ type: "shutdown", drain: true });
    this.#events.changed(this);
  }

  /** Nothing without a link: the next session says what still counts. */
  #send(message: AgentMessage): void {
    if (this.#state.kind === "attached") this.#state.link.send(message);
  }

  /** In pieces; nothing when there are no tasks. */
  #sendAbout(taskIds: readonly TaskId[], message: (task_ids: TaskId[]) => AgentMessage): void {
    for (let from = 0; from < taskIds.length; from += MAX_BATCH_ITEMS) {
      this.#send(message(taskIds.slice(from, from + MAX_BATCH_ITEMS)));
    }
  }

  // -- what it tells --------------------------------------------------------------------------------

  received(message: ManagerMessage): void {
    switch (message.type) {
      case "started":
        return this.#started(message.events);
      case "ended":
        this.#limit = message.limit;
        return this.#ended(message.attempts);
      case "room":
        this.#limit = message.limit;
        if (message.ending !== undefined) this.#planned = { reason: message.ending };
        if (message.images !== undefined) this.#images = new Set(message.images);
        return this.#events.changed(this);
      case "output":
        return this.#output(message.chunks);
      case "fetch": {
        const given = this.#given.get(message.task_id);
        const path = given?.attempt === message.attempt ? given.files?.[message.file] : undefined;
        void pieceOf(message, path).then((piece) => this.#send(piece));
        return;
      }
      case "piece":
        return this.#downloads.received(message);
    }
  }

  #started(events: Started["events"]): void {
    const known: { taskId: TaskId; event: TaskEvent }[] = [];
    for (const { task_id, event } of events) {
      const given = this.#given.get(task_id);
      if (given === undefined || given.attempt !== event.attempt) continue;
      given.running = event;
      known.push({ taskId: task_id, event });
    }
    if (known.length > 0) this.#events.started(known);
  }

  #output(chunks: (ManagerMessage & { readonly type: "output" })["chunks"]): void {
    for (const { task_id, stream, offset, data } of chunks) {
      if (this.#given.has(task_id)) this.#events.output({ taskId: task_id, stream, offset, data });
    }
  }

  #ended(attempts: readonly EndedAttempt[]): void {
    this.#lastEnded = performance.now();
    const finished: FinishedAttempt[] = [];
    const unasked: AttemptId[] = [];
    for (const ended of attempts) {
      const { task_id: taskId, attempt } = ended;
      const given = this.#given.get(taskId);
      if (given === undefined || given.attempt !== attempt) {
        // Told again before it was kept, or nobody's any more.
        if (this.#unkept.get(taskId) !== attempt) unasked.push({ taskId, attempt });
      } else if (ended.outcome.kind === "success" && ended.outcome.file_size !== undefined) {
        if (!given.isArriving) void this.#fetchResult(given, ended, ended.outcome.file_size);
      } else finished.push(finishedAttempt(ended, outcomeOf(ended), this.managerId));
    }
    this.#finish(finished);
    this.#sendKept(unasked);
    this.#events.changed(this);
  }

  async #fetchResult(given: Given, ended: EndedAttempt, size: number): Promise<void> {
    const { task_id: taskId, attempt } = ended;
    given.isArriving = true;
    // The results' own folder: what is not referred to is removed by the next agent.
    const path = join(this.#options.resultFolder, `${taskId}-${attempt}.arriving`);
    let outcome: AttemptOutcome;
    try {
      await this.#downloads.fetch({ taskId, attempt, file: RESULT_FILE, size, path });
      outcome = { kind: "success", result: NOTHING, file: path };
    } catch (thrown) {
      outcome = { kind: "lost", error: resultLost(this.name, messageOf(thrown)) };
    }
    if (this.#given.get(taskId) !== given) {
      // Nobody asks for it any more.
      return discard(path);
    }
    this.#finish([finishedAttempt(ended, outcome, this.managerId)]);
    this.#events.changed(this);
  }

  /** Their end is told, once (1). */
  #finish(attempts: readonly FinishedAttempt[]): void {
    if (attempts.length === 0) return;
    for (const { taskId, attempt, manager } of attempts) {
      if (this.#given.get(taskId)?.hasNodes) this.#onNodes -= 1;
      this.#given.delete(taskId);
      // What it has not told itself, it does not keep.
      if (manager !== undefined) this.#unkept.set(taskId, attempt);
      if (this.#cancelled.size > 0) this.#cancelled.delete(taskId);
      if (this.#followed.size > 0) this.#followed.delete(taskId);
    }
    this.#events.finished(attempts);
  }
}

function attemptId({ task_id, attempt }: ManagerHello["running"][number]): AttemptId {
  return { taskId: task_id, attempt };
}
