/**
 * What waits for an endpoint, by lane: its owner, priority and task group, then oldest first. The
 * queue gives every lane its turn, and finds the next one without looking at the tasks of the others.
 */
export const lanes = `
ALTER TABLE tasks ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
DROP INDEX tasks_to_send;
CREATE INDEX tasks_waiting ON tasks (endpoint_row, owner_row, priority, group_row, task_row)
  WHERE delivery = 0;
CREATE INDEX tasks_sent ON tasks (endpoint_row, task_row) WHERE delivery = 1;
`;
