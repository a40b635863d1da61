/**
 * Puts a submit's tasks into the database. They differ in little but their id and payload, which go
 * over in one buffer for many tasks: handing the driver each column of each row costs twice as much.
 */
import { Buffer } from "node:buffer";
import type { TaskId } from "../../../contract/ids.ts";
import type { Connection } from "../../../lib/database.ts";
import { timeOrderedId } from "../time_ordered_id.ts";
import { Command } from "./query.ts";

/**
 * Payloads of more bytes are in `large_payloads`: an update of a task writes its whole row. Not more
 * than `KEPT_PAYLOAD_BYTES`, since those in the row stay with a finished task.
 */
export const INLINE_PAYLOAD_BYTES = 4_000;

/** Tasks that go over in one buffer. */
const TASKS_PER_STATEMENT = 500;
const ID_BYTES = 36;
/** A span is the start of a task's id in the buffer, from 1, times this, plus its payload's length. */
const SPAN_BASE = 65_536;
/** Instead of a length: the payload is elsewhere. */
const ELSEWHERE = SPAN_BASE - 1;

/** What the tasks of a submit have in common, as in their columns. */
export interface CommonColumns {
  readonly submissionRow: number;
  readonly groupRow: number;
  readonly endpointRow: number;
  readonly ownerRow: number;
  readonly state: "received" | "waiting-for-ep";
  readonly delivery: number;
  readonly priority: number;
  readonly maxAttempts: number;
  readonly createdAt: number;
  readonly timeline: string | null;
}

export interface NewBatch {
  readonly functionRow: number;
  readonly payloads: readonly string[];
}

export class NewTasks {
  readonly #add: Command;
  readonly #addLargePayload: Command;
  readonly #setSize: Command;

  constructor(connection: Connection) {
    const start = `(span.value / ${SPAN_BASE})`;
    const length = `(span.value % ${SPAN_BASE})`;
    const id = `CAST(substr(?3, ${start}, ${ID_BYTES}) AS TEXT)`;
    const payload = `CASE ${length} WHEN ${ELSEWHERE} THEN NULL
      ELSE substr(?3, ${start} + ${ID_BYTES}, ${length}) END`;
    this.#add = new Command(
      connection,
      `INSERT INTO tasks (task_row, task_id, function_row, submission_row, group_row, endpoint_row,
         owner_row, state, delivery, priority, max_attempts, created_at, timeline, payload_bytes,
         payload)
       SELECT ?1 + span.key, ${id}, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ${length},
         ${payload}
       FROM json_each(?2) span`,
    );
    this.#addLargePayload = new Command(
      connection,
      "INSERT INTO large_payloads (task_row, payload) VALUES (?, CAST(? AS BLOB))",
    );
    this.#setSize = new Command(
      connection,
      "UPDATE tasks SET payload_bytes = ? WHERE task_row = ?",
    );
  }

  /** In rows that follow each other from `firstRow` on. Returns their ids. */
  insert(firstRow: number, batch: NewBatch, common: CommonColumns): TaskId[] {
    const taskIds = batch.payloads.map(() => timeOrderedId());
    for (let start = 0; start < taskIds.length; start += TASKS_PER_STATEMENT) {
      const end = start + TASKS_PER_STATEMENT;
      const ids = taskIds.slice(start, end);
      this.#insert(firstRow + start, ids, batch.payloads.slice(start, end), batch, common);
    }
    return taskIds;
  }

  #insert(
    firstRow: number,
    taskIds: readonly TaskId[],
    payloads: readonly string[],
    { functionRow }: NewBatch,
    common: CommonColumns,
  ): void {
    const { bytes, spans, large } = pack(taskIds, payloads);
    const { submissionRow, groupRow, endpointRow, ownerRow } = common;
    const { state, delivery, priority, maxAttempts, createdAt, timeline } = common;
    this.#add.run(
      ...[firstRow, JSON.stringify(spans), bytes, functionRow, submissionRow, groupRow],
      ...[endpointRow, ownerRow, state, delivery, priority, maxAttempts, createdAt, timeline],
    );
    for (const { index, size } of large) {
      this.#addLargePayload.run(firstRow + index, payloads[index]!);
      this.#setSize.run(size, firstRow + index);
    }
  }
}

interface Packed {
  readonly bytes: Uint8Array;
  readonly spans: readonly number[];
  /** Those whose payload is not in the buffer. */
  readonly large: readonly { readonly index: number; readonly size: number }[];
}

function pack(taskIds: readonly TaskId[], payloads: readonly string[]): Packed {
  const spans: number[] = [];
  const large: { index: number; size: number }[] = [];
  const pieces: string[] = [];
  let start = 1;
  for (const [index, payload] of payloads.entries()) {
    const size = Buffer.byteLength(payload);
    const isInline = size <= INLINE_PAYLOAD_BYTES;
    spans.push(start * SPAN_BASE + (isInline ? size : ELSEWHERE));
    pieces.push(taskIds[index]!);
    if (isInline) pieces.push(payload);
    else large.push({ index, size });
    start += ID_BYTES + (isInline ? size : 0);
  }
  return { bytes: new TextEncoder().encode(pieces.join("")), spans, large };
}
