/**
 * What endpoints told of unfinished tasks, held back for a moment. Most tasks finish within it, and
 * their result repeats all of it, so it costs them nothing; the others are written in portions.
 *
 * 1. Only an endpoint's own tasks are shown or written: entries carry the endpoint that spoke.
 * 2. It holds no more than about `MAXIMUM_ENTRIES` tasks with `MAX_TIMELINE_EVENTS` each.
 * 3. What is lost with this process only has tasks sent twice, which the endpoint notices.
 */
import type { EndpointId, TaskId } from "../../../contract/ids.ts";
import { MAX_TIMELINE_EVENTS } from "../../../contract/limits.ts";
import type { TaskEvent, TaskState } from "../../../contract/task_state.ts";
import { logger } from "../../../lib/log.ts";
import { messageOf } from "../../../lib/outcome.ts";
import { acceptance, type AcceptedTask, AcceptedTasks } from "./accepted_tasks.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";
import { legalMoves, writeEvents } from "./timeline.ts";
import type { Transaction } from "./transaction.ts";

const log = logger("service", "store");

const HOLD_MILLISECONDS = 2_000;
const MAXIMUM_ENTRIES = 20_000;
/** Tasks written by one transaction, so that others' requests come between. */
const PORTION = 500;
/** Of the stored progress of one attempt, characters; older events are given up beyond it. */
const MAXIMUM_PROGRESS = 20_000;

interface Entry {
  readonly endpointId: EndpointId;
  /** When the endpoint told that it has the task on its disk. */
  acceptedAt?: number;
  readonly events: TaskEvent[];
  /** Its result is about to be written. */
  finishing: boolean;
}

/** The endpoint does not repeat with an event what its acknowledgement says. */
function movesOf(entry: Entry, attempt: number): readonly TaskEvent[] {
  const { acceptedAt: at, events } = entry;
  if (at === undefined) return events;
  return [acceptance(at, attempt), ...events];
}

export class LiveProgress {
  readonly #engine: Engine;
  readonly #find: Query<
    [taskRow: number, state: TaskState, attempt: number, progressLength: number]
  >;
  readonly #accept: AcceptedTasks;
  readonly #appendEvents: Command;
  readonly #entries = new Map<TaskId, Entry>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> | undefined;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#find = new Query(
      connection,
      `SELECT task_row, state, attempt, coalesce(length(progress), 0) FROM tasks
       WHERE task_id = ? AND delivery >= 1
         AND endpoint_row = (SELECT endpoint_row FROM endpoints WHERE endpoint_id = ?)`,
    );
    this.#accept = new AcceptedTasks(connection);
    this.#appendEvents = new Command(
      connection,
      `UPDATE tasks SET state = ?1, attempt = ?2, delivery = 2,
         progress = CASE WHEN ?4 OR progress IS NULL THEN ?3 ELSE progress || ',' || ?3 END
       WHERE task_row = ?5`,
    );
  }

  accepted(endpointId: EndpointId, taskId: TaskId, at: number): void {
    const entry = this.#entry(endpointId, taskId);
    if (entry !== undefined) entry.acceptedAt ??= at;
  }

  progressed(endpointId: EndpointId, taskId: TaskId, event: TaskEvent): void {
    const events = this.#entry(endpointId, taskId)?.events;
    if (events === undefined) return;
    events.push(event);
    if (events.length > MAX_TIMELINE_EVENTS) events.splice(1, 1);
  }

  /** Moves of the endpoint's task that are not written yet; `attempt` is the stored one. */
  movesOf(endpointId: EndpointId, taskId: TaskId, attempt: number): readonly TaskEvent[] {
    const entry = this.#entries.get(taskId);
    return entry?.endpointId === endpointId ? movesOf(entry, attempt) : [];
  }

  /** Results are on their way: what they repeat need not be written any more. */
  finishing(endpointId: EndpointId, taskIds: readonly TaskId[]): void {
    for (const [, entry] of this.#own(endpointId, taskIds)) entry.finishing = true;
  }

  /** The results were written. */
  finished(endpointId: EndpointId, taskIds: readonly TaskId[]): void {
    for (const [taskId] of this.#own(endpointId, taskIds)) this.#entries.delete(taskId);
  }

  /** The results could not be written. */
  unfinished(endpointId: EndpointId, taskIds: readonly TaskId[]): void {
    for (const [, entry] of this.#own(endpointId, taskIds)) entry.finishing = false;
  }

  /** Resolves when all that was held back is on disk, or could not be written, which is logged. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#flushing ?? Promise.resolve();
    const flushing = before.then(() => this.#writeAll()).finally(() => {
      if (this.#flushing === flushing) this.#flushing = undefined;
    });
    this.#flushing = flushing;
    return flushing;
  }

  /** Undefined when another endpoint speaks of the task. */
  #entry(endpointId: EndpointId, taskId: TaskId): Entry | undefined {
    const known = this.#entries.get(taskId);
    if (known !== undefined) return known.endpointId === endpointId ? known : undefined;
    const entry: Entry = { endpointId, events: [], finishing: false };
    this.#entries.set(taskId, entry);
    if (this.#entries.size >= MAXIMUM_ENTRIES && this.#flushing === undefined) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), HOLD_MILLISECONDS);
    return entry;
  }

  *#own(endpointId: EndpointId, taskIds: readonly TaskId[]): Generator<[TaskId, Entry]> {
    for (const taskId of taskIds) {
      const entry = this.#entries.get(taskId);
      if (entry?.endpointId === endpointId) yield [taskId, entry];
    }
  }

  async #writeAll(): Promise<void> {
    const taskIds = [...this.#entries.keys()];
    for (let start = 0; start < taskIds.length; start += PORTION) {
      const portion = taskIds.slice(start, start + PORTION);
      try {
        await this.#engine.write((transaction) => this.#write(transaction, portion));
      } catch (thrown) {
        for (const taskId of portion) this.#entries.delete(taskId);
        log.warning("progress of {count} tasks was not stored: {reason}", {
          count: portion.length,
          reason: messageOf(thrown),
        });
      }
    }
  }

  #write(transaction: Transaction, taskIds: readonly TaskId[]): void {
    const accepted: AcceptedTask[] = [];
    for (const taskId of taskIds) {
      const entry = this.#entries.get(taskId);
      if (entry === undefined || entry.finishing) continue;
      transaction.afterCommit(() => {
        this.#entries.delete(taskId);
        // Counts by state know of the move only now, so whoever follows them reads them again.
        this.#engine.changes.moved(entry.endpointId);
      });
      if (entry.events.length === 0) accepted.push({ taskId, ...entry });
      else this.#append(taskId, entry);
    }
    this.#accept.write(accepted);
  }

  #append(taskId: TaskId, entry: Entry): void {
    const found = this.#find.get(taskId, entry.endpointId);
    if (found === undefined) return;
    const [taskRow, state, attempt, progressLength] = found;
    const events = legalMoves(state, movesOf(entry, attempt));
    const last = events[events.length - 1];
    if (last === undefined) return this.#accept.write([{ taskId, ...entry }]);
    const full = progressLength > MAXIMUM_PROGRESS ? 1 : 0;
    const latest = Math.max(attempt, last.attempt);
    this.#appendEvents.run(last.state, latest, writeEvents(events), full, taskRow);
  }
}
