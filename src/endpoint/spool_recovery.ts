/**
 * What an agent that starts has to know of its spool. Waiting tasks are only counted, along the
 * index of lanes: their rows are read when they have their turn.
 */
import type { RecoveredWork } from "../contract/control.ts";
import type { Connection } from "../lib/database.ts";
import { logger } from "../lib/log.ts";
import { RECORD, spooledTask, type TaskRow, UNFINISHED } from "./spool_rows.ts";
import type { RecoveredLane, Recovery } from "./table_events.ts";

const log = logger("agent", "spool");

/** The left table of a CROSS JOIN is the outer one, so only the begun part of each lane is read. */
const BEGUN = `
  SELECT ${RECORD}, payload, again
  FROM lanes CROSS JOIN tasks ON tasks.lane = lanes.lane AND tasks.seq <= lanes.begun_through
  WHERE ${UNFINISHED} ORDER BY tasks.seq`;

const LANES = `
  SELECT lane, owner, task_group, priority, begun_through, (
    SELECT count(*) FROM tasks
    WHERE tasks.lane = lanes.lane AND tasks.seq > lanes.begun_through AND ${UNFINISHED}
  ) AS waiting
  FROM lanes ORDER BY lane`;

const LAST = `
  SELECT
    max(coalesce((SELECT max(seq) FROM tasks), 0), coalesce(max(begun_through), 0)) AS seq,
    max(coalesce((SELECT max(lane) FROM tasks), 0), coalesce(max(lane), 0)) AS lane
  FROM lanes`;

interface LaneRow {
  readonly lane: number;
  readonly owner: string;
  readonly task_group: string | null;
  readonly priority: number;
  readonly begun_through: number;
  readonly waiting: number;
}

export function recover(connection: Connection, at: number): Recovery {
  const begun = connection.prepare(BEGUN).all() as (TaskRow & { readonly again: number })[];
  const last = connection.prepare(LAST).get() as { seq: number; lane: number };
  return {
    at,
    lastSeq: last.seq,
    lastLane: last.lane,
    lanes: (connection.prepare(LANES).all() as LaneRow[]).map(recoveredLane),
    begun: begun.filter(({ again }) => again !== 1).map(spooledTask),
    again: begun.filter(({ again }) => again === 1).map(spooledTask),
  };
}

function recoveredLane(row: LaneRow): RecoveredLane {
  return {
    lane: row.lane,
    owner: row.owner,
    group: row.task_group,
    priority: row.priority,
    begunThrough: row.begun_through,
    waiting: row.waiting,
  };
}

/** What an earlier agent has left on disk. */
export function recoveredWork({ lanes, begun, again }: Recovery, results: number): RecoveredWork {
  return {
    waiting_tasks: lanes.reduce((sum, { waiting }) => sum + waiting, 0),
    interrupted_tasks: begun.length + again.length,
    results,
  };
}

/** A first start has nothing to tell. */
export function tellOfRecovery(work: RecoveredWork): void {
  if (work.waiting_tasks + work.interrupted_tasks + work.results === 0) return;
  log.info(
    "recovered {waiting_tasks} tasks that wait, {interrupted_tasks} that were interrupted, " +
      "and {results} results",
    { ...work },
  );
}
