/** Blobs and who refers to them. The triggers of the migration keep counts and totals. */
import type { BlobReference } from "../../../contract/blob_reference.ts";
import { type ErrorCode, FuncxError } from "../../../contract/errors.ts";
import type { EndpointId, TaskId, UserId } from "../../../contract/ids.ts";
import { canMove, TASK_STATES } from "../../../contract/task_state.ts";
import type { BlobStore, NewBlob, StoredBlob } from "../blob_store.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";
import type { Transaction } from "./transaction.ts";

type BlobRow = [
  blobRow: number,
  ownerRow: number,
  sha256: string,
  size: number,
  complete: number,
];

const COLUMNS = "b.blob_row, b.owner_row, b.sha256, b.size, b.complete";
const UNFINISHED = TASK_STATES.filter((state) => canMove(state, "success"))
  .map((state) => `'${state}'`).join(", ");

const ROLE = { argument: 0, result: 1, coming: 2 } as const;

export class LibsqlBlobs implements BlobStore {
  readonly #engine: Engine;
  readonly #find: Query<BlobRow>;
  readonly #ofTask: Query<BlobRow>;
  readonly #task: Query<[taskRow: number, ownerRow: number]>;
  readonly #total: Query<[number]>;
  readonly #add: Query<BlobRow>;
  readonly #update: Command;
  readonly #remove: Command;
  readonly #use: Command;
  readonly #released: Command;
  readonly #arrived: Command;
  readonly #sweepUses: Command;
  readonly #unused: Query<BlobRow>;
  readonly #all: Query<BlobRow>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#find = new Query(
      connection,
      `SELECT ${COLUMNS} FROM blobs b WHERE b.owner_row = ? AND b.sha256 = ?`,
    );
    this.#ofTask = new Query(
      connection,
      `SELECT ${COLUMNS} FROM tasks t JOIN endpoints e USING (endpoint_row)
         JOIN blob_uses u USING (task_row) JOIN blobs b USING (blob_row)
       WHERE t.task_id = ? AND e.endpoint_id = ? AND u.role = ${ROLE.argument} AND b.sha256 = ?`,
    );
    this.#task = new Query(
      connection,
      `SELECT t.task_row, t.owner_row FROM tasks t JOIN endpoints e USING (endpoint_row)
       WHERE t.task_id = ? AND e.endpoint_id = ? AND t.state IN (${UNFINISHED})`,
    );
    this.#total = new Query(connection, "SELECT bytes FROM blob_totals WHERE owner_row = ?");
    this.#add = new Query(
      connection,
      `INSERT INTO blobs (owner_row, sha256, size, complete, keep_until)
       VALUES (?, ?, ?, ?, ?)
       RETURNING blob_row, owner_row, sha256, size, complete`,
    );
    this.#update = new Command(
      connection,
      `UPDATE blobs SET complete = max(complete, ?), keep_until = max(keep_until, ?)
       WHERE blob_row = ?`,
    );
    this.#remove = new Command(connection, "DELETE FROM blobs WHERE blob_row = ?");
    this.#use = new Command(connection, "INSERT OR IGNORE INTO blob_uses VALUES (?, ?, ?)");
    this.#released = new Command(
      connection,
      "UPDATE blobs SET keep_until = min(keep_until, ?) WHERE blob_row = ?",
    );
    this.#arrived = new Command(
      connection,
      `UPDATE blob_uses SET role = ${ROLE.result}
       WHERE role = ${ROLE.coming}
         AND task_row = (SELECT task_row FROM tasks
           WHERE task_id = ? AND endpoint_row = ? AND state IN (${UNFINISHED}))
         AND blob_row IN
           (SELECT blob_row FROM blobs WHERE sha256 = ? AND size = ? AND complete = 1)`,
    );
    this.#sweepUses = new Command(
      connection,
      `DELETE FROM blob_uses WHERE role <> ${ROLE.result} AND NOT EXISTS (SELECT 1 FROM tasks t
         WHERE t.task_row = blob_uses.task_row AND t.state IN (${UNFINISHED}))`,
    );
    this.#unused = new Query(
      connection,
      `SELECT ${COLUMNS} FROM blobs b WHERE b.uses = 0 AND b.keep_until < ? LIMIT ?`,
    );
    this.#all = new Query(connection, `SELECT ${COLUMNS} FROM blobs b`);
  }

  // -- BlobStore ----------------------------------------------------------------------------------

  put(blob: NewBlob): Promise<StoredBlob> {
    return this.#engine.write((transaction) => {
      const task = blob.resultOf && this.#unfinished(blob.resultOf);
      if (blob.resultOf !== undefined && task === undefined) return noTask(blob.resultOf.taskId);
      const ownerRow = this.#engine.userRow(transaction, blob.owner);
      const stored = this.#putRow(ownerRow, blob);
      if (stored instanceof FuncxError) return stored;
      if (task !== undefined) this.#use.run(task[0], stored.blobRow, ROLE.coming);
      return stored;
    });
  }

  #putRow(ownerRow: number, blob: NewBlob): StoredBlob | FuncxError {
    const { sha256, size, complete, keepUntil, quota } = blob;
    const known = this.#find.get(ownerRow, sha256);
    if (known === undefined) {
      const total = this.#total.get(ownerRow)?.[0] ?? 0;
      if (total + size > quota) return overQuota(total, size, quota);
      return this.#stored(this.#add.get(ownerRow, sha256, size, complete ? 1 : 0, keepUntil)!);
    }
    if (known[3] !== size) return otherSize(sha256, known[3], size);
    this.#update.run(complete ? 1 : 0, keepUntil, known[0]);
    return { ...this.#stored(known), complete: complete || known[4] === 1 };
  }

  ownerRow(owner: UserId): Promise<number | undefined> {
    return Promise.resolve(this.#engine.findUser(owner));
  }

  find(owner: UserId, sha256: string): Promise<StoredBlob | undefined> {
    const ownerRow = this.#engine.findUser(owner);
    const row = ownerRow === undefined ? undefined : this.#find.get(ownerRow, sha256);
    return Promise.resolve(row && this.#stored(row));
  }

  ofTask(
    endpointId: EndpointId,
    taskId: TaskId,
    sha256: string,
  ): Promise<StoredBlob | undefined> {
    const row = this.#ofTask.get(taskId, endpointId, sha256);
    return Promise.resolve(row && this.#stored(row));
  }

  ownerOfTask(endpointId: EndpointId, taskId: TaskId): Promise<UserId | undefined> {
    const task = this.#unfinished({ endpointId, taskId });
    return Promise.resolve(task && this.#engine.userName(task[1]));
  }

  async complete(blobRow: number): Promise<void> {
    await this.#engine.write(() => this.#update.run(1, 0, blobRow));
  }

  takeUnused(at: number, limit: number): Promise<readonly StoredBlob[]> {
    return this.#engine.write(() => {
      this.#sweepUses.run();
      const rows = this.#unused.all(at, limit);
      for (const [blobRow] of rows) this.#remove.run(blobRow);
      return rows.map((row) => this.#stored(row));
    });
  }

  all(): Promise<readonly StoredBlob[]> {
    return Promise.resolve(this.#all.all().map((row) => this.#stored(row)));
  }

  // -- within the transactions of others ----------------------------------------------------------

  /** Why an owner may not refer to these; asked before anything is written. */
  obstacle(owner: UserId, references: Iterable<BlobReference>): FuncxError | undefined {
    const ownerRow = this.#engine.findUser(owner);
    for (const { sha256, size } of references) {
      const row = ownerRow === undefined ? undefined : this.#find.get(ownerRow, sha256);
      if (row === undefined || row[3] !== size || row[4] !== 1) return blobNotFound(sha256);
    }
    return undefined;
  }

  /** A new task has these as arguments. From now on they end with it. */
  use(
    _: Transaction,
    task: { readonly taskRow: number; readonly ownerRow: number; readonly at: number },
    references: readonly BlobReference[],
  ): void {
    for (const { sha256 } of references) {
      const [blobRow] = this.#find.get(task.ownerRow, sha256)!;
      this.#use.run(task.taskRow, blobRow, ROLE.argument);
      this.#released.run(task.at, blobRow);
    }
  }

  /** A result refers to a blob. Whether it was uploaded for this task, which has not finished. */
  arrived(
    _: Transaction,
    endpointRow: number,
    taskId: TaskId,
    { sha256, size }: BlobReference,
  ): boolean {
    return this.#arrived.run(taskId, endpointRow, sha256, size) > 0;
  }

  #stored([blobRow, ownerRow, sha256, size, complete]: BlobRow): StoredBlob {
    const owner = this.#engine.userName(ownerRow);
    return { blobRow, owner, ownerRow, sha256, size, complete: complete === 1 };
  }

  #unfinished(
    { endpointId, taskId }: { readonly endpointId: EndpointId; readonly taskId: TaskId },
  ): [taskRow: number, ownerRow: number] | undefined {
    return this.#task.get(taskId, endpointId);
  }
}

export function blobNotFound(sha256: string): FuncxError {
  return refusal(
    "BLOB_NOT_FOUND",
    `you have no blob ${sha256}`,
    "upload it first: POST /v3/blobs says how far an upload is",
  );
}

function noTask(taskId: TaskId): FuncxError {
  return refusal(
    "TASK_NOT_FOUND",
    `this endpoint has no unfinished task ${taskId}`,
    "its result is not needed any more",
  );
}

function overQuota(total: number, size: number, quota: number): FuncxError {
  return refusal(
    "BLOB_QUOTA_EXCEEDED",
    `your blobs take ${total} bytes and this one ${size} more; you may store ${quota}`,
    "wait until tasks that refer to large arguments have finished, or ask for more with " +
      "--blob-quota-bytes of the service",
  );
}

function otherSize(sha256: string, known: number, size: number): FuncxError {
  return refusal(
    "RESOURCE_CONFLICT",
    `blob ${sha256} has ${known} bytes, not ${size}`,
    "compute its SHA-256 and its size from the same bytes",
  );
}

function refusal(code: ErrorCode, message: string, hint: string): FuncxError {
  return new FuncxError({ code, message, hint });
}
