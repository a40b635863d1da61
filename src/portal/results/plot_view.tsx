/** Series of numbers in a result as lines. */
import type { ComponentChildren } from "preact";
import { Chart } from "../charts/chart.tsx";
import type { Series } from "../charts/series.ts";
import { english } from "../texts/english.ts";
import { countText } from "../widgets/units.ts";

export function PlotView(
  { series }: { readonly series: readonly Series[]; readonly name: string },
): ComponentChildren {
  const points = series.reduce((sum, { x }) => sum + x.length, 0);
  const summary = summaryOf(series);
  return (
    <div class="result-plot">
      <Chart
        series={series}
        label={summary}
        summary={`${english.results.points(countText(points))} · ${summary}`}
      />
    </div>
  );
}

/** For those who do not see the lines, and a help to those who do. */
function summaryOf(series: readonly Series[]): string {
  return series.map(({ name, y }) => {
    let least = Infinity;
    let greatest = -Infinity;
    for (const value of y) {
      if (value === null) continue;
      least = Math.min(least, value);
      greatest = Math.max(greatest, value);
    }
    return english.results.between(name, short(least), short(greatest));
  }).join("; ");
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
