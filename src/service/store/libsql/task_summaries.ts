/** Summaries of tasks, each with the moves that its endpoint reported a moment ago. */
import type { EndpointId, TaskId } from "../../../contract/ids.ts";
import { isTerminal, type TaskEvent, type TaskState } from "../../../contract/task_state.ts";
import type { TaskSummaryRow } from "../store.ts";
import type { Engine } from "./engine.ts";
import type { LiveProgress } from "./live_progress.ts";
import { legalMoves } from "./timeline.ts";

export type SummaryRow = [
  taskRow: number,
  taskId: string,
  ownerRow: number,
  groupId: string,
  functionId: string,
  functionName: string,
  endpointId: string,
  endpointName: string,
  state: TaskState,
  attempt: number,
  createdAt: number,
  completedAt: number | null,
];

const COLUMNS = `t.task_row, t.task_id, t.owner_row, g.group_id, f.function_id, f.name,
  e.endpoint_id, e.name, t.state, t.attempt, t.created_at, t.completed_at`;
const JOINS = `JOIN task_groups g USING (group_row)
  JOIN functions f USING (function_row) JOIN endpoints e USING (endpoint_row)`;

/** Gives {@link SummaryRow}s; conditions are about `t`, a row of `tasks`. */
export const SELECT_SUMMARY = `SELECT ${COLUMNS} FROM tasks t ${JOINS}`;

/**
 * Gives the same, each as JSON in a column `summary`; instants are whole, so none is rounded.
 *
 * @param source `tasks t`, and how it is to be read
 */
export function selectSummaryJson(source: string): string {
  return `SELECT json_array(${COLUMNS}) AS summary FROM ${source} ${JOINS}`;
}

export class TaskSummaries {
  readonly #engine: Engine;
  readonly #live: LiveProgress;

  constructor(engine: Engine, live: LiveProgress) {
    this.#engine = engine;
    this.#live = live;
  }

  of(row: SummaryRow): TaskSummaryRow {
    const [, taskId, owner, taskGroupId, functionId, functionName, endpointId, endpointName] = row;
    const [state, attempt, createdAt, completedAt] = row.slice(8) as [
      TaskState,
      number,
      number,
      number | null,
    ];
    const last = this.unwritten(endpointId, taskId, state, attempt).at(-1);
    return {
      taskId,
      owner: this.#engine.userName(owner),
      taskGroupId,
      functionId,
      functionName,
      endpointId,
      endpointName,
      state: last?.state ?? state,
      attempt: Math.max(last?.attempt ?? 0, attempt),
      createdAt,
      completedAt,
    };
  }

  /** Moves after the stored state that are not written yet. */
  unwritten(
    endpointId: EndpointId,
    taskId: TaskId,
    state: TaskState,
    attempt: number,
  ): readonly TaskEvent[] {
    if (isTerminal(state)) return [];
    return legalMoves(state, this.#live.movesOf(endpointId, taskId, attempt));
  }
}
