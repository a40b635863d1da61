/**
 * Queues of results for readers over AMQP, by task group: everything up to `sequence` in `results`
 * was confirmed. A queue ends with its group by a trigger.
 *
 * `agent_grants` says which queues the agent of an endpoint may read and write at the built-in server;
 * `reads` and `writes` are JSON arrays.
 */
export const resultQueues = `
CREATE TABLE result_queues (
  group_row INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL
);
CREATE TABLE agent_grants (
  endpoint_id TEXT PRIMARY KEY,
  grant_id TEXT NOT NULL,
  reads TEXT NOT NULL,
  writes TEXT NOT NULL
);
CREATE TRIGGER result_queue_ends_with_group AFTER DELETE ON task_groups BEGIN
  DELETE FROM result_queues WHERE group_row = OLD.group_row;
END;
`;
