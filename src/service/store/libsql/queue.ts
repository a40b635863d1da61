/** The queue: what the hub takes from the store for an endpoint, and what it brings back. */
import { withFunctionPython } from "../../../contract/client_versions.ts";
import type { EndpointId, FunctionId, SpoolId, TaskId, UserId } from "../../../contract/ids.ts";
import type { ResultMessage, TaskOptions } from "../../../contract/protocol/messages.ts";
import type { TaskEvent } from "../../../contract/task_state.ts";
import type { Cancellation, HeldTask, JsonObject, QueuedTask, QueueStore } from "../store.ts";
import type { Cancellations } from "./cancellations.ts";
import type { EndpointTasks } from "./endpoint_tasks.ts";
import type { Engine } from "./engine.ts";
import type { LiveProgress } from "./live_progress.ts";
import { Command, fromJson, Query, toJson } from "./query.ts";
import { SentTasks } from "./sent_tasks.ts";
import type { TaskFinisher } from "./task_finisher.ts";
import type { TaskRow } from "./task_rows.ts";
import { WaitingTasks } from "./waiting_tasks.ts";

export class LibsqlQueue implements QueueStore {
  readonly #engine: Engine;
  readonly #live: LiveProgress;
  readonly #finisher: TaskFinisher;
  readonly #endpointTasks: EndpointTasks;
  readonly #cancellations: Cancellations;
  readonly #endpoint: Query<[endpointRow: number, spoolId: string | null]>;
  /** Endpoints that were asked for; their rows stay, also of deleted ones. */
  readonly #endpointRows = new Map<EndpointId, number>();
  readonly #begin: Command;
  readonly #spool: Command;
  readonly #waiting: WaitingTasks;
  readonly #sent: SentTasks;
  readonly #largePayload: Query<[Uint8Array]>;
  readonly #options: Query<[options: string | null]>;
  readonly #function: Query<[functionId: string, metadata: string | null]>;
  readonly #groupId: Query<[string]>;
  readonly #code: Query<[functionId: string, code: Uint8Array]>;

  constructor(
    engine: Engine,
    parts: {
      readonly live: LiveProgress;
      readonly finisher: TaskFinisher;
      readonly endpointTasks: EndpointTasks;
      readonly cancellations: Cancellations;
    },
  ) {
    const { connection } = engine;
    this.#engine = engine;
    this.#live = parts.live;
    this.#finisher = parts.finisher;
    this.#endpointTasks = parts.endpointTasks;
    this.#cancellations = parts.cancellations;
    this.#endpoint = new Query(
      connection,
      "SELECT endpoint_row, spool_id FROM endpoints WHERE endpoint_id = ?",
    );
    this.#begin = new Command(
      connection,
      `UPDATE endpoints SET hostname = ?, software_version = ?, runtimes = ?, last_seen = ?
       WHERE endpoint_row = ?`,
    );
    this.#spool = new Command(
      connection,
      "UPDATE endpoints SET spool_id = ? WHERE endpoint_row = ?",
    );
    this.#waiting = new WaitingTasks(connection);
    this.#sent = new SentTasks(connection);
    this.#largePayload = new Query(
      connection,
      "SELECT payload FROM large_payloads WHERE task_row = ?",
    );
    this.#options = new Query(
      connection,
      "SELECT options FROM submissions WHERE submission_row = ?",
    );
    this.#function = new Query(
      connection,
      "SELECT function_id, metadata FROM functions WHERE function_row = ?",
    );
    this.#groupId = new Query(connection, "SELECT group_id FROM task_groups WHERE group_row = ?");
    this.#code = new Query(
      connection,
      `SELECT f.function_id, c.code FROM functions f JOIN function_codes c USING (function_row)
       WHERE f.function_id IN (SELECT value FROM json_each(?))`,
    );
  }

  async connected(session: {
    readonly endpointId: EndpointId;
    readonly spoolId: SpoolId;
    readonly hostname: string;
    readonly softwareVersion: string;
    readonly runtimes: readonly string[];
    readonly at: number;
  }): Promise<{ readonly requeued: number; readonly failed: number }> {
    const { endpointId, spoolId, hostname, softwareVersion, runtimes, at } = session;
    await this.#live.flush();
    const [endpointRow, lastSpool] = this.#endpoint.get(endpointId) ?? [-1, null];
    const moved = lastSpool === null || lastSpool === spoolId
      ? { requeued: 0, failed: 0 }
      : await this.#endpointTasks.spoolLost(endpointRow, at);
    await this.#engine.write((transaction) => {
      this.#begin.run(hostname, softwareVersion, toJson(runtimes), at, endpointRow);
      // Last, so that a crash before leaves the rest of the lost tasks to the next session.
      if (lastSpool !== spoolId) this.#spool.run(spoolId, endpointRow);
      transaction.afterCommit(() => this.#engine.changes.endpointChanged(endpointId));
    });
    this.#engine.changes.moved(endpointId);
    return moved;
  }

  async claim(query: {
    readonly endpointId: EndpointId;
    readonly limit: number;
    readonly maximumBytes: number;
  }): Promise<readonly QueuedTask[]> {
    const { endpointId, limit, maximumBytes } = query;
    const endpointRow = this.#rowOf(endpointId);
    if (!this.#waiting.any(endpointRow)) return [];
    return await this.#engine.writeNow(() =>
      this.#tasksOf(this.#waiting.take(endpointRow, limit, maximumBytes))
    );
  }

  sent(query: {
    readonly endpointId: EndpointId;
    readonly after: number;
    readonly limit: number;
    readonly maximumBytes: number;
  }): Promise<readonly QueuedTask[]> {
    const endpointRow = this.#rowOf(query.endpointId);
    const { after, limit, maximumBytes } = query;
    return this.#engine.onDisk(
      this.#tasksOf(this.#sent.after(endpointRow, after, limit, maximumBytes)),
    );
  }

  sentAt(query: {
    readonly endpointId: EndpointId;
    readonly positions: readonly number[];
    readonly maximumBytes: number;
  }): Promise<readonly QueuedTask[]> {
    const endpointRow = this.#rowOf(query.endpointId);
    const { positions, maximumBytes } = query;
    return this.#engine.onDisk(this.#tasksOf(this.#sent.at(endpointRow, positions, maximumBytes)));
  }

  async release(endpointId: EndpointId, positions: readonly number[]): Promise<void> {
    await this.#live.flush();
    await this.#endpointTasks.release(this.#rowOf(endpointId), positions, Date.now());
    this.#engine.changes.moved(endpointId);
  }

  held(query: {
    readonly endpointId: EndpointId;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly HeldTask[]> {
    const endpointRow = this.#rowOf(query.endpointId);
    const rows = this.#endpointTasks.held(endpointRow, query.after, query.limit);
    const options = this.#optionsOfPage();
    return Promise.resolve(rows.map(([position, taskId, ownerRow, submissionRow]) => ({
      position,
      taskId,
      owner: this.#engine.userName(ownerRow),
      options: options(submissionRow),
    })));
  }

  async missing(
    endpointId: EndpointId,
    taskIds: readonly TaskId[],
    at: number,
  ): Promise<{ readonly requeued: number; readonly failed: number }> {
    if (taskIds.length === 0) return { requeued: 0, failed: 0 };
    await this.#live.flush();
    const endpointRow = this.#rowOf(endpointId);
    const missing = await this.#endpointTasks.missing(endpointRow, taskIds, at);
    this.#engine.changes.moved(endpointId);
    return missing;
  }

  codes(functionIds: readonly FunctionId[]): Promise<ReadonlyMap<FunctionId, Uint8Array>> {
    return Promise.resolve(new Map(this.#code.all(JSON.stringify(functionIds))));
  }

  accepted(endpointId: EndpointId, taskIds: readonly TaskId[], at: number): void {
    for (const taskId of taskIds) this.#live.accepted(endpointId, taskId, at);
    this.#engine.changes.moved(endpointId);
  }

  progressed(
    endpointId: EndpointId,
    events: readonly { readonly task_id: TaskId; readonly event: TaskEvent }[],
  ): void {
    for (const { task_id, event } of events) this.#live.progressed(endpointId, task_id, event);
    this.#engine.changes.moved(endpointId);
  }

  async finished(
    endpointId: EndpointId,
    results: readonly ResultMessage[],
    at: number,
  ): Promise<void> {
    const endpointRow = this.#rowOf(endpointId);
    const taskIds = results.map(({ task_id }) => task_id);
    this.#live.finishing(endpointId, taskIds);
    try {
      await this.#engine.write((transaction) => {
        this.#finisher.reported(transaction, endpointRow, results, at);
      });
      this.#live.finished(endpointId, taskIds);
    } catch (thrown) {
      this.#live.unfinished(endpointId, taskIds);
      throw thrown;
    }
  }

  cancel(
    owner: UserId,
    taskIds: readonly TaskId[],
    at: number,
  ): Promise<readonly Cancellation[]> {
    return this.#cancellations.request(owner, taskIds, at);
  }

  cancelRequests(query: {
    readonly endpointId: EndpointId;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly { readonly taskId: TaskId; readonly position: number }[]> {
    return Promise.resolve(this.#cancellations.open(query));
  }

  /** -1 for an endpoint that does not exist, which has no tasks. */
  #rowOf(endpointId: EndpointId): number {
    const known = this.#endpointRows.get(endpointId);
    if (known !== undefined) return known;
    const found = this.#endpoint.get(endpointId)?.[0];
    if (found !== undefined) this.#endpointRows.set(endpointId, found);
    return found ?? -1;
  }

  /** Of submissions. */
  #optionsOfPage(): (submissionRow: number) => TaskOptions {
    return memo((row) => fromJson<TaskOptions>(this.#options.get(row)?.[0] ?? null) ?? {});
  }

  #tasksOf(rows: readonly TaskRow[]): QueuedTask[] {
    const options = this.#optionsOfPage();
    const functions = memo((row) => {
      const [id, metadata] = this.#function.get(row)!;
      return { id, metadata: fromJson<JsonObject>(metadata) };
    });
    const groupId = memo((row) => this.#groupId.get(row)![0]);
    return rows.map((row) => ({
      position: row[0],
      taskId: row[1],
      options: optionsWith(options(row[2]), functions(row[3]).metadata),
      functionId: functions(row[3]).id,
      taskGroupId: groupId(row[4]),
      owner: this.#engine.userName(row[5]),
      attemptsMade: row[6],
      cancelRequested: row[7] === 1,
      payload: row[9] ?? this.#largePayload.get(row[0])![0],
    }));
  }
}

/** One submit may have functions of several Pythons, so this is not kept with its options. */
function optionsWith(options: TaskOptions, metadata: JsonObject | null): TaskOptions {
  const client = withFunctionPython(options.client, metadata);
  return client === options.client ? options : { ...options, client };
}

/** Remembers the answers for one page, whose tasks mostly belong together. */
function memo<T>(find: (row: number) => T): (row: number) => T {
  const known = new Map<number, T>();
  return (row) => {
    if (!known.has(row)) known.set(row, find(row));
    return known.get(row)!;
  };
}
