/**
 * Tasks on their way from the link to the table: within the credits that were granted, known ones
 * told apart from new ones, and held back while the disk is short of room. What is held back is not
 * acknowledged, so the service has it too, and it may be forgotten with the session.
 */
import type { TaskId } from "../contract/ids.ts";
import { ReceiveWindow } from "../contract/protocol/ack_window.ts";
import type { TaskMessage, Tasks } from "../contract/protocol/messages.ts";
import type { DiskRoom } from "../lib/free_space.ts";
import type { FunctionCache } from "./function_cache.ts";
import type { Session } from "./session.ts";
import type { Spool } from "./spool.ts";

/** One message's tasks, taken in. */
export interface TakenTasks {
  readonly session: Session;
  /** All of them, to be acknowledged after the commit. */
  readonly taskIds: readonly TaskId[];
  /** Those that were not known before. */
  readonly fresh: readonly TaskMessage[];
}

interface Held {
  readonly session: Session;
  readonly message: Tasks;
  readonly bytes: number;
}

export interface IntakeOptions {
  readonly spool: Pick<Spool, "known" | "storeFunctions">;
  readonly functions: FunctionCache;
  readonly room: DiskRoom;
  /** Tasks that may be unacknowledged in one session. */
  readonly credits: number;
}

export class Intake {
  readonly #options: IntakeOptions;
  #window = new ReceiveWindow(0);
  #held: Held[] = [];
  #isOpen = true;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Whether the disk has no room for what waits. */
  isShortOfRoom = false;

  /** A session begins, or ends: what is held comes again. */
  reset(): void {
    this.#window = new ReceiveWindow(this.#options.credits);
    this.#held = [];
  }

  /** Takes nothing more; what comes is never acknowledged. */
  close(): void {
    this.#isOpen = false;
    this.#held = [];
  }

  add(session: Session, message: Tasks): void {
    if (!this.#window.received(message.tasks.length)) {
      return session.violated("more tasks than credits were granted for");
    }
    if (!this.#isOpen) return;
    let bytes = 0;
    for (const { code } of message.functions) bytes += code.length;
    for (const { payload } of message.tasks) bytes += payload.length + ROW_BYTES;
    this.#held.push({ session, message, bytes });
  }

  /** What may be stored now, in order. */
  take(): TakenTasks[] {
    const { room, spool } = this.#options;
    const taken: Held[] = [];
    this.isShortOfRoom = false;
    for (const held of this.#held) {
      this.isShortOfRoom = !room.takes(held.bytes);
      if (this.isShortOfRoom) break;
      taken.push(held);
    }
    if (taken.length === 0) return [];
    const known = spool.known(taken.flatMap(({ message }) => idsOf(message)));
    this.#held.splice(0, taken.length);
    return taken.map(({ session, message }) => this.#taken(session, message, known));
  }

  #taken(session: Session, message: Tasks, known: Set<TaskId>): TakenTasks {
    const { spool, functions } = this.#options;
    spool.storeFunctions(functions.take(message.functions));
    const fresh = message.tasks.filter(({ task_id }) => !known.has(task_id));
    for (const task of fresh) {
      known.add(task.task_id);
      // A copy, because the decoder gives a view of the whole frame.
      task.payload = new Uint8Array(task.payload);
    }
    return { session, taskIds: idsOf(message), fresh };
  }

  /** Forgets held tasks that are not wanted any more; returns those that were held. */
  drop(taskIds: readonly TaskId[]): TaskId[] {
    if (this.#held.length === 0) return [];
    const unwanted = new Set(taskIds);
    const dropped: TaskId[] = [];
    this.#held = this.#held.map(({ session, message, bytes }) => {
      const tasks = message.tasks.filter(({ task_id }) => !unwanted.has(task_id));
      for (const { task_id } of message.tasks) if (unwanted.has(task_id)) dropped.push(task_id);
      return { session, message: { ...message, tasks }, bytes };
    });
    return dropped;
  }

  /** So many of this session's are on disk and told. */
  acknowledged(count: number): void {
    this.#window.acknowledge(count);
  }
}

/** About what a task takes on disk besides its payload. */
const ROW_BYTES = 500;

function idsOf(message: Tasks): TaskId[] {
  return message.tasks.map((task) => task.task_id);
}
