/**
 * Many tasks into the spool with few statements: three times as fast as one statement for each.
 * Tasks that differ only in id, lane and arguments, as those of one submit do, go in together; their
 * arguments are one blob from which SQLite cuts each task's part.
 */
import type { Connection, Statement } from "../lib/database.ts";
import type { SpooledTask } from "./task.ts";

/** A statement's blob is closed when it holds this much. */
const MAX_BLOB_BYTES = 4 * 1024 * 1024;
/** Start and length of a task's part of the blob are one number: start * LENGTHS + length. */
const LENGTH_BITS = 25;
const LENGTHS = 2 ** LENGTH_BITS;

const UUID_LENGTH = 36;
/** What differs from task to task: the id, the part of the blob, a space, the number of the lane. */
const PART = `CAST(substr(value, ${UUID_LENGTH + 1}) AS INTEGER)`;
const LANE = "CAST(substr(value, instr(value, ' ') + 1) AS INTEGER)";

const INSERT = `
  INSERT INTO tasks (seq, task_id, function_id, options, attempts_made, timeline, payload, lane)
  SELECT ?1 + key, substr(value, 1, ${UUID_LENGTH}), ?2, ?3, ?4, ?5,
    substr(?6, (${PART} >> ${LENGTH_BITS}) + 1, ${PART} & ${LENGTHS - 1}), ${LANE}
  FROM json_each(?7)`;

/** Tasks with following `seq` that share everything but id, lane and payload. */
interface Group {
  readonly first: SpooledTask;
  readonly options: string;
  readonly timeline: string;
  readonly tasks: SpooledTask[];
  bytes: number;
}

export class TaskInsert {
  readonly #statement: Statement;

  constructor(connection: Connection) {
    this.#statement = connection.prepare(INSERT);
  }

  run(tasks: readonly SpooledTask[]): void {
    let group: Group | undefined;
    for (const task of tasks) {
      if (group === undefined || !belongs(group, task)) {
        if (group !== undefined) this.#write(group);
        group = {
          first: task,
          options: JSON.stringify(task.options),
          timeline: JSON.stringify(task.timeline),
          tasks: [],
          bytes: 0,
        };
      }
      group.tasks.push(task);
      group.bytes += task.payload.length;
    }
    if (group !== undefined) this.#write(group);
  }

  #write({ first, options, timeline, tasks, bytes }: Group): void {
    const blob = new Uint8Array(bytes);
    const parts: string[] = [];
    let start = 0;
    for (const { taskId, lane, payload } of tasks) {
      blob.set(payload, start);
      parts.push(`${taskId}${start * LENGTHS + payload.length} ${lane}`);
      start += payload.length;
    }
    this.#statement.run(
      first.seq,
      first.functionId,
      options,
      first.attemptsMade,
      timeline,
      blob,
      JSON.stringify(parts),
    );
  }
}

function belongs(group: Group, task: SpooledTask): boolean {
  const { first, tasks, bytes } = group;
  return task.seq === first.seq + tasks.length &&
    task.functionId === first.functionId &&
    task.attemptsMade === first.attemptsMade &&
    bytes + task.payload.length <= MAX_BLOB_BYTES &&
    // Tasks of one batch share their story by reference.
    (task.timeline === first.timeline || JSON.stringify(task.timeline) === group.timeline) &&
    JSON.stringify(task.options) === group.options;
}
