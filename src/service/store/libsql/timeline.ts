/** Timelines as they are stored: JSON objects with commas between them, without brackets. */
import { MAX_TIMELINE_EVENTS } from "../../../contract/limits.ts";
import {
  canMove,
  isTerminal,
  type TaskEvent,
  type TaskState,
} from "../../../contract/task_state.ts";

export function writeEvents(events: readonly TaskEvent[]): string | null {
  return events.length === 0 ? null : JSON.stringify(events).slice(1, -1);
}

export function readEvents(...stored: readonly (string | null)[]): TaskEvent[] {
  const present = stored.filter((text) => text !== null && text !== "");
  return JSON.parse(`[${present.join(",")}]`) as TaskEvent[];
}

/** At most `MAX_TIMELINE_EVENTS`: how it began, and the last of it. */
export function boundTimeline(events: readonly TaskEvent[]): readonly TaskEvent[] {
  if (events.length <= MAX_TIMELINE_EVENTS) return events;
  const beginning = Math.floor(MAX_TIMELINE_EVENTS / 5);
  return [
    ...events.slice(0, beginning),
    ...events.slice(events.length - (MAX_TIMELINE_EVENTS - beginning)),
  ];
}

/** The events that may follow a state, each after the one before; a terminal one never does. */
export function legalMoves(from: TaskState, events: readonly TaskEvent[]): TaskEvent[] {
  let state = from;
  return events.filter((event) => {
    if (isTerminal(event.state) || !canMove(state, event.state)) return false;
    state = event.state;
    return true;
  });
}

/** Milliseconds from the last begin on a worker to the end; undefined for a task that never ran. */
export function runTime(timeline: readonly TaskEvent[]): number | undefined {
  const begin = timeline.findLast(({ state }) => state === "running");
  const end = timeline.at(-1);
  if (begin === undefined || end === undefined || !isTerminal(end.state)) return undefined;
  return Math.max(end.at - begin.at, 0);
}
