/**
 * Queues of results for readers over AMQP, by task group: everything up to `sequence` in `results`
 * was confirmed. A queue ends with its group by a trigger.
 */
export const resultQueues = `
CREATE TABLE result_queues (
  group_row INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL
);
CREATE TRIGGER result_queue_ends_with_group AFTER DELETE ON task_groups BEGIN
  DELETE FROM result_queues WHERE group_row = OLD.group_row;
END;
`;
