/** States, ages and durations as they are shown everywhere. */
import type { ComponentChildren } from "preact";
import type { TaskState } from "../../contract/task_state.ts";
import { now } from "../shell/clock.ts";
import { english } from "../texts/english.ts";
import { ageText, durationText, instantText, isoText } from "./units.ts";

const TONES: Readonly<Record<TaskState, string>> = {
  "received": "waiting",
  "waiting-for-ep": "waiting",
  "waiting-for-nodes": "waiting",
  "waiting-for-launch": "busy",
  "running": "busy",
  "success": "good",
  "failed": "bad",
  "cancelled": "idle",
};

/** The class of what shows a state. */
export function toneOf(state: TaskState): string {
  return TONES[state];
}

export function TaskBadge({ state }: { readonly state: TaskState }): ComponentChildren {
  return <span class={`badge ${TONES[state]}`}>{english.states[state]}</span>;
}

export function EndpointBadge(
  { status }: { readonly status: "online" | "offline" },
): ComponentChildren {
  const tone = status === "online" ? "good" : "idle";
  return <span class={`badge ${tone}`}>{english.endpointStates[status]}</span>;
}

/** How long ago `at` was, seconds since 1970 at the service; it goes on by itself. */
export function Age({ at }: { readonly at: number | null }): ComponentChildren {
  if (at === null) return <span class="muted">{english.common.never}</span>;
  return (
    <time dateTime={isoText(at)} title={instantText(at)}>
      {english.common.ago(ageText(now.value - at))}
    </time>
  );
}

/** From `from` to `to`, or until now, seconds since 1970. */
export function Lasted(
  { from, to }: { readonly from: number; readonly to: number | null },
): ComponentChildren {
  return (
    <span class="number">{to === null ? ageText(now.value - from) : durationText(to - from)}</span>
  );
}
