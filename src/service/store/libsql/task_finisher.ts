/** The one way into a terminal state: the task's row, its result, the counts and the signal. */
import {
  type BlobReference,
  isBlobBuffer,
  referencesOf,
} from "../../../contract/blob_reference.ts";
import { EnvelopeError } from "../../../contract/envelope.ts";
import type { TaskError } from "../../../contract/errors.ts";
import type { TaskId } from "../../../contract/ids.ts";
import {
  MAX_DETAILS_BYTES,
  MAX_RESULT_BYTES,
  MAX_TASK_OUTPUT_BYTES,
} from "../../../contract/limits.ts";
import type { ResultMessage } from "../../../contract/protocol/messages.ts";
import {
  canMove,
  TASK_STATES,
  type TaskEvent,
  type TerminalState,
} from "../../../contract/task_state.ts";
import type { Connection } from "../../../lib/database.ts";
import type { LibsqlBlobs } from "./blobs.ts";
import { BulkInsert, Command, Query, toJson } from "./query.ts";
import type { RecentResult } from "./recent_results.ts";
import { resultOf } from "./result_rows.ts";
import { boundTimeline, writeEvents } from "./timeline.ts";
import type { Transaction } from "./transaction.ts";

/** Payloads of more bytes are in `large_payloads`. */
export const INLINE_PAYLOAD_BYTES = 4_000;

type Finished = [
  sequence: number,
  taskRow: number,
  groupRow: number,
  ownerRow: number,
  endpointRow: number,
  payloadBytes: number,
];

interface Ending {
  readonly taskId: TaskId;
  readonly at: number;
  readonly state: TerminalState;
  readonly result?: Uint8Array;
  readonly error?: TaskError;
  readonly stdout?: Uint8Array;
  readonly stderr?: Uint8Array;
  readonly timeline: readonly TaskEvent[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A task moves only from where the contract allows it, and there is no way out of a terminal state. */
const MAY_FINISH = TASK_STATES.filter((state) => canMove(state, "success"))
  .map((state) => `'${state}'`).join(", ");

const CLEAR = "delivery = NULL, cancel_requested = NULL, payload = NULL";
const RETURNING = `RETURNING result_sequence, task_row, group_row, owner_row, endpoint_row,
  payload_bytes`;

export class TaskFinisher {
  readonly #byEndpoint: Query<Finished>;
  readonly #byService: Query<[...finished: Finished, taskId: string]>;
  readonly #addResults: BulkInsert;
  readonly #dropPayload: Command;
  readonly #blobs: LibsqlBlobs;

  constructor(connection: Connection, blobs: LibsqlBlobs) {
    this.#blobs = blobs;
    // Reported progress is dropped, since the result repeats it.
    this.#byEndpoint = new Query(
      connection,
      `UPDATE tasks SET state = j.value ->> 1, attempt = j.value ->> 2, completed_at = ?2,
         result_sequence = ?3 + j.key, progress = NULL, ${CLEAR}
       FROM json_each(?1) j
       WHERE task_id = j.value ->> 0 AND endpoint_row = ?4 AND state IN (${MAY_FINISH})
       ${RETURNING}`,
    );
    this.#byService = new Query(
      connection,
      `UPDATE tasks SET state = ?, completed_at = ?, result_sequence = ?, ${CLEAR}
       WHERE task_row = ? AND state IN (${MAY_FINISH}) ${RETURNING}, task_id`,
    );
    this.#addResults = new BulkInsert(
      connection,
      `INSERT INTO results
         (sequence, task_row, group_row, result, error, stdout, stderr, timeline, details)`,
      "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#dropPayload = new Command(connection, "DELETE FROM large_payloads WHERE task_row = ?");
  }

  /** Results of an endpoint's own tasks; the first of a task counts, those of others are dropped. */
  reported(
    transaction: Transaction,
    endpointRow: number,
    messages: readonly ResultMessage[],
    at: number,
  ): void {
    const endings = new Map<TaskId, Ending & { readonly attempt: number }>();
    for (const message of messages) {
      if (endings.has(message.task_id)) continue;
      const ending = this.#withBlob(
        transaction,
        endpointRow,
        message.task_id,
        boundEnding(message, at),
      );
      endings.set(message.task_id, { ...ending, attempt: message.attempt });
    }
    const first = transaction.takeSequences(endings.size);
    const ends = [...endings].map(([taskId, { state, attempt }]) => [taskId, state, attempt]);
    const finished = this.#byEndpoint.all(JSON.stringify(ends), at, first, endpointRow);
    const inOrder = [...endings.values()];
    this.#store(
      transaction,
      finished.sort(([left], [right]) => left - right)
        .map((row) => [row, inOrder[row[0] - first]!]),
    );
  }

  /** A result that refers to a blob which did not come is a failure. */
  #withBlob(
    transaction: Transaction,
    endpointRow: number,
    taskId: TaskId,
    ending: Ending,
  ): Ending {
    if (ending.result === undefined || !isBlobBuffer(ending.result)) return ending;
    const reference = readReference(ending.result);
    const isThere = reference !== undefined &&
      this.#blobs.arrived(transaction, endpointRow, taskId, reference);
    const { result: _, ...rest } = ending;
    return isThere ? ending : { ...rest, state: "failed", error: BLOB_MISSING };
  }

  /** Ends a task for a reason that only the service knows. */
  byService(
    transaction: Transaction,
    task: { readonly taskRow: number; readonly attempt: number },
    end: { readonly state: "failed" | "cancelled"; readonly error: TaskError; readonly at: number },
  ): void {
    const { state, error, at } = end;
    const finished = this.#byService.get(state, at, transaction.takeSequences(1), task.taskRow);
    if (finished === undefined) return;
    const [sequence, taskRow, groupRow, ownerRow, endpointRow, payloadBytes, taskId] = finished;
    const event = {
      state,
      at,
      by: "service",
      attempt: task.attempt,
      detail: error.message,
    } as const;
    this.#store(transaction, [[
      [sequence, taskRow, groupRow, ownerRow, endpointRow, payloadBytes],
      { taskId, at, state, error, timeline: [event] },
    ]]);
  }

  #store(transaction: Transaction, results: readonly [Finished, Ending][]): void {
    this.#addResults.run(results.map(([[sequence, taskRow, groupRow], ending]) => {
      const values = endingValues(ending);
      if (transaction.keepsResults(groupRow)) {
        transaction.recentResults.push(recentResult(sequence, groupRow, ending, values));
      }
      return [sequence, taskRow, groupRow, ...values];
    }));
    for (const [[, taskRow, groupRow, ownerRow, endpointRow, bytes], { state }] of results) {
      transaction.finished(ownerRow, endpointRow, groupRow, state);
      if (bytes > INLINE_PAYLOAD_BYTES) this.#dropPayload.run(taskRow);
    }
  }
}

type EndingValues = [
  result: Uint8Array | null,
  error: string | null,
  stdout: Uint8Array | null,
  stderr: Uint8Array | null,
  timeline: string | null,
  details: string | null,
];

function endingValues(ending: Ending): EndingValues {
  return [
    ending.result ?? null,
    toJson(ending.error),
    ending.stdout ?? null,
    ending.stderr ?? null,
    writeEvents(ending.timeline),
    toJson(ending.details),
  ];
}

/** The result as a reader of the database would find it. */
function recentResult(
  sequence: number,
  groupRow: number,
  ending: Ending,
  [result, error, stdout, stderr]: EndingValues,
): RecentResult {
  const { taskId, state, at } = ending;
  const bytes = (result?.length ?? 0) + (error?.length ?? 0) + (stdout?.length ?? 0) +
    (stderr?.length ?? 0);
  return {
    groupRow,
    sequence,
    bytes,
    result: {
      ...resultOf(taskId, state, at, [result, null, stdout, stderr, null]),
      error: ending.error ?? null,
      details: ending.details ?? null,
    },
  };
}

/** What an endpoint sent, within the limits that it should have kept itself. */
function boundEnding(message: ResultMessage, at: number): Ending {
  const { state, result, error } = message;
  const rest = {
    taskId: message.task_id,
    at,
    stdout: lastBytes(message.stdout),
    stderr: lastBytes(message.stderr),
    timeline: boundTimeline(message.timeline),
    details: boundDetails(message.details),
  };
  if (result !== undefined && result.length > MAX_RESULT_BYTES) {
    return { ...rest, state: "failed", error: tooLarge(result.length) };
  }
  if (state === "success") return { ...rest, state, result: result ?? new Uint8Array(0) };
  return { ...rest, state, error: (error as TaskError | undefined) ?? unexplained(state) };
}

const BLOB_MISSING: TaskError = {
  code: "BLOB_NOT_FOUND",
  type: "BlobNotFound",
  message: "the endpoint's result refers to a blob that it has not uploaded",
  traceback: "",
  hint: "Run the task again, and see the agent's log.",
};

function readReference(result: Uint8Array): BlobReference | undefined {
  try {
    return referencesOf(new TextDecoder().decode(result))[0];
  } catch (thrown) {
    if (thrown instanceof EnvelopeError) return undefined;
    throw thrown;
  }
}

function lastBytes(output: Uint8Array | undefined): Uint8Array | undefined {
  if (output === undefined || output.length === 0) return undefined;
  return output.length > MAX_TASK_OUTPUT_BYTES
    ? output.subarray(output.length - MAX_TASK_OUTPUT_BYTES)
    : output;
}

function boundDetails(details: ResultMessage["details"]): ResultMessage["details"] {
  if (details === undefined) return undefined;
  return JSON.stringify(details).length > MAX_DETAILS_BYTES ? undefined : details;
}

function tooLarge(bytes: number): TaskError {
  return {
    code: "MaxResultSizeExceeded",
    type: "MaxResultSizeExceeded",
    message: `the result has ${bytes} bytes, at most ${MAX_RESULT_BYTES} are stored`,
    traceback: "",
    hint: "Write large results to a file and return its name.",
  };
}

function unexplained(state: TerminalState): TaskError {
  return {
    code: state === "cancelled" ? "TASK_CANCELLED" : "UNKNOWN_TASK_FAILURE",
    type: "TaskError",
    message: `the endpoint reported ${state} without a reason`,
    traceback: "",
  };
}
