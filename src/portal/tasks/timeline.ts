/** A task's timeline as the stretches between its moves. */
import { isTerminal, type TaskEvent } from "../../contract/task_state.ts";

/** The time that a task spent in one state. */
export interface Hop {
  readonly event: TaskEvent;
  /** Until the next move, or until now; null for the end, which lasts for good. */
  readonly seconds: number | null;
  /** Of the whole, 0–1. */
  readonly share: number;
  /** It is the last one, and no end. */
  readonly ongoing: boolean;
  /** By its clock the move came before one that was before it. */
  readonly clamped: boolean;
}

export interface Timeline {
  readonly hops: readonly Hop[];
  /** From the first move to the last one, or until now. */
  readonly seconds: number;
}

/**
 * Each move has the time of the part that made it, and two parts' clocks may differ: a move that
 * seems to come before the last one counts as made together with it, so that no stretch is negative
 * and all of them add up to the whole.
 *
 * @param now seconds since 1970
 */
export function timelineOf(events: readonly TaskEvent[], now: number): Timeline {
  const starts = startsOf(events);
  const first = starts[0] ?? 0;
  const last = starts[starts.length - 1] ?? 0;
  const ended = events.length === 0 || isTerminal(events[events.length - 1]!.state);
  const end = ended ? last : Math.max(last, now * 1_000);
  const whole = end - first;
  const hops = events.map((event, index): Hop => {
    const isLast = index === events.length - 1;
    const milliseconds = (starts[index + 1] ?? end) - starts[index]!;
    return {
      event,
      seconds: isLast && ended ? null : milliseconds / 1_000,
      share: whole === 0 ? 0 : milliseconds / whole,
      ongoing: isLast && !ended,
      clamped: event.at < starts[index]!,
    };
  });
  return { hops, seconds: whole / 1_000 };
}

/** Milliseconds since 1970, none of them before the one in front of it. */
function startsOf(events: readonly TaskEvent[]): number[] {
  let latest = -Infinity;
  return events.map(({ at }) => latest = Math.max(latest, at));
}

/**
 * What is known of a task. With its end the service tells the whole of it, by the parts' own clocks;
 * before, the live stream may be ahead of what was read, and the other way round.
 */
export function fullerTimeline(
  live: readonly TaskEvent[],
  read: readonly TaskEvent[],
): readonly TaskEvent[] {
  const last = read[read.length - 1];
  if (last !== undefined && isTerminal(last.state)) return read;
  return read.length > live.length ? read : live;
}

/** Such as `14:03:22.123`, in the reader's time zone. */
export function clockText(milliseconds: number): string {
  const date = new Date(milliseconds);
  const time = date.toLocaleTimeString("en-GB", { hour12: false });
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
