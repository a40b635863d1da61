/**
 * Waiting tasks out of the spool, a whole window at a time. The driver takes as long to hand over a
 * row as SQLite does to find it, so tasks come as one JSON text, small payloads with them; twice as
 * fast as a row for each.
 */
import type { FunctionId, TaskId } from "../contract/ids.ts";
import type { TaskOptions } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";
import type { Connection, Statement } from "../lib/database.ts";
import { RECORD, spooledTask, type TaskRow, UNFINISHED } from "./spool_rows.ts";
import type { LaneLoad, LoadedLane } from "./table_events.ts";
import type { SpooledTask } from "./task.ts";

/** A payload of more bytes comes by itself: as JSON it would be twice its size. */
const SMALL_PAYLOAD_BYTES = 4 * 1024;

const WAITING = `lane = ?1 AND seq > ?2 AND ${UNFINISHED}`;

/** Of at most ?3 tasks, how many there are, and the first ones that hold ?4 bytes together. */
const EXTENT = `
  SELECT count(*) AS found, count(*) FILTER (WHERE fits) AS fitting,
    max(seq) FILTER (WHERE fits) AS last
  FROM (
    SELECT seq, row_number() OVER before = 1 OR sum(bytes) OVER before <= ?4 AS fits
    FROM (
      SELECT seq, length(payload) AS bytes FROM tasks WHERE ${WAITING} ORDER BY seq LIMIT ?3
    )
    WINDOW before AS (ORDER BY seq ROWS UNBOUNDED PRECEDING)
  )`;

const TASKS = `
  SELECT json_group_array(json_array(
    seq, task_id, function_id, options, attempts_made, timeline,
    iif(length(payload) <= ${SMALL_PAYLOAD_BYTES}, hex(payload), NULL)
  )) AS tasks
  FROM (SELECT * FROM tasks WHERE ${WAITING} AND seq <= ?3 ORDER BY seq)`;

/** A task that goes alone needs no window. */
const NEXT = `SELECT ${RECORD}, payload FROM tasks WHERE ${WAITING} ORDER BY seq LIMIT 1`;

const PAYLOAD = "SELECT payload FROM tasks WHERE seq = ?";

interface Extent {
  readonly found: number;
  readonly fitting: number;
  /** Null when there are none. */
  readonly last: number | null;
}

type LoadedTask = [
  seq: number,
  taskId: TaskId,
  functionId: FunctionId,
  options: string,
  attemptsMade: number,
  timeline: string,
  /** In hexadecimal. */
  payload: string | null,
];

export class SpoolLoad {
  readonly #extent: Statement;
  readonly #tasks: Statement;
  readonly #next: Statement;
  readonly #payload: Statement;

  constructor(connection: Connection) {
    this.#extent = connection.prepare(EXTENT);
    this.#tasks = connection.prepare(TASKS);
    this.#next = connection.prepare(NEXT);
    this.#payload = connection.prepare(PAYLOAD);
  }

  /**
   * Waiting tasks of the lanes, in order, until they hold `maximumBytes` together; of the first lane
   * at least one task if there is any. Lanes that did not get their turn come back empty.
   */
  load(lanes: readonly LaneLoad[], maximumBytes: number): LoadedLane[] {
    let left = maximumBytes;
    return lanes.map((wanted, index) => {
      if (left <= 0 && index > 0) return { lane: wanted.lane, tasks: [], end: false };
      const loaded = wanted.tasks === 1 ? this.#loadNext(wanted) : this.#loadLane(wanted, left);
      for (const { payload } of loaded.tasks) left -= payload.length;
      return loaded;
    });
  }

  #loadNext({ lane, after }: LaneLoad): LoadedLane {
    const tasks = (this.#next.all(lane, after) as TaskRow[]).map(spooledTask);
    return { lane, tasks, end: tasks.length === 0 };
  }

  #loadLane({ lane, after, tasks: maximum }: LaneLoad, maximumBytes: number): LoadedLane {
    const { found, fitting, last } = this.#extent.get(lane, after, maximum, maximumBytes) as Extent;
    if (last === null) return { lane, tasks: [], end: true };
    const { tasks } = this.#tasks.get(lane, after, last) as { tasks: string };
    const parseOptions = parser<TaskOptions>();
    const parseTimeline = parser<TaskEvent[]>();
    return {
      lane,
      tasks: (JSON.parse(tasks) as LoadedTask[]).map((task): SpooledTask => ({
        seq: task[0],
        lane,
        taskId: task[1],
        functionId: task[2],
        options: parseOptions(task[3]),
        attemptsMade: task[4],
        // It waits for its first turn here.
        moved: 0,
        timeline: parseTimeline(task[5]),
        payload: task[6] === null ? this.#payloadOf(task[0]) : Uint8Array.fromHex(task[6]),
      })),
      end: found < maximum && fitting === found,
    };
  }

  #payloadOf(seq: number): Uint8Array {
    const [{ payload }] = this.#payload.all(seq) as [Pick<TaskRow, "payload">];
    return new Uint8Array(payload);
  }
}

/** Parses a text once that many tasks in a row have: those of one submit share it. */
function parser<T>(): (text: string) => T {
  let last: { readonly text: string; readonly value: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, value: JSON.parse(text) as T };
    return last.value;
  };
}
