/**
 * Rows of `tasks` for the queue, read as one row: each column as a JSON array, and the payloads one
 * after the other. Every value that the driver hands over costs as much as a row does to the database.
 */
import type { Connection } from "../../../lib/database.ts";
import { Query, type SqlValue } from "./query.ts";

export type TaskRow = [
  taskRow: number,
  taskId: string,
  submissionRow: number,
  functionRow: number,
  groupRow: number,
  ownerRow: number,
  attemptsMade: number,
  cancelRequested: number | null,
  payloadBytes: number,
  /** Null when it is in `large_payloads`. */
  payload: Uint8Array | null,
];

/** In the order of {@link TaskRow}. */
const COLUMNS = [
  ...["task_row", "task_id", "submission_row", "function_row", "group_row", "owner_row"],
  ...["attempts_made", "cancel_requested", "payload_bytes"],
];

type Packed = [columns: string, lengths: string, payloads: Uint8Array | null];
type Columns = [
  taskRows: number[],
  taskIds: string[],
  submissionRows: number[],
  functionRows: number[],
  groupRows: number[],
  ownerRows: number[],
  attemptsMade: number[],
  cancelRequested: (number | null)[],
  payloadBytes: number[],
];

/** Gives {@link TaskRow}s in their order. */
export class TaskRowsQuery {
  readonly #query: Query<Packed>;

  /** @param source what follows `SELECT … ` of the rows, such as `FROM tasks WHERE … ORDER BY …` */
  constructor(connection: Connection, source: string) {
    const columns = COLUMNS.map((column) => `json_group_array(${column})`).join(" || ',' || ");
    this.#query = new Query(
      connection,
      `SELECT ${columns}, json_group_array(length(payload)),
         CAST(group_concat(payload, '') AS BLOB)
       FROM (SELECT ${COLUMNS.join(", ")}, payload ${source})`,
    );
  }

  all(...parameters: readonly SqlValue[]): TaskRow[] {
    const [columns, lengths, payloads] = this.#query.get(...parameters)!;
    const [taskRows, taskIds, submissions, functions, groups, owners, made, cancels, bytes] = JSON
      .parse(`[${columns}]`) as Columns;
    const inline = JSON.parse(lengths) as (number | null)[];
    let end = 0;
    return taskRows.map((taskRow, index) => {
      const length = inline[index] ?? null;
      const payload = length === null
        ? null
        : payloads?.subarray(end, end += length) ?? new Uint8Array();
      return [
        taskRow,
        taskIds[index]!,
        submissions[index]!,
        functions[index]!,
        groups[index]!,
        owners[index]!,
        made[index]!,
        cancels[index]!,
        bytes[index]!,
        payload,
      ];
    });
  }
}
