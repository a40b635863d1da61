/**
 * Blobs: payloads that are too large for a row. Their bytes are files beside the database.
 *
 * - A blob belongs to one owner: content that two owners store is stored twice, so that nobody gets
 *   at another's by knowing its hash, nor learns that it is there.
 * - `blob_uses.role`: 0 an argument of the task, 1 its result, 2 perhaps its result, on its way. Uses
 *   of an argument and of a result that did not come are dropped some time after the task's end by
 *   a sweep; those of results go with the task or the result.
 * - `blobs.uses` and `blob_totals` are kept by triggers, so that neither the sweep nor the quota has
 *   to count.
 */
export const blobs = `
CREATE TABLE blobs (
  blob_row INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_row INTEGER NOT NULL REFERENCES users,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  keep_until REAL NOT NULL,
  uses INTEGER NOT NULL DEFAULT 0,
  UNIQUE (owner_row, sha256)
);
CREATE INDEX blobs_unused ON blobs (keep_until) WHERE uses = 0;

CREATE TABLE blob_uses (
  task_row INTEGER NOT NULL,
  blob_row INTEGER NOT NULL,
  role INTEGER NOT NULL,
  PRIMARY KEY (task_row, blob_row, role)
) WITHOUT ROWID;
CREATE INDEX blob_uses_passing ON blob_uses (task_row) WHERE role <> 1;

CREATE TABLE blob_totals (
  owner_row INTEGER PRIMARY KEY,
  bytes INTEGER NOT NULL
);

CREATE TRIGGER blob_added AFTER INSERT ON blobs BEGIN
  INSERT INTO blob_totals (owner_row, bytes) VALUES (NEW.owner_row, NEW.size)
    ON CONFLICT (owner_row) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER blob_removed AFTER DELETE ON blobs BEGIN
  UPDATE blob_totals SET bytes = bytes - OLD.size WHERE owner_row = OLD.owner_row;
END;
CREATE TRIGGER blob_use_added AFTER INSERT ON blob_uses BEGIN
  UPDATE blobs SET uses = uses + 1 WHERE blob_row = NEW.blob_row;
END;
CREATE TRIGGER blob_use_removed AFTER DELETE ON blob_uses BEGIN
  UPDATE blobs SET uses = uses - 1 WHERE blob_row = OLD.blob_row;
END;
CREATE TRIGGER blob_uses_end_with_task AFTER DELETE ON tasks BEGIN
  DELETE FROM blob_uses WHERE task_row = OLD.task_row;
END;
CREATE TRIGGER blob_uses_end_with_result AFTER DELETE ON results BEGIN
  DELETE FROM blob_uses WHERE task_row = OLD.task_row AND role = 1;
END;
`;
