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
  KEPT_PAYLOAD_BYTES,
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
import type { TaskEnd, Transaction } from "./transaction.ts";

/** Of unfinished tasks, each column as a JSON array: one row of text costs a tenth of many rows. */
type FoundColumns = [
  positions: string,
  taskRows: string,
  groupRows: string,
  ownerRows: string,
  createdAts: string,
  largeTaskRows: string,
];

type Columns = [
  positions: number[],
  taskRows: number[],
  groupRows: number[],
  ownerRows: number[],
  createdAts: number[],
];

/** A task that ends now: one object for all that is done with it. */
interface Finished<E extends Ending = Ending> extends TaskEnd {
  readonly taskRow: number;
  readonly ending: E;
}

interface Ending {
  readonly taskId: TaskId;
  readonly at: number;
  readonly state: TerminalState;
  readonly result?: Uint8Array;
  readonly error?: TaskError;
  readonly stdout?: Uint8Array;
  readonly stderr?: Uint8Array;
  readonly timeline: readonly TaskEvent[];
  readonly details?: Details;
}

interface Details {
  readonly value: Readonly<Record<string, unknown>>;
  readonly json: string;
}

interface Reported extends Ending {
  readonly attempt: number;
}

/** A task moves only from where the contract allows it, and there is no way out of a terminal state. */
const MAY_FINISH = TASK_STATES.filter((state) => canMove(state, "success"))
  .map((state) => `'${state}'`).join(", ");

/** A payload in the row stays, for another run: it is small. */
const CLEAR = "delivery = NULL, cancel_requested = NULL";

export class TaskFinisher {
  readonly #find: Query<FoundColumns>;
  readonly #byEndpoint: Command;
  readonly #byService: Query<
    [
      taskRow: number,
      groupRow: number,
      ownerRow: number,
      endpointRow: number,
      payloadBytes: number,
      taskId: TaskId,
      createdAt: number,
    ]
  >;
  readonly #addResults: BulkInsert;
  readonly #dropPayload: Command;
  readonly #blobs: LibsqlBlobs;

  constructor(connection: Connection, blobs: LibsqlBlobs) {
    this.#blobs = blobs;
    this.#find = new Query(
      connection,
      `SELECT json_group_array(j.key), json_group_array(task_row), json_group_array(group_row),
         json_group_array(owner_row), json_group_array(CAST(created_at AS INTEGER)),
         json_group_array(task_row) FILTER (WHERE payload_bytes > ${KEPT_PAYLOAD_BYTES})
       FROM json_each(?) j CROSS JOIN tasks ON task_id = j.value
       WHERE endpoint_row = ? AND state IN (${MAY_FINISH})`,
    );
    // Reported progress is dropped, since the result repeats it.
    this.#byEndpoint = new Command(
      connection,
      `UPDATE tasks SET state = ?2, attempt = ?3, completed_at = ?4, result_sequence = ?5 + j.key,
         progress = NULL, ${CLEAR}
       FROM json_each(?1) j WHERE task_row = j.value`,
    );
    this.#byService = new Query(
      connection,
      `UPDATE tasks SET state = ?, completed_at = ?, result_sequence = ?, ${CLEAR}
       WHERE task_row = ? AND state IN (${MAY_FINISH})
       RETURNING task_row, group_row, owner_row, endpoint_row, payload_bytes, task_id,
         CAST(created_at AS INTEGER)`,
    );
    this.#addResults = new BulkInsert(
      connection,
      `INSERT INTO results
         (sequence, task_row, group_row, result, error, stdout, stderr, timeline, details)`,
      "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#dropPayload = new Command(
      connection,
      "DELETE FROM large_payloads WHERE task_row IN (SELECT value FROM json_each(?))",
    );
  }

  /** Results of an endpoint's own tasks; the first of a task counts, those of others are dropped. */
  reported(
    transaction: Transaction,
    endpointRow: number,
    messages: readonly ResultMessage[],
    at: number,
  ): void {
    const endings = new Map<TaskId, Reported>();
    for (const message of messages) {
      if (endings.has(message.task_id)) continue;
      const ending = this.#withBlob(transaction, endpointRow, boundEnding(message, at));
      endings.set(message.task_id, ending);
    }
    const found = this.#find.get(JSON.stringify([...endings.keys()]), endpointRow)!;
    const [positions, taskRows, groupRows, ownerRows, createdAts] = found.slice(0, 5)
      .map((column) => JSON.parse(column) as number[]) as Columns;
    const inOrder = [...endings.values()];
    const tasks = taskRows.map((taskRow, index): Finished<Reported> => {
      const ending = inOrder[positions[index]!]!;
      return {
        taskRow,
        groupRow: groupRows[index]!,
        ownerRow: ownerRows[index]!,
        createdAt: createdAts[index]!,
        endpointRow,
        state: ending.state,
        at: ending.at,
        ending,
      };
    });
    this.#dropPayloads(found[5]);
    for (const alike of byOutcome(tasks)) this.#end(transaction, alike, at);
  }

  /** Tasks with the same state and attempt. */
  #end(transaction: Transaction, tasks: readonly Finished<Reported>[], at: number): void {
    const { state, attempt } = tasks[0]!.ending;
    const first = transaction.takeSequences(tasks.length);
    const taskRows = JSON.stringify(tasks.map(({ taskRow }) => taskRow));
    this.#byEndpoint.run(taskRows, state, attempt, at, first);
    this.#store(transaction, tasks, first);
  }

  /** A result that refers to a blob which did not come is a failure. */
  #withBlob(transaction: Transaction, endpointRow: number, ending: Reported): Reported {
    if (ending.result === undefined || !isBlobBuffer(ending.result)) return ending;
    const reference = readReference(ending.result);
    const isThere = reference !== undefined &&
      this.#blobs.arrived(transaction, endpointRow, ending.taskId, reference);
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
    const sequence = transaction.takeSequences(1);
    const finished = this.#byService.get(state, at, sequence, task.taskRow);
    if (finished === undefined) return;
    const [taskRow, groupRow, ownerRow, endpointRow, payloadBytes, taskId, createdAt] = finished;
    const { attempt } = task;
    const event = { state, at, by: "service", attempt, detail: error.message } as const;
    const ending = { taskId, at, state, error, timeline: [event] };
    const ended = { taskRow, groupRow, ownerRow, createdAt, endpointRow, state, at, ending };
    this.#store(transaction, [ended], sequence);
    if (payloadBytes > KEPT_PAYLOAD_BYTES) this.#dropPayloads(`[${taskRow}]`);
  }

  /** @param first sequence number; those of the others follow it */
  #store(transaction: Transaction, finished: readonly Finished[], first: number): void {
    this.#addResults.run(finished.map(({ taskRow, groupRow, ending }, index) => {
      const sequence = first + index;
      const values = endingValues(ending);
      if (transaction.keepsResults(groupRow)) {
        transaction.recentResults.push(recentResult(sequence, groupRow, ending, values));
      }
      return [sequence, taskRow, groupRow, ...values];
    }));
    for (const task of finished) transaction.finished(task);
  }

  /** @param taskRows JSON array */
  #dropPayloads(taskRows: string): void {
    if (taskRows !== "[]") this.#dropPayload.run(taskRows);
  }
}

/** In their order, those together that end with the same state in the same attempt. */
function byOutcome<T extends { readonly ending: Reported }>(
  tasks: readonly T[],
): Iterable<readonly T[]> {
  // As a rule all of them do.
  const first = tasks[0]?.ending;
  const isAlike = ({ ending }: T): boolean =>
    ending.state === first?.state && ending.attempt === first.attempt;
  if (first !== undefined && tasks.every(isAlike)) return [tasks];
  return Map.groupBy(tasks, ({ ending: { state, attempt } }) => `${state} ${attempt}`).values();
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
    ending.details?.json ?? null,
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
      details: ending.details?.value ?? null,
    },
  };
}

/** What an endpoint sent, within the limits that it should have kept itself. */
function boundEnding(message: ResultMessage, at: number): Reported {
  const { state, attempt, result, error } = message;
  const rest = {
    taskId: message.task_id,
    attempt,
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

function boundDetails(value: ResultMessage["details"]): Details | undefined {
  if (value === undefined) return undefined;
  const json = JSON.stringify(value);
  return json.length > MAX_DETAILS_BYTES ? undefined : { value, json };
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
