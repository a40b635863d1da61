/**
 * What the portal shows.
 *
 * - `task_groups` counts its tasks, so that a list of groups does not. `tasks` are those that are kept,
 *   finished or not.
 * - The payload of a finished task stays when it is small, for another run; a large one that stays
 *   ends with its task by a trigger.
 * - Tasks that failed are few and looked for; an index of them alone costs the others nothing.
 * - `endpoint_minutes` has what an endpoint did within a minute, for each in which anything ended or
 *   its load changed. `workers`, `busy_workers` and `queued_tasks` are means, null while it was
 *   offline; `level` is a JSON array of the three as they were at the end of the minute and stay until
 *   the next row. `durations` is a JSON array of buckets and counts (`history/durations.ts`). A minute
 *   in which the service was started again has two rows.
 * - `service_runs` says when the service ran: what was not measured is not known to have stayed.
 */
export const overview = `
ALTER TABLE task_groups ADD COLUMN tasks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task_groups ADD COLUMN success INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task_groups ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task_groups ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task_groups ADD COLUMN last_completed_at REAL;
UPDATE task_groups SET (tasks, success, failed, cancelled, last_completed_at) =
  (SELECT count(*), count(*) FILTER (WHERE state = 'success'),
     count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'cancelled'),
     max(completed_at)
   FROM tasks t WHERE t.group_row = task_groups.group_row);
CREATE INDEX task_groups_by_owner ON task_groups (owner_row, group_row);

CREATE TRIGGER large_payload_ends_with_task AFTER DELETE ON tasks WHEN OLD.payload IS NULL BEGIN
  DELETE FROM large_payloads WHERE task_row = OLD.task_row;
END;

CREATE INDEX tasks_failed ON tasks (owner_row, task_row) WHERE state = 'failed';
CREATE INDEX tasks_cancelled ON tasks (owner_row, task_row) WHERE state = 'cancelled';

CREATE TABLE endpoint_minutes (
  minute_row INTEGER PRIMARY KEY,
  endpoint_row INTEGER NOT NULL,
  minute INTEGER NOT NULL,
  succeeded INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  cancelled INTEGER NOT NULL,
  durations TEXT,
  workers REAL,
  busy_workers REAL,
  queued_tasks REAL,
  level TEXT
);
CREATE INDEX endpoint_minutes_by_endpoint ON endpoint_minutes (endpoint_row, minute);

CREATE TABLE service_runs (
  run_row INTEGER PRIMARY KEY,
  first_minute INTEGER NOT NULL,
  last_minute INTEGER NOT NULL
);
`;
