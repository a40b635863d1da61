/** Rows of the store as the API shows them. */
import type {
  FinishedTask,
  FunctionRecord,
  FunctionSummary,
  TaskDetail,
  TaskStatus,
  TaskSummary,
} from "../../contract/api.ts";
import type { TaskError } from "../../contract/errors.ts";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import type { TaskState } from "../../contract/task_state.ts";
import type {
  FunctionSummaryRow,
  JsonObject,
  Page,
  StoredFunction,
  StoredResult,
  TaskDetailRow,
  TaskStatusRow,
  TaskSummaryRow,
} from "../store/store.ts";

/** The store counts milliseconds since 1970, the API seconds. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1_000;
}

/** The API's `limit` and `cursor` as the store takes them. */
export function pageOf<Row, Item>(
  page: Page<Row>,
  shape: (row: Row) => Item,
): { items: Item[]; next_cursor: string | null } {
  return { items: page.items.map(shape), next_cursor: page.nextCursor };
}

/** Leaves out what is null or undefined, as optional keys of the contract want it. */
export function withoutNulls<T extends object>(
  object: T,
): { [K in keyof T]?: NonNullable<T[K]> } {
  const present = Object.entries(object).filter(([, value]) => (value ?? null) !== null);
  return Object.fromEntries(present) as { [K in keyof T]?: NonNullable<T[K]> };
}

export function mutable(object: JsonObject | null): Record<string, unknown> | null {
  return object as Record<string, unknown> | null;
}

export function functionSummary(row: FunctionSummaryRow): FunctionSummary {
  return {
    function_uuid: row.functionId,
    function_name: row.name,
    description: row.description,
    metadata: mutable(row.metadata),
    parameters: mutable(row.parameters),
    owner: row.owner,
    public: row.public,
    runtime: row.runtime,
    created_at: seconds(row.createdAt),
  };
}

export function functionRecord(row: StoredFunction): FunctionRecord {
  return { ...functionSummary(row), function_code: row.code };
}

export function taskSummary(row: TaskSummaryRow): TaskSummary {
  return {
    task_id: row.taskId,
    task_group_id: row.taskGroupId,
    function_id: row.functionId,
    function_name: row.functionName,
    endpoint_id: row.endpointId,
    endpoint_name: row.endpointName,
    status: row.state,
    attempt: row.attempt,
    created_at: seconds(row.createdAt),
    completed_at: row.completedAt === null ? null : seconds(row.completedAt),
  };
}

/** States of tasks that no worker has. */
const WAITING: readonly TaskState[] = ["received", "waiting-for-ep", "waiting-for-nodes"];

/** @param problem what keeps its endpoint from working, if anything does */
export function taskDetail(
  row: TaskDetailRow,
  problem: EndpointStatus["problem"],
): TaskDetail {
  const isWaiting = problem !== undefined && WAITING.includes(row.state);
  return {
    ...taskSummary(row),
    max_attempts: row.maxAttempts,
    priority: row.priority,
    ...(row.client === undefined ? {} : { client: row.client }),
    timeline: row.timeline.map((event) => ({ ...event })),
    ...(isWaiting ? { waiting_for: problem } : {}),
    ...withoutNulls({ result: row.result?.result, error: row.result?.error }),
    stdout: row.result?.stdout ?? "",
    stderr: row.result?.stderr ?? "",
    details: mutable(row.result?.details ?? null),
    payload_kept: row.payloadKept,
  };
}

export function finishedTask(row: StoredResult): FinishedTask {
  return {
    task_id: row.taskId,
    status: row.state,
    ...(row.result === null ? {} : { result: row.result }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.stdout === "" ? {} : { stdout: row.stdout }),
    ...(row.stderr === "" ? {} : { stderr: row.stderr }),
  };
}

/**
 * A task as the official SDK polls it. To the SDK every status but success and failed means that the
 * task goes on, so a cancelled one is shown as failed here; `error.code` tells them apart.
 */
export function taskStatus(row: TaskStatusRow): TaskStatus {
  const { taskId, state, result } = row;
  if (result === null) return { task_id: taskId, status: state };
  return {
    task_id: taskId,
    status: state === "cancelled" ? "failed" : state,
    completion_t: new Date(result.completedAt).toISOString(),
    ...(result.result === null ? {} : { result: result.result }),
    ...errorFields(result),
    // The SDK warns of versions that differ once for each endpoint.
    ...(result.details === null
      ? {}
      : { details: { ...mutable(result.details), endpoint_id: row.endpointId } }),
  };
}

function errorFields({ state, error }: StoredResult): Partial<TaskStatus> {
  if (error !== null) return { error, exception: exceptionText(error), reason: error.message };
  return state === "success" ? {} : { exception: `the task was ${state}` };
}

function exceptionText(error: TaskError): string {
  const text = error.traceback !== "" ? error.traceback : `${error.type}: ${error.message}`;
  return error.hint === undefined ? text : `${text.trimEnd()}\n${error.hint}`;
}
