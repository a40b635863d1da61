/**
 * The first form of the database.
 *
 * - Rows refer to each other by whole numbers, which also give the order in which they were made.
 * - `tasks.delivery`: 0 waits for its endpoint, 1 may have been sent to it, 2 is on its disk; null
 *   once the task is finished. Only unfinished tasks are in the partial indexes, so a long history
 *   does not slow the queue.
 * - `tasks.timeline` and `tasks.progress` are JSON arrays without their brackets, so that events are
 *   appended without reading them: the service's own events, and those that the endpoint reported of
 *   the attempt that runs.
 * - A payload is kept until its task is finished. A large one has a row of its own, since an update
 *   of a task writes its whole row.
 * - `results.sequence` counts finished tasks of the whole store in the order of their commits.
 */
export const initial = `
CREATE TABLE store (
  service_id TEXT NOT NULL,
  created_at REAL NOT NULL
);

CREATE TABLE users (
  user_row INTEGER PRIMARY KEY,
  user TEXT NOT NULL UNIQUE
);

CREATE TABLE tokens (
  token_row INTEGER PRIMARY KEY,
  token_id TEXT NOT NULL UNIQUE,
  hash BLOB NOT NULL UNIQUE,
  user_row INTEGER NOT NULL REFERENCES users,
  label TEXT NOT NULL,
  scopes TEXT NOT NULL,
  endpoint_row INTEGER REFERENCES endpoints,
  created_at REAL NOT NULL,
  last_used_at REAL,
  expires_at REAL
);
CREATE INDEX tokens_by_user ON tokens (user_row, token_row);
CREATE INDEX tokens_by_endpoint ON tokens (endpoint_row) WHERE endpoint_row IS NOT NULL;

CREATE TABLE functions (
  function_row INTEGER PRIMARY KEY,
  function_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT,
  metadata TEXT,
  parameters TEXT,
  owner_row INTEGER NOT NULL REFERENCES users,
  public INTEGER NOT NULL,
  runtime TEXT NOT NULL,
  created_at REAL NOT NULL,
  deleted_at REAL
);
CREATE INDEX functions_by_owner ON functions (owner_row, function_row);
CREATE INDEX functions_by_name ON functions (name, function_row);

CREATE TABLE function_codes (
  function_row INTEGER PRIMARY KEY REFERENCES functions,
  code BLOB NOT NULL
);

CREATE TABLE endpoints (
  endpoint_row INTEGER PRIMARY KEY,
  endpoint_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  display_name TEXT,
  description TEXT,
  metadata TEXT,
  allowed_functions TEXT,
  owner_row INTEGER NOT NULL REFERENCES users,
  public INTEGER NOT NULL,
  created_at REAL NOT NULL,
  deleted_at REAL,
  last_seen REAL,
  hostname TEXT,
  software_version TEXT,
  runtimes TEXT,
  spool_id TEXT
);
CREATE INDEX endpoints_by_name ON endpoints (name, endpoint_row);

CREATE TABLE task_groups (
  group_row INTEGER PRIMARY KEY,
  group_id TEXT NOT NULL UNIQUE,
  owner_row INTEGER NOT NULL REFERENCES users,
  created_at REAL NOT NULL
);

CREATE TABLE submissions (
  submission_row INTEGER PRIMARY KEY,
  request_id TEXT NOT NULL,
  owner_row INTEGER NOT NULL,
  group_row INTEGER NOT NULL,
  options TEXT,
  first_task_row INTEGER NOT NULL,
  task_count INTEGER NOT NULL,
  batches TEXT,
  idempotency_key TEXT,
  digest BLOB
);
CREATE UNIQUE INDEX submissions_by_key ON submissions (owner_row, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

CREATE TABLE tasks (
  task_row INTEGER PRIMARY KEY,
  task_id TEXT NOT NULL UNIQUE,
  submission_row INTEGER NOT NULL,
  group_row INTEGER NOT NULL,
  function_row INTEGER NOT NULL,
  endpoint_row INTEGER NOT NULL,
  owner_row INTEGER NOT NULL,
  state TEXT NOT NULL,
  delivery INTEGER,
  cancel_requested INTEGER,
  attempts_made INTEGER NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL,
  created_at REAL NOT NULL,
  completed_at REAL,
  result_sequence INTEGER,
  timeline TEXT,
  progress TEXT,
  payload_bytes INTEGER NOT NULL,
  payload BLOB
);
CREATE INDEX tasks_to_send ON tasks (endpoint_row, task_row) WHERE delivery < 2;
CREATE INDEX tasks_held ON tasks (endpoint_row, task_row) WHERE delivery = 2;
CREATE INDEX tasks_to_cancel ON tasks (endpoint_row, task_row) WHERE cancel_requested = 1;
CREATE INDEX tasks_by_owner ON tasks (owner_row, task_row);
CREATE INDEX tasks_by_group ON tasks (group_row, task_row);

CREATE TABLE large_payloads (
  task_row INTEGER PRIMARY KEY,
  payload BLOB NOT NULL
);

CREATE TABLE results (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  task_row INTEGER NOT NULL,
  group_row INTEGER NOT NULL,
  result BLOB,
  error TEXT,
  stdout BLOB,
  stderr BLOB,
  timeline TEXT,
  details TEXT
);
CREATE INDEX results_by_group ON results (group_row, sequence);

CREATE TABLE task_counts (
  owner_row INTEGER NOT NULL,
  endpoint_row INTEGER NOT NULL,
  unfinished INTEGER NOT NULL DEFAULT 0,
  success INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (owner_row, endpoint_row)
) WITHOUT ROWID;
CREATE INDEX task_counts_by_endpoint ON task_counts (endpoint_row);
`;
