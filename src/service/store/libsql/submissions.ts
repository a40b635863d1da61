/** Submits: all tasks of a request, its group and its idempotency key in one write. */
import { type ErrorCode, FuncxError } from "../../../contract/errors.ts";
import { newId } from "../../../contract/ids.ts";
import { DEFAULT_MAX_ATTEMPTS, DEFAULT_PRIORITY } from "../../../contract/limits.ts";
import type { TaskEvent } from "../../../contract/task_state.ts";
import type { SubmitReceipt, SubmitRequest } from "../store.ts";
import type { LibsqlBlobs } from "./blobs.ts";
import type { Engine } from "./engine.ts";
import { NewTasks } from "./new_tasks.ts";
import { Query } from "./query.ts";
import { writeEvents } from "./timeline.ts";
import type { Transaction } from "./transaction.ts";

type KnownSubmission = [
  requestId: string,
  groupId: string,
  digest: Uint8Array,
  firstTaskRow: number,
  batches: string,
];

/** Where a submit's tasks belong, found before anything is written. */
interface Target {
  readonly endpointRow: number;
  readonly functionRows: readonly number[];
  readonly group: { readonly row: number; readonly ownerRow: number } | undefined;
}

interface Submission {
  readonly submissionRow: number;
  readonly ownerRow: number;
  readonly groupRow: number;
  readonly endpointRow: number;
}

export class Submissions {
  readonly #engine: Engine;
  readonly #blobs: LibsqlBlobs;
  readonly #byKey: Query<KnownSubmission>;
  readonly #taskIds: Query<[string]>;
  readonly #endpoint: Query<[number]>;
  readonly #function: Query<[number]>;
  readonly #group: Query<[groupRow: number, ownerRow: number]>;
  readonly #addGroup: Query<[number]>;
  readonly #add: Query<[number]>;
  readonly #newTasks: NewTasks;

  constructor(engine: Engine, blobs: LibsqlBlobs) {
    const { connection } = engine;
    this.#engine = engine;
    this.#blobs = blobs;
    this.#byKey = new Query(
      connection,
      `SELECT s.request_id, g.group_id, s.digest, s.first_task_row, s.batches
       FROM submissions s JOIN task_groups g USING (group_row)
       WHERE s.owner_row = ? AND s.idempotency_key = ?`,
    );
    this.#taskIds = new Query(
      connection,
      "SELECT task_id FROM tasks WHERE task_row >= ? AND task_row < ? ORDER BY task_row",
    );
    this.#endpoint = new Query(
      connection,
      "SELECT endpoint_row FROM endpoints WHERE endpoint_id = ? AND deleted_at IS NULL",
    );
    this.#function = new Query(
      connection,
      "SELECT function_row FROM functions WHERE function_id = ? AND deleted_at IS NULL",
    );
    this.#group = new Query(
      connection,
      "SELECT group_row, owner_row FROM task_groups WHERE group_id = ?",
    );
    this.#addGroup = new Query(
      connection,
      `INSERT INTO task_groups (group_id, owner_row, created_at, tasks) VALUES (?, ?, ?, ?)
       RETURNING group_row`,
    );
    this.#add = new Query(
      connection,
      `INSERT INTO submissions (request_id, owner_row, group_row, options, first_task_row,
         task_count, batches, idempotency_key, digest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING submission_row`,
    );
    this.#newTasks = new NewTasks(connection);
  }

  /** See `TaskStore.submit`. */
  submit(request: SubmitRequest): Promise<SubmitReceipt> {
    return this.#engine.write((transaction) => {
      const repeated = this.#repeated(request);
      if (repeated !== undefined) return repeated;
      const target = this.#target(request);
      if (target instanceof FuncxError) return target;
      return this.#insert(transaction, request, target);
    });
  }

  #repeated(request: SubmitRequest): SubmitReceipt | FuncxError | undefined {
    if (request.idempotency === undefined) return undefined;
    const { key, digest } = request.idempotency;
    const ownerRow = this.#engine.findUser(request.owner);
    const known = ownerRow === undefined ? undefined : this.#byKey.get(ownerRow, key);
    if (known === undefined) return undefined;
    const [requestId, taskGroupId, knownDigest, firstRow, batches] = known;
    if (!sameBytes(digest, knownDigest)) {
      return refusal(
        "RESOURCE_CONFLICT",
        "the idempotency key came with another request before",
        "Use a new key for each request; repeat a request only as it was.",
      );
    }
    let row = firstRow;
    const tasks = (JSON.parse(batches) as [functionId: string, count: number][])
      .map(([functionId, count]) => {
        const taskIds = this.#taskIds.all(row, row + count).map(([taskId]) => taskId);
        row += count;
        return { functionId, taskIds };
      });
    return { requestId, taskGroupId, tasks, repeated: true };
  }

  #target(request: SubmitRequest): Target | FuncxError {
    const endpoint = this.#endpoint.get(request.endpointId);
    if (endpoint === undefined) {
      return refusal("ENDPOINT_NOT_FOUND", `there is no endpoint ${request.endpointId}`);
    }
    const functionRows: number[] = [];
    for (const { functionId } of request.tasks) {
      const found = this.#function.get(functionId);
      if (found === undefined) {
        return refusal("FUNCTION_NOT_FOUND", `there is no function ${functionId}`);
      }
      functionRows.push(found[0]);
    }
    const { taskGroupId, owner, references } = request;
    const obstacle = references && this.#blobs.obstacle(owner, [...references.values()].flat());
    if (obstacle !== undefined) return obstacle;
    const group = taskGroupId === null ? undefined : this.#group.get(taskGroupId);
    if (group !== undefined && group[1] !== this.#engine.findUser(owner)) {
      return refusal(
        "TASK_GROUP_ACCESS_FORBIDDEN",
        `task group ${taskGroupId} belongs to another user`,
        "Leave the task group out to get a new one.",
      );
    }
    return {
      endpointRow: endpoint[0],
      functionRows,
      group: group === undefined ? undefined : { row: group[0], ownerRow: group[1] },
    };
  }

  #insert(transaction: Transaction, request: SubmitRequest, target: Target): SubmitReceipt {
    const { endpointRow } = target;
    const ownerRow = this.#engine.userRow(transaction, request.owner);
    const taskGroupId = request.taskGroupId ?? newId();
    const count = request.tasks.reduce((sum, { payloads }) => sum + payloads.length, 0);
    const groupRow = target.group?.row ??
      this.#addGroup.get(taskGroupId, ownerRow, request.at, count)![0];
    if (target.group !== undefined) transaction.grown(groupRow, count);
    const first = transaction.takeTaskRows(count);
    if (request.queued !== undefined) transaction.afterCommit(() => request.queued!(first));
    const requestId = newId();
    const added = this.#add.get(
      requestId,
      ownerRow,
      groupRow,
      Object.keys(request.options).length === 0 ? null : JSON.stringify(request.options),
      first,
      count,
      request.idempotency === undefined ? null : batchesOf(request),
      request.idempotency?.key ?? null,
      request.idempotency?.digest ?? null,
    );
    const submission = { submissionRow: added![0], ownerRow, groupRow, endpointRow };
    transaction.submitted(ownerRow, endpointRow, count);
    const tasks = this.#insertTasks(request, submission, target.functionRows, first);
    for (const [index, references] of request.references ?? []) {
      const task = { taskRow: first + index, ownerRow, at: request.at };
      this.#blobs.use(transaction, task, references);
    }
    return { requestId, taskGroupId, tasks, repeated: false };
  }

  #insertTasks(
    request: SubmitRequest,
    submission: Submission,
    functionRows: readonly number[],
    first: number,
  ): SubmitReceipt["tasks"] {
    const { state, at, options } = request;
    // An endpoint that can take it at once gets it without another write: it may be sent any time.
    const delivery = state === "received" ? 1 : 0;
    const maxAttempts = options.max_attempts ?? DEFAULT_MAX_ATTEMPTS;
    const priority = options.priority ?? DEFAULT_PRIORITY;
    const timeline = state === "received" ? null : writeEvents([waiting(at)]);
    const common = {
      ...submission,
      state,
      delivery,
      priority,
      maxAttempts,
      createdAt: at,
      timeline,
    };
    let row = first;
    return request.tasks.map(({ functionId, payloads }, index) => {
      const batch = { functionRow: functionRows[index]!, payloads };
      const taskIds = this.#newTasks.insert(row, batch, common);
      row += taskIds.length;
      return { functionId, taskIds };
    });
  }
}

function waiting(at: number): TaskEvent {
  return { state: "waiting-for-ep", at, by: "service", attempt: 0 };
}

/** What a repeated request needs to be answered as it was at first. */
function batchesOf(request: SubmitRequest): string {
  return JSON.stringify(
    request.tasks.map(({ functionId, payloads }) => [functionId, payloads.length]),
  );
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function refusal(code: ErrorCode, message: string, hint?: string): FuncxError {
  return new FuncxError({ code, message, ...(hint === undefined ? {} : { hint }) });
}
