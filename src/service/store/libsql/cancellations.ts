import { FuncxError } from "../../../contract/errors.ts";
import type { EndpointId, TaskId, UserId } from "../../../contract/ids.ts";
import type { Cancellation } from "../store.ts";
import { CANCELLED } from "./endpoint_tasks.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";
import type { TaskFinisher } from "./task_finisher.ts";
import type { Transaction } from "./transaction.ts";

type Row = [
  taskRow: number,
  ownerRow: number,
  delivery: number | null,
  attempt: number,
  endpointId: string,
];

export class Cancellations {
  readonly #engine: Engine;
  readonly #finisher: TaskFinisher;
  readonly #find: Query<Row>;
  readonly #remember: Command;
  readonly #open: Query<[taskRow: number, taskId: string]>;

  constructor(engine: Engine, finisher: TaskFinisher) {
    const { connection } = engine;
    this.#engine = engine;
    this.#finisher = finisher;
    this.#find = new Query(
      connection,
      `SELECT t.task_row, t.owner_row, t.delivery, t.attempt, e.endpoint_id
       FROM tasks t JOIN endpoints e USING (endpoint_row) WHERE t.task_id = ?`,
    );
    this.#remember = new Command(
      connection,
      "UPDATE tasks SET cancel_requested = 1 WHERE task_row = ?",
    );
    this.#open = new Query(
      connection,
      `SELECT t.task_row, t.task_id FROM tasks t
       WHERE t.endpoint_row = (SELECT endpoint_row FROM endpoints WHERE endpoint_id = ?)
         AND t.task_row > ? AND t.cancel_requested = 1
       ORDER BY t.task_row LIMIT ?`,
    );
  }

  /** See `QueueStore.cancel`. */
  request(
    owner: UserId,
    taskIds: readonly TaskId[],
    at: number,
  ): Promise<readonly Cancellation[]> {
    return this.#engine.write((transaction) => {
      const ownerRow = this.#engine.findUser(owner);
      const rows: Row[] = [];
      for (const taskId of taskIds) {
        const row = this.#find.get(taskId);
        if (row === undefined || row[1] !== ownerRow) return unknownTask(taskId);
        rows.push(row);
      }
      return rows.map((row, index) => this.#one(transaction, taskIds[index]!, row, at));
    });
  }

  /** See `QueueStore.cancelRequests`. */
  open(query: {
    readonly endpointId: EndpointId;
    readonly after: number;
    readonly limit: number;
  }): { readonly taskId: TaskId; readonly position: number }[] {
    return this.#open.all(query.endpointId, query.after, query.limit)
      .map(([position, taskId]) => ({ taskId, position }));
  }

  #one(transaction: Transaction, taskId: TaskId, row: Row, at: number): Cancellation {
    const [taskRow, , delivery, , endpointId] = row;
    if (delivery === null) return { kind: "finished", taskId };
    if (delivery === 0) {
      this.#end(transaction, row, at);
      return { kind: "cancelled", taskId };
    }
    this.#remember.run(taskRow);
    return { kind: "requested", taskId, endpointId };
  }

  #end(transaction: Transaction, row: Row, at: number): void {
    const [taskRow, , , attempt] = row;
    const end = { state: "cancelled", error: CANCELLED, at } as const;
    this.#finisher.byService(transaction, { taskRow, attempt }, end);
  }
}

export function unknownTask(taskId: TaskId): FuncxError {
  return new FuncxError({
    code: "TASK_NOT_FOUND",
    message: `there is no task ${taskId} of yours`,
    hint: "List your tasks with: funcx-endpoint task list",
  });
}
