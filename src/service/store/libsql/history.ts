import type { EndpointId } from "../../../contract/ids.ts";
import type { EndpointMinute, HistoryStore, Load, MinuteSpan } from "../store.ts";
import type { Engine } from "./engine.ts";
import { BulkInsert, Command, fromJson, Query, toJson } from "./query.ts";

type MinuteRow = [
  minute: number,
  succeeded: number,
  failed: number,
  cancelled: number,
  durations: string | null,
  workers: number | null,
  busyWorkers: number | null,
  queuedTasks: number | null,
  level: string | null,
];

const COLUMNS = `minute, succeeded, failed, cancelled, durations, workers, busy_workers,
  queued_tasks, level`;

/** Two days. */
const KEPT_MINUTES = 2_880;
/** About 100 MB; with more the oldest go before their time. */
const MAXIMUM_ROWS = 1_000_000;
/** Rows that one transaction writes. */
const PORTION = 500;
/** Old rows that are deleted with each minute at most, more than a minute brings. */
const DELETED = 12_000;

export class LibsqlHistory implements HistoryStore {
  readonly #engine: Engine;
  readonly #begin: Query<[runRow: number]>;
  readonly #measure: Command;
  readonly #endpoint: Query<[endpointRow: number]>;
  readonly #add: BulkInsert;
  readonly #deleteOld: Command;
  readonly #deleteRuns: Command;
  readonly #minutes: Query<MinuteRow>;
  readonly #runs: Query<[first: number, last: number]>;
  readonly #ends: Query<[endpointId: string, minute: number, count: number]>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#begin = new Query(
      connection,
      `INSERT INTO service_runs (first_minute, last_minute) VALUES (?1, ?1 - 1) RETURNING run_row`,
    );
    this.#measure = new Command(
      connection,
      "UPDATE service_runs SET last_minute = max(last_minute, ?) WHERE run_row = ?",
    );
    this.#endpoint = new Query(
      connection,
      "SELECT endpoint_row FROM endpoints WHERE endpoint_id = ?",
    );
    this.#add = new BulkInsert(
      connection,
      `INSERT INTO endpoint_minutes (endpoint_row, ${COLUMNS})`,
      "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#deleteOld = new Command(
      connection,
      `DELETE FROM endpoint_minutes WHERE minute_row IN (
         SELECT minute_row FROM (SELECT minute_row, minute FROM endpoint_minutes
           ORDER BY minute_row LIMIT ${DELETED})
         WHERE minute < ?
           OR minute_row <= (SELECT max(minute_row) FROM endpoint_minutes) - ${MAXIMUM_ROWS})`,
    );
    this.#deleteRuns = new Command(connection, "DELETE FROM service_runs WHERE last_minute < ?");
    this.#minutes = new Query(
      connection,
      `SELECT ${COLUMNS} FROM endpoint_minutes
       WHERE endpoint_row = ?1 AND minute <= ?3 AND minute >= coalesce(
         (SELECT max(minute) FROM endpoint_minutes WHERE endpoint_row = ?1 AND minute < ?2), ?2)
       ORDER BY minute, minute_row`,
    );
    this.#runs = new Query(
      connection,
      `SELECT first_minute, last_minute FROM service_runs
       WHERE first_minute <= ? AND last_minute >= ? ORDER BY first_minute`,
    );
    this.#ends = new Query(
      connection,
      `SELECT e.endpoint_id, m.minute, m.succeeded + m.failed + m.cancelled
       FROM endpoints e JOIN endpoint_minutes m USING (endpoint_row)
       WHERE e.deleted_at IS NULL AND m.minute >= ?`,
    );
  }

  begin(first: number): Promise<number> {
    return this.#engine.write(() => this.#begin.get(first)![0]);
  }

  async append(
    run: number,
    minute: number,
    rows: Parameters<HistoryStore["append"]>[2],
  ): Promise<void> {
    for (let start = 0; start < rows.length; start += PORTION) {
      const portion = rows.slice(start, start + PORTION);
      await this.#engine.write(() => this.#add.run(portion.flatMap((one) => this.#valuesOf(one))));
    }
    await this.#engine.write(() => {
      this.#measure.run(minute, run);
      this.#deleteOld.run(minute - KEPT_MINUTES);
      this.#deleteRuns.run(minute - KEPT_MINUTES);
    });
  }

  minutes(
    endpointId: EndpointId,
    { first, last }: MinuteSpan,
  ): Promise<readonly EndpointMinute[]> {
    const endpointRow = this.#endpoint.get(endpointId)?.[0] ?? -1;
    return Promise.resolve(this.#minutes.all(endpointRow, first, last).map(minuteOf));
  }

  measured({ first, last }: MinuteSpan): Promise<readonly MinuteSpan[]> {
    return Promise.resolve(this.#runs.all(last, first).map(([first, last]) => ({ first, last })));
  }

  ends(first: number): ReturnType<HistoryStore["ends"]> {
    return Promise.resolve(
      this.#ends.all(first).map(([endpointId, minute, count]) => ({ endpointId, minute, count })),
    );
  }

  /** None for an endpoint that is gone. */
  #valuesOf(
    { endpointId, row }: { readonly endpointId: EndpointId; readonly row: EndpointMinute },
  ): [endpointRow: number, ...MinuteRow][] {
    const endpointRow = this.#endpoint.get(endpointId)?.[0];
    if (endpointRow === undefined) return [];
    const { minute, succeeded, failed, cancelled, durations, mean, level } = row;
    return [[
      endpointRow,
      ...[minute, succeeded, failed, cancelled] as const,
      durations.length === 0 ? null : toJson(durations),
      ...[mean?.workers ?? null, mean?.busyWorkers ?? null, mean?.queuedTasks ?? null] as const,
      level === null ? null : toJson([level.workers, level.busyWorkers, level.queuedTasks]),
    ]];
  }
}

function minuteOf(row: MinuteRow): EndpointMinute {
  const [minute, succeeded, failed, cancelled, durations, ...load] = row;
  return {
    minute,
    succeeded,
    failed,
    cancelled,
    durations: fromJson<number[]>(durations) ?? [],
    mean: loadOf(load.slice(0, 3) as (number | null)[]),
    level: loadOf(fromJson<number[]>(load[3]) ?? [null]),
  };
}

function loadOf([workers, busyWorkers, queuedTasks]: readonly (number | null)[]): Load | null {
  if (typeof workers !== "number") return null;
  return { workers, busyWorkers: busyWorkers ?? 0, queuedTasks: queuedTasks ?? 0 };
}
