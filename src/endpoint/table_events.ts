/** What happens to tasks at an endpoint, and what has to be done about it: the words of `TaskTable`. */
import type { TaskError } from "../contract/errors.ts";
import type { FunctionId, TaskId } from "../contract/ids.ts";
import type { TaskMessage } from "../contract/protocol/messages.ts";
import type { TaskEvent } from "../contract/task_state.ts";
import type { FinishedAttempt } from "./executor/executor.ts";
import type { FetchOptions } from "./fetch_queue.ts";
import type { StoredLane } from "./lane.ts";
import type { FinishedTask, SpooledTask, TaskRecord } from "./task.ts";
import type { WindowOptions } from "./waiting_tasks.ts";

export interface TableOptions extends WindowOptions, FetchOptions {
  /** Of tasks that name none. */
  readonly maxAttempts: number;
}

/** A lane in the spool when an agent starts. */
export interface RecoveredLane extends StoredLane {
  /** Its tasks up to this `seq` have begun. */
  readonly begunThrough: number;
  /** How many unfinished ones are behind. */
  readonly waiting: number;
}

/** What the spool knows when an agent starts. */
export interface Recovery {
  readonly at: number;
  /** The highest `seq` that was ever given; the next task gets one more. */
  readonly lastSeq: number;
  /** The highest number of a lane that any task has. */
  readonly lastLane: number;
  /** All that have unfinished tasks, and perhaps others. */
  readonly lanes: readonly RecoveredLane[];
  /** Had begun when the last agent ended, and have no result. */
  readonly begun: readonly SpooledTask[];
  /** Had lost an attempt and waited for the next. */
  readonly again: readonly SpooledTask[];
}

/** Tasks of a lane that are to be read from the spool. */
export interface LaneLoad {
  readonly lane: number;
  /** Those behind this `seq`. */
  readonly after: number;
  /** At most so many, at least 1. */
  readonly tasks: number;
}

/** Tasks of a lane that were read. */
export interface LoadedLane {
  readonly lane: number;
  readonly tasks: readonly SpooledTask[];
  /** The lane has no more behind these. */
  readonly end: boolean;
}

export type TableEvent =
  /** `isHeld`: what had begun is with the executor again, which waits for whoever runs it. */
  | { readonly kind: "recovered"; readonly recovery: Recovery; readonly isHeld: boolean }
  /** From the service; none of them is in the spool yet. */
  | { readonly kind: "received"; readonly at: number; readonly tasks: readonly TaskMessage[] }
  /** The answer to `load`, for all of its lanes. */
  | { readonly kind: "loaded"; readonly at: number; readonly lanes: readonly LoadedLane[] }
  /** The executor takes so many attempts now. */
  | { readonly kind: "room"; readonly at: number; readonly attempts: number }
  /** The arguments of a task are here, or cannot be had. The answer to `fetch`. */
  | {
    readonly kind: "fetched";
    readonly at: number;
    readonly taskId: TaskId;
    readonly error: TaskError | null;
  }
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
  /** These ask for what this endpoint can never give. */
  | {
    readonly kind: "unfit";
    readonly at: number;
    readonly tasks: readonly UnfitTask[];
    /** Those of them in the spool that are not in the table and have no result. */
    readonly spooled: readonly TaskRecord[];
  }
  /** The only functions that may run; null means any. */
  | { readonly kind: "allowed"; readonly functionIds: readonly FunctionId[] | null }
  /** Nothing is handed over any more; attempts that are lost from now on are lost for `reason`. */
  | { readonly kind: "stopping"; readonly reason: string };

export interface UnfitTask {
  readonly taskId: TaskId;
  readonly error: TaskError;
}

/** How far a lane has got. */
export interface LaneMark {
  readonly lane: number;
  readonly seq: number;
}

/** A task that is handed over, and the number of this attempt. */
export interface Handover {
  readonly task: SpooledTask;
  readonly attempt: number;
}

export type TableEffect =
  /** On disk: new tasks, and the lanes of them that are new. */
  | {
    readonly kind: "store";
    readonly tasks: readonly SpooledTask[];
    readonly lanes: readonly StoredLane[];
  }
  /** On disk: these begin; the first-timers by the highest `seq` of each lane, the others one by one. */
  | {
    readonly kind: "begin";
    readonly through: readonly LaneMark[];
    readonly again: readonly number[];
  }
  /** On disk: lanes without unfinished tasks, by their numbers, that nobody knows any more. */
  | { readonly kind: "forget"; readonly lanes: readonly number[] }
  /** On disk: these wait for another attempt. */
  | { readonly kind: "requeue"; readonly tasks: readonly TaskRecord[] }
  /** On disk, then to the service. */
  | { readonly kind: "finish"; readonly tasks: readonly FinishedTask[] }
  /** The arguments of these are needed here, as files, until `release`. */
  | { readonly kind: "fetch"; readonly tasks: readonly SpooledTask[] }
  /** The files of these are not needed any more; ends what is on its way. */
  | { readonly kind: "release"; readonly taskIds: readonly TaskId[] }
  /** To the executor. */
  | { readonly kind: "run"; readonly attempts: readonly Handover[] }
  | { readonly kind: "end"; readonly taskIds: readonly TaskId[] }
  /** To the service, best effort. */
  | {
    readonly kind: "report";
    readonly events: readonly { readonly taskId: TaskId; readonly event: TaskEvent }[];
  }
  /**
   * Ask the spool for waiting tasks, next before anything else and after a commit; of all lanes
   * together at most so many bytes.
   */
  | { readonly kind: "load"; readonly lanes: readonly LaneLoad[]; readonly bytes: number };

/** How many tasks the table knows of, by where they are. */
export interface TableCounts {
  readonly pending: number;
  readonly outstanding: number;
  readonly completed: number;
}
