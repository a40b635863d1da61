/**
 * Payloads of tasks for another run. Those of finished tasks stay when they are small. Blobs do not
 * stay for their sake: they may be large, and count against their owner's quota.
 */
import { payloadReferences } from "../../../contract/blob_reference.ts";
import type { TaskId } from "../../../contract/ids.ts";
import type { TaskOptions } from "../../../contract/protocol/messages.ts";
import { isTerminal, type TaskState } from "../../../contract/task_state.ts";
import type { TaskInput } from "../store.ts";
import type { LibsqlBlobs } from "./blobs.ts";
import type { Engine } from "./engine.ts";
import { fromJson, Query } from "./query.ts";

type InputRow = [
  ownerRow: number,
  state: TaskState,
  functionId: string,
  endpointId: string,
  options: string | null,
  payload: Uint8Array | null,
];

const decoder = new TextDecoder();

export class TaskInputs {
  readonly #engine: Engine;
  readonly #blobs: LibsqlBlobs;
  readonly #find: Query<InputRow>;

  constructor(engine: Engine, blobs: LibsqlBlobs) {
    this.#engine = engine;
    this.#blobs = blobs;
    this.#find = new Query(
      engine.connection,
      `SELECT t.owner_row, t.state, f.function_id, e.endpoint_id, s.options,
         coalesce(t.payload, p.payload)
       FROM tasks t JOIN functions f USING (function_row) JOIN endpoints e USING (endpoint_row)
         JOIN submissions s USING (submission_row) LEFT JOIN large_payloads p USING (task_row)
       WHERE t.task_id = ?`,
    );
  }

  /** See `TaskStore.input`. */
  of(taskId: TaskId): TaskInput | undefined {
    const row = this.#find.get(taskId);
    if (row === undefined) return undefined;
    const [ownerRow, state, functionId, endpointId, options, payload] = row;
    const owner = this.#engine.userName(ownerRow);
    const text = payload === null ? null : decoder.decode(payload);
    // What an unfinished task refers to is there.
    const isWhole = text !== null && (!isTerminal(state) ||
      this.#blobs.obstacle(owner, payloadReferences(text)) === undefined);
    return {
      owner,
      functionId,
      endpointId,
      options: fromJson<TaskOptions>(options) ?? {},
      payload: isWhole ? text : null,
    };
  }
}
