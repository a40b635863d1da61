/** How far a task group is: a bar in the colours of the states. */
import type { ComponentChildren } from "preact";
import { english } from "../texts/english.ts";
import { toneOf } from "../widgets/states.tsx";
import { countText } from "../widgets/units.ts";
import { percentOf, progressOf } from "./progress.ts";

export function StateBar(
  { label, byState }: {
    readonly label: string;
    /** State → number of tasks. */
    readonly byState: Readonly<Record<string, number>>;
  },
): ComponentChildren {
  const progress = progressOf(byState);
  const percent = percentOf(progress);
  const parts = progress.parts
    .map(({ state, tasks }) => `${countText(tasks)} ${english.states[state].toLowerCase()}`)
    .join(", ");
  return (
    <div
      class="state-bar"
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={`${percent} %: ${parts}`}
      title={parts}
    >
      {progress.parts.map(({ state, share }) => (
        <div key={state} class={`part ${toneOf(state)} ${state}`} style={{ flexGrow: share }} />
      ))}
    </div>
  );
}
