/** What happens to tasks at an endpoint, and what has to be done about it: the words of `TaskTable`. */
import type { FunctionId, TaskId } from "../contract/ids.ts";
import type { TaskMessage } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";
import type { FinishedAttempt } from "./executor/executor.ts";
import type { FinishedTask, SpooledTask, TaskRecord } from "./task.ts";

export interface TableOptions {
  /** Of tasks that name none. */
  readonly maxAttempts: number;
  /** Bounds of what waits in memory. */
  readonly windowTasks: number;
  readonly windowBytes: number;
}

/** What the spool knows when an agent starts. */
export interface Recovery {
  readonly at: number;
  /** The highest `seq` that was ever given; the next task gets one more. */
  readonly lastSeq: number;
  /** Tasks up to this `seq` have begun, but for those in `again`. */
  readonly begunThrough: number;
  /** Had begun when the last agent ended, and have no result. */
  readonly begun: readonly SpooledTask[];
  /** Had lost an attempt and waited for the next. */
  readonly again: readonly SpooledTask[];
  /** How many wait behind `begunThrough`. */
  readonly waiting: number;
}

export type TableEvent =
  | { readonly kind: "recovered"; readonly recovery: Recovery }
  /** From the service; none of them is in the spool yet. */
  | { readonly kind: "received"; readonly at: number; readonly tasks: readonly TaskMessage[] }
  /** The answer to `load`; fewer than asked for means that there are no more. */
  | { readonly kind: "loaded"; readonly tasks: readonly SpooledTask[]; readonly end: boolean }
  /** The executor takes so many attempts now. */
  | { readonly kind: "room"; readonly at: number; readonly attempts: number }
  | {
    readonly kind: "started";
    readonly events: readonly { readonly taskId: TaskId; readonly event: TaskEvent }[];
  }
  | {
    readonly kind: "finished";
    readonly at: number;
    readonly attempts: readonly FinishedAttempt[];
  }
  | {
    readonly kind: "cancel";
    readonly at: number;
    readonly taskIds: readonly TaskId[];
    /** Those of `taskIds` in the spool that are not in the table and have no result. */
    readonly spooled: readonly TaskRecord[];
    /** Those that have a result already, which waits for acknowledgement. */
    readonly finished: ReadonlySet<TaskId>;
  }
  /** The only functions that may run; null means any. */
  | { readonly kind: "allowed"; readonly functionIds: readonly FunctionId[] | null }
  /** Nothing is handed over any more; attempts that are lost from now on are lost for `reason`. */
  | { readonly kind: "stopping"; readonly reason: string };

/** A task that is handed over, and the number of this attempt. */
export interface Handover {
  readonly task: SpooledTask;
  readonly attempt: number;
}

export type TableEffect =
  /** On disk: new tasks. */
  | { readonly kind: "store"; readonly tasks: readonly SpooledTask[] }
  /** On disk: these begin; the first-timers by their highest `seq`, the others one by one. */
  | { readonly kind: "begin"; readonly through: number | null; readonly again: readonly number[] }
  /** On disk: these wait for another attempt. */
  | { readonly kind: "requeue"; readonly tasks: readonly TaskRecord[] }
  /** On disk, then to the service. */
  | { readonly kind: "finish"; readonly tasks: readonly FinishedTask[] }
  /** To the executor. */
  | { readonly kind: "run"; readonly attempts: readonly Handover[] }
  | { readonly kind: "end"; readonly taskIds: readonly TaskId[] }
  /** To the service, best effort. */
  | {
    readonly kind: "report";
    readonly events: readonly { readonly taskId: TaskId; readonly event: TaskEvent }[];
  }
  /** Ask the spool for waiting tasks behind `after`. */
  | {
    readonly kind: "load";
    readonly after: number;
    readonly tasks: number;
    readonly bytes: number;
  };

/** How many tasks the table knows of, by where they are. */
export interface TableCounts {
  readonly pending: number;
  readonly outstanding: number;
  readonly completed: number;
}
