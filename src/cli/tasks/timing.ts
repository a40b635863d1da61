/** A task's timeline as a table: where its time went. */
import type { TaskEvent } from "../../contract/task_state.ts";
import { isTerminal } from "../../contract/task_state.ts";

/** One line of `task show --timing`. */
export interface Hop {
  readonly state: string;
  /** The part that noticed it. */
  readonly by: string;
  readonly attempt: number;
  /** Milliseconds since 1970, by that part's own clock. */
  readonly at: number;
  /** Milliseconds until the next move; null while it lasts, and for the end. */
  readonly milliseconds: number | null;
  readonly detail?: string;
}

/** Clocks of two machines may differ, so a time between them may even come out negative. */
export function hopsOf(timeline: readonly TaskEvent[]): Hop[] {
  return timeline.map((event, index) => {
    const next = timeline[index + 1];
    return {
      state: event.state,
      by: event.by,
      attempt: event.attempt,
      at: event.at,
      milliseconds: next === undefined ? null : next.at - event.at,
      detail: event.detail,
    };
  });
}

export const TIMING_HEADER = ["State", "Set by", "Attempt", "At", "Lasted", "Why"] as const;

/** Cells of the table; the last row is the sum. */
export function timingRows(timeline: readonly TaskEvent[]): string[][] {
  const rows = hopsOf(timeline).map((hop) => [
    hop.state,
    hop.by,
    hop.attempt === 0 ? "" : String(hop.attempt),
    clockTime(hop.at),
    hop.milliseconds === null ? "" : exact(hop.milliseconds),
    hop.detail ?? "",
  ]);
  const [first, last] = [timeline[0], timeline.at(-1)];
  if (first === undefined || last === undefined || !isTerminal(last.state)) return rows;
  return [...rows, ["total", "", "", "", exact(last.at - first.at), ""]];
}

/** The hops of a fast task take fractions of a millisecond. */
function exact(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  if (size < 100) return `${milliseconds.toFixed(2)} ms`;
  return size < 10_000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1_000).toFixed(1)} s`;
}

/** `07:29:33.123`, in the user's time zone. */
function clockTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const fraction = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}`;
}
