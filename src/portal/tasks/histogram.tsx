/** How long tasks took: bars, with the numbers in them for those who do not see bars. */
import type { ComponentChildren } from "preact";
import type { GroupProgress } from "../../contract/api.ts";
import { english } from "../texts/english.ts";
import { countText, durationText } from "../widgets/units.ts";
import { type HistogramBar, histogramOf } from "./progress.ts";

export function Histogram(
  { durations }: { readonly durations: GroupProgress["durations"] },
): ComponentChildren {
  const bars = histogramOf(durations);
  const { noDurations, bar } = english.tasks.group;
  if (bars.length === 0) return <p class="muted">{noDurations}</p>;
  return (
    <ol class="histogram">
      {bars.map((item) => (
        <li key={item.from} aria-label={bar(rangeOf(item), countText(item.tasks))}>
          <span class="count number" aria-hidden="true">{countText(item.tasks)}</span>
          <svg viewBox="0 0 10 100" preserveAspectRatio="none" aria-hidden="true">
            <rect x="0" width="10" y={100 - item.height * 100} height={item.height * 100} />
          </svg>
          <span class="range number" aria-hidden="true">{rangeOf(item)}</span>
        </li>
      ))}
    </ol>
  );
}

function rangeOf({ from, to }: HistogramBar): string {
  return to === undefined ? `≥ ${durationText(from)}` : `< ${durationText(to)}`;
}
