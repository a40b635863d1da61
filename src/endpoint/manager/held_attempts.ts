/**
 * What a manager process has of its agent's: attempts that run, and ends that the agent has not
 * confirmed, which outlive the link.
 *
 * Invariants, cited below:
 *
 * 1. An attempt that came is in `#running` until it ends, then in `#finished` until it is kept, or it
 *    was unwanted, and nobody asks.
 * 2. Of a task there is at most one attempt with the manager; a later one waits in `#later`.
 * 3. The agent is told a limit of 0 while more than a window's bytes wait to be kept.
 * 4. An attempt that a scheduler's signal may have ended stays in `#running` until this process has had
 *    time to get the signal too: a block's end is no end of its tasks, whoever hears of it first.
 */
import { endWithoutWorker } from "../executor/end_without_worker.ts";
import type { TaskError } from "../../contract/errors.ts";
import type { FunctionId, TaskId } from "../../contract/ids.ts";
import {
  BATCH_BYTES,
  MAX_BATCH_ITEMS,
  MAX_FUNCTIONS_PER_WORKER,
  MAX_HELD_ATTEMPTS,
  MAX_WINDOW_BYTES,
} from "../../contract/limits.ts";
import { SendWindow } from "../../contract/protocol/ack_window.ts";
import type {
  EndedAttempt,
  ManagerHello,
  ManagerMessage,
  ManagerWelcome,
  Run,
} from "../../contract/protocol/manager_messages.ts";
import { soon } from "../../lib/async.ts";
import { Fifo } from "../../lib/fifo.ts";
import { removeIfPresent } from "../../lib/files.ts";
import { messageOf } from "../../lib/outcome.ts";
import { Waiters } from "../../lib/waiters.ts";
import { manageError } from "../executor/assignment.ts";
import type {
  AttemptId,
  AttemptOutcome,
  ExecutorEvents,
  FinishedAttempt,
  LostOutcome,
  TaskAttempt,
} from "../executor/executor.ts";
import type { NodeExecutor } from "../executor/node_executor.ts";
import { STOPPED } from "../executor/outcomes.ts";

/** What is sent to; dropped when there is no session. */
export interface HeldLink {
  send(message: ManagerMessage): void;
  readonly bufferedBytes: number;
}

interface Finished {
  readonly attempt: number;
  readonly message: EndedAttempt;
  readonly bytes: number;
  /** Its result, absolute. */
  readonly file?: string;
}

/** Milliseconds between a signal to a task and the same one to its manager, on a busy node. */
const SIGNAL_DELAY = 2_000;

const CUT_OFF: AttemptOutcome = { kind: "lost", error: STOPPED };

interface Doubted {
  readonly ended: FinishedAttempt;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** How the process ends. */
interface Ending {
  /** How attempts end that it ends. */
  readonly cutOff: (ended: FinishedAttempt) => LostOutcome;
  /** Why it was to end, where that was planned. */
  readonly planned: string | null;
  /** Whoever had planned it ends tasks by signals too. */
  readonly signalsTasks: boolean;
}

type HeldManager = Pick<NodeExecutor, "wanted" | "warmImages" | "cancel" | "follow">;

/** An attempt as it came. */
export interface Arrived {
  readonly attempt: TaskAttempt;
  /** What its arguments refer to: names and bytes. */
  readonly files: [string, number][];
  /** Whole nodes that it has. */
  readonly nodes: readonly string[] | undefined;
}

export class HeldAttempts {
  readonly #running = new Map<TaskId, number>();
  readonly #finished = new Map<TaskId, Finished>();
  /** By task; see (2). */
  readonly #later = new Map<TaskId, TaskAttempt>();
  readonly #unwanted = new Set<TaskId>();
  readonly #functions = new Map<FunctionId, Uint8Array>();
  readonly #followed = new Set<TaskId>();
  readonly #waiters = new Waiters();
  #manager!: HeldManager;
  #link: HeldLink | undefined;
  #window = new SendWindow(0);
  #unsent = new Fifo<TaskId>();
  #unkeptBytes = 0;
  #toldLimit = 0;
  #toldImages: readonly string[] = [];
  #isFlushing = false;
  /** Ended by a signal that this process may be about to get as well (4). */
  readonly #doubted = new Map<TaskId, Doubted>();
  #ending: Ending | null = null;

  /** What the manager tells. */
  readonly events: ExecutorEvents = {
    started: (events) => {
      for (let from = 0; from < events.length; from += MAX_BATCH_ITEMS) {
        const named = events.slice(from, from + MAX_BATCH_ITEMS)
          .map(({ taskId, event }) => ({ task_id: taskId, event }));
        this.#link?.send({ type: "started", events: named });
      }
    },
    finished: (attempts) => this.ended(attempts),
    output: ({ taskId, ...chunk }) => {
      if (this.#link === undefined || this.#link.bufferedBytes > MAX_WINDOW_BYTES) return;
      this.#link.send({ type: "output", chunks: [{ task_id: taskId, ...chunk }] });
    },
    roomForMore: () => this.#flushSoon(),
  };

  start(manager: HeldManager): void {
    this.#manager = manager;
  }

  /** Of attempts that have not ended. */
  get size(): number {
    return this.#running.size + this.#later.size;
  }

  get limit(): number {
    return this.#unkeptBytes > MAX_WINDOW_BYTES ? 0 : this.#manager.wanted;
  }

  /** For the hello. */
  get held(): Pick<ManagerHello, "running" | "finished"> {
    const later = [...this.#later.values()].map(nameOf);
    const running = [...this.#running].map(([task_id, attempt]) => ({ task_id, attempt }));
    const finished = [...this.#finished].map(([task_id, { attempt }]) => ({ task_id, attempt }));
    return { running: [...running, ...later], finished };
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#when(() => this.size === 0);
  }

  /** Resolves when, besides, the agent has confirmed all ends. */
  settled(): Promise<void> {
    return this.#when(() => this.size + this.#finished.size === 0);
  }

  #when(holds: () => boolean): Promise<void> {
    const promise = this.#waiters.when(holds);
    this.#waiters.check();
    return promise;
  }

  /** The process ends; the agent is told of a plan at once. */
  endsFor(ending: Ending): void {
    this.#ending = ending;
    // Now, so that it is known should the process not live to tell the rest.
    this.#tellPlan();
    this.ended([...this.#doubted.values()].map(({ ended }) => ended));
  }

  // -- sessions -------------------------------------------------------------------------------------

  opened(link: HeldLink, { unwanted, known = [] }: ManagerWelcome, toldLimit: number): void {
    this.#link = link;
    this.#toldLimit = toldLimit;
    this.#toldImages = [];
    this.#functions.clear();
    for (const taskId of this.#followed) this.#manager.follow(taskId, false);
    this.#followed.clear();
    this.#tellPlan();
    for (const { task_id, attempt } of unwanted) this.#forget(task_id, attempt);
    this.#window = new SendWindow(MAX_HELD_ATTEMPTS);
    const told = new Map(known.map(({ task_id, attempt }) => [task_id, attempt]));
    this.#unsent = new Fifo();
    for (const [taskId, { attempt }] of this.#finished) {
      if (told.get(taskId) !== attempt) this.#unsent.push(taskId);
    }
    this.#flushSoon();
  }

  closed(): void {
    this.#link = undefined;
  }

  /** Nobody asks for it (1). */
  #forget(taskId: TaskId, attempt: number): void {
    if (this.#later.get(taskId)?.attempt === attempt) this.#later.delete(taskId);
    if (this.#finished.get(taskId)?.attempt === attempt) this.#drop(taskId);
    if (this.#running.get(taskId) === attempt) {
      this.#unwanted.add(taskId);
      this.#manager.cancel([taskId]);
    }
    this.#waiters.check();
  }

  #drop(taskId: TaskId): void {
    const { bytes, file } = this.#finished.get(taskId)!;
    this.#finished.delete(taskId);
    this.#unkeptBytes -= bytes;
    if (file !== undefined) removeIfPresent(file);
  }

  // -- what the agent asks --------------------------------------------------------------------------

  /** The attempts of a message as a manager takes them; those that cannot be made have ended. */
  arrived({ functions, attempts }: Run): Arrived[] {
    for (const { function_id, code } of functions) {
      if (this.#functions.size >= MAX_FUNCTIONS_PER_WORKER) this.#functions.clear();
      // The frame is larger, and would stay with it.
      this.#functions.set(function_id, code.slice());
    }
    return attempts.flatMap(({ task_id, attempt, function_id, payload, options, ...more }) => {
      const code = this.#functions.get(function_id);
      if (code === undefined) {
        this.ended([endWithoutWorker({ taskId: task_id, attempt }, codeMissing(function_id))]);
        return [];
      }
      const { moved = 0, files = {}, nodes } = more;
      const made = {
        taskId: task_id,
        attempt,
        moved,
        functionId: function_id,
        code,
        payload,
        options,
      };
      return [{ attempt: made, files: Object.entries(files), nodes }];
    });
  }

  /** They are with this process, though perhaps not with the manager yet. */
  accept(attempt: TaskAttempt): boolean {
    const { taskId } = attempt;
    if (this.#running.has(taskId)) {
      this.#later.set(taskId, attempt);
      return false;
    }
    this.#running.set(taskId, attempt.attempt);
    return true;
  }

  isRunning({ taskId, attempt }: AttemptId): boolean {
    return this.#running.get(taskId) === attempt;
  }

  follow(taskId: TaskId, on: boolean): void {
    if (on) this.#followed.add(taskId);
    else this.#followed.delete(taskId);
    this.#manager.follow(taskId, on);
  }

  /** Whether its live output is asked for. */
  isFollowed(taskId: TaskId): boolean {
    return this.#followed.has(taskId);
  }

  kept(attempts: readonly { readonly task_id: TaskId; readonly attempt: number }[]): void {
    for (const { task_id, attempt } of attempts) {
      if (this.#finished.get(task_id)?.attempt !== attempt) continue;
      this.#window.acknowledged([task_id]);
      this.#drop(task_id);
    }
    this.#waiters.check();
    this.#flushSoon();
  }

  /** Where the attempt's result is. */
  resultFile({ taskId, attempt }: AttemptId): string | undefined {
    const finished = this.#finished.get(taskId);
    return finished?.attempt === attempt ? finished.file : undefined;
  }

  // -- ends -----------------------------------------------------------------------------------------

  ended(attempts: readonly FinishedAttempt[]): void {
    this.#end(attempts.flatMap((ended) => ended.signalled ? this.#signalled(ended) : [ended]));
  }

  /** What is known of it now (4). */
  #signalled(ended: FinishedAttempt): FinishedAttempt[] {
    const { taskId } = ended;
    clearTimeout(this.#doubted.get(taskId)?.timer);
    this.#doubted.delete(taskId);
    if (this.#ending === null) {
      const timer = setTimeout(() => {
        this.#doubted.delete(taskId);
        this.#end([ended]);
      }, SIGNAL_DELAY);
      this.#doubted.set(taskId, { ended, timer });
      return [];
    }
    return [this.#ending.signalsTasks ? { ...ended, outcome: CUT_OFF } : ended];
  }

  #end(attempts: readonly FinishedAttempt[]): void {
    for (const ended of attempts) {
      const { taskId } = ended;
      this.#running.delete(taskId);
      this.#followed.delete(taskId);
      if (!this.#unwanted.delete(taskId)) this.#keep(ended);
      else if (ended.outcome.kind === "success" && ended.outcome.file !== undefined) {
        removeIfPresent(ended.outcome.file);
      }
      const later = this.#later.get(taskId);
      if (later === undefined) continue;
      this.#later.delete(taskId);
      // It was not begun, so the agent may give it anew.
      this.#keep(endWithoutWorker(later, { kind: "returned" }));
    }
    this.#flushSoon();
    this.#waiters.check();
  }

  #keep(ended: FinishedAttempt): void {
    const { taskId, attempt } = ended;
    const { message, file } = this.#messageOf(ended);
    const { stdout, stderr, outcome } = message;
    const result = outcome.kind === "success" ? outcome.result.length : 0;
    const bytes = result + (stdout?.length ?? 0) + (stderr?.length ?? 0);
    this.#finished.set(taskId, { attempt, message, bytes, file });
    this.#unkeptBytes += bytes;
    this.#unsent.push(taskId);
  }

  #messageOf(ended: FinishedAttempt): { readonly message: EndedAttempt; readonly file?: string } {
    const { taskId, attempt, output, timeline, details } = ended;
    const message: EndedAttempt = {
      task_id: taskId,
      attempt,
      outcome: { kind: "returned" },
      timeline: [...timeline],
      details,
    };
    if (output.stdout.length > 0) message.stdout = output.stdout;
    if (output.stderr.length > 0) message.stderr = output.stderr;
    const { outcome, file } = this.#outcomeOf(ended);
    message.outcome = outcome;
    return { message, file };
  }

  #outcomeOf(ended: FinishedAttempt): Pick<EndedAttempt, "outcome"> & { readonly file?: string } {
    const { outcome } = ended;
    if (outcome.kind === "success" && outcome.file !== undefined) {
      const { file } = outcome;
      try {
        const file_size = Deno.statSync(file).size;
        return { outcome: { kind: "success", result: outcome.result, file_size }, file };
      } catch (thrown) {
        return { outcome: { kind: "lost", error: resultUnreadable(messageOf(thrown)) } };
      }
    }
    if (outcome.kind === "lost" && outcome.error === STOPPED && this.#ending !== null) {
      return { outcome: this.#ending.cutOff(ended) };
    }
    return { outcome };
  }

  /** What ends within one turn of the event loop shares frames. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    soon(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#link === undefined) return;
    const { limit } = this;
    let attempts: EndedAttempt[] = [];
    let size = 0;
    for (let taskId = this.#unsent.peek(); taskId !== undefined; taskId = this.#unsent.peek()) {
      const finished = this.#finished.get(taskId);
      // One that was forgotten, or is told already, is passed over.
      if (finished !== undefined && !this.#window.has(taskId)) {
        if (!this.#window.trySend(taskId, finished.bytes)) break;
        const isFull = size + finished.bytes > BATCH_BYTES || attempts.length === MAX_BATCH_ITEMS;
        if (isFull && attempts.length > 0) {
          this.#link.send({ type: "ended", limit, attempts });
          attempts = [];
          size = 0;
        }
        attempts.push(finished.message);
        size += finished.bytes;
      }
      this.#unsent.shift();
    }
    if (attempts.length > 0) this.#link.send({ type: "ended", limit, attempts });
    else if (limit !== this.#toldLimit) this.#link.send({ type: "room", limit });
    this.#toldLimit = limit;
    this.#tellImages(this.#link, limit);
  }

  #tellPlan(): void {
    const planned = this.#ending?.planned ?? null;
    if (planned === null) return;
    this.#link?.send({ type: "room", limit: this.limit, ending: planned });
  }

  #tellImages(link: HeldLink, limit: number): void {
    const images = this.#manager.warmImages;
    if (areSame(images, this.#toldImages)) return;
    this.#toldImages = images;
    link.send({ type: "room", limit, images: [...images] });
  }
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one === other ||
    (one.length === other.length && one.every((image, index) => image === other[index]));
}

function nameOf({ taskId, attempt }: AttemptId): ManagerHello["running"][number] {
  return { task_id: taskId, attempt };
}

function codeMissing(functionId: FunctionId): AttemptOutcome {
  const message = `the agent sent no code for function ${functionId}`;
  return {
    kind: "failed",
    error: manageError("FUNCTION_NOT_FOUND", message, "Register the function again."),
  };
}

function resultUnreadable(reason: string): TaskError {
  const message = `the result's file cannot be read on its node: ${reason}`;
  return manageError("WORKER_LOST", message, "See that the node's temporary folder has room.");
}
