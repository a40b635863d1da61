import type { TaskGroupId } from "../../../contract/ids.ts";
import type { ResultQueue, ResultQueueStore } from "../store.ts";
import type { Engine } from "./engine.ts";
import { Command, Query } from "./query.ts";

type Row = [taskGroupId: string, ownerRow: number, sequence: number];

const SELECT = `SELECT g.group_id, g.owner_row, q.sequence
  FROM result_queues q JOIN task_groups g USING (group_row)`;
const BEHIND = `(g.tasks > g.success + g.failed + g.cancelled OR EXISTS (SELECT 1 FROM results r
  WHERE r.group_row = q.group_row AND r.sequence > q.sequence))`;

export class LibsqlResultQueues implements ResultQueueStore {
  readonly #engine: Engine;
  readonly #add: Command;
  readonly #confirm: Command;
  readonly #one: Query<Row>;
  readonly #behind: Query<Row>;
  readonly #oneBehind: Query<Row>;

  constructor(engine: Engine) {
    const { connection } = engine;
    this.#engine = engine;
    this.#add = new Command(
      connection,
      `INSERT OR IGNORE INTO result_queues (group_row, sequence)
       SELECT group_row, 0 FROM task_groups WHERE group_id = ?`,
    );
    this.#confirm = new Command(
      connection,
      `UPDATE result_queues SET sequence = max(sequence, ?)
       WHERE group_row = (SELECT group_row FROM task_groups WHERE group_id = ?)`,
    );
    this.#one = new Query(connection, `${SELECT} WHERE g.group_id = ?`);
    this.#behind = new Query(connection, `${SELECT} WHERE ${BEHIND}`);
    this.#oneBehind = new Query(connection, `${SELECT} WHERE g.group_id = ? AND ${BEHIND}`);
  }

  async open(taskGroupId: TaskGroupId): Promise<ResultQueue | undefined> {
    const known = this.#one.get(taskGroupId);
    if (known !== undefined) return this.#queueOf(known);
    await this.#engine.write(() => void this.#add.run(taskGroupId));
    const added = this.#one.get(taskGroupId);
    return added && this.#queueOf(added);
  }

  behind(): Promise<readonly ResultQueue[]> {
    return Promise.resolve(this.#behind.all().map((row) => this.#queueOf(row)));
  }

  isDone(taskGroupId: TaskGroupId): Promise<boolean> {
    return Promise.resolve(this.#oneBehind.get(taskGroupId) === undefined);
  }

  confirmed(taskGroupId: TaskGroupId, sequence: number): Promise<void> {
    return this.#engine.write(() => void this.#confirm.run(sequence, taskGroupId));
  }

  #queueOf([taskGroupId, ownerRow, sequence]: Row): ResultQueue {
    return { taskGroupId, owner: this.#engine.userName(ownerRow), sequence };
  }
}
