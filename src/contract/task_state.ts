/** The states of a task, the moves between them, and the timeline that records the moves. */

/** In the order in which a task that meets no trouble passes through them. */
export const TASK_STATES = [
  "received",
  "waiting-for-ep",
  "waiting-for-nodes",
  "waiting-for-launch",
  "running",
  "success",
  "failed",
  "cancelled",
] as const;

export type TaskState = typeof TASK_STATES[number];
export type TerminalState = "success" | "failed" | "cancelled";

/**
 * Where a task may go from each state.
 *
 * - `received`: on the service's disk, its endpoint may take it at once.
 * - `waiting-for-ep`: its endpoint is not connected, or has granted no credit.
 * - `waiting-for-nodes`: on the agent's disk, no manager has a slot for it.
 * - `waiting-for-launch`: given to a manager, its worker is starting or busy.
 * - `running`: in a worker.
 *
 * A loss of infrastructure moves a task back; only terminal states have no way out.
 */
const TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  "received": [
    "waiting-for-ep",
    "waiting-for-nodes",
    "waiting-for-launch",
    "running",
    "success",
    "failed",
    "cancelled",
  ],
  "waiting-for-ep": [
    "waiting-for-nodes",
    "waiting-for-launch",
    "running",
    "success",
    "failed",
    "cancelled",
  ],
  "waiting-for-nodes": [
    "waiting-for-ep",
    "waiting-for-launch",
    "running",
    "success",
    "failed",
    "cancelled",
  ],
  "waiting-for-launch": [
    "waiting-for-ep",
    "waiting-for-nodes",
    "running",
    "success",
    "failed",
    "cancelled",
  ],
  "running": [
    "waiting-for-ep",
    "waiting-for-nodes",
    "waiting-for-launch",
    "success",
    "failed",
    "cancelled",
  ],
  "success": [],
  "failed": [],
  "cancelled": [],
};

export function isTerminal(state: TaskState): state is TerminalState {
  return TRANSITIONS[state].length === 0;
}

export function canMove(from: TaskState, to: TaskState): boolean {
  return TRANSITIONS[from].includes(to);
}

/**
 * Begins the detail of a move back to `waiting-for-nodes` that cost no attempt, since what ran the
 * task ended as planned.
 */
export const MOVED = "moved: ";

/** How many attempts of a task cost it none. */
export function movesIn(timeline: readonly TaskEvent[]): number {
  return timeline.filter(({ detail }) => detail?.startsWith(MOVED)).length;
}

/** What is said of that after the number of an attempt: nothing where there are none. */
export function movesText(moves: number): string {
  if (moves === 0) return "";
  return moves === 1 ? ", moved once" : `, moved ${moves} times`;
}

/** The part that noticed a move. */
export type TaskActor = "client" | "service" | "agent" | "manager" | "worker";

/** One line of a task's timeline. */
export interface TaskEvent {
  readonly state: TaskState;
  /** Milliseconds since 1970 by the clock of the part that set it, with fractions. */
  readonly at: number;
  readonly by: TaskActor;
  /** The attempt it belongs to, counted from 1; 0 before the first. */
  readonly attempt: number;
  /** Why, where the move needs a reason: a lost worker, an endpoint that went away. */
  readonly detail?: string;
}
