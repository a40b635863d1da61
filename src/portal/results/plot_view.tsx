/** Series of numbers as lines. The library comes when the first plot is shown. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type uPlot from "uplot";
import { theme } from "../shell/theme.ts";
import { english } from "../texts/english.ts";
import { countText } from "../widgets/units.ts";
import { type Series, thinned } from "./series.ts";

const HEIGHT = 300;
/** Told apart also without colours, by how they are dashed. */
const COLOURS = ["--accent", "--bad", "--good", "--waiting", "--muted"];
const DASHES: readonly number[][] = [[], [8, 4], [2, 3]];

export function PlotView(
  { series }: { readonly series: readonly Series[]; readonly name: string },
): ComponentChildren {
  const place = useRef<HTMLDivElement>(null);
  const failed = useSignal(false);
  const colours = theme.value;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let isShown = true;
    let end = (): void => {};
    draw(element, series, () => isShown).then(
      (stop) => isShown ? end = stop : stop(),
      () => failed.value = true,
    );
    return () => {
      isShown = false;
      end();
    };
  }, [series, colours]);
  if (failed.value) return <p class="hint-box">{english.results.noPlot}</p>;
  const points = series.reduce((sum, { x }) => sum + x.length, 0);
  return (
    <figure class="result-plot" aria-label={summaryOf(series)}>
      <div ref={place} aria-hidden="true" />
      <figcaption class="muted small">
        {english.results.points(countText(points))} · {summaryOf(series)}
      </figcaption>
    </figure>
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

/** Resolves to the end of it. */
async function draw(
  element: HTMLElement,
  series: readonly Series[],
  isShown: () => boolean,
): Promise<() => void> {
  const { default: Plot } = await import("uplot");
  if (!isShown()) return () => {};
  const plot = new Plot(optionsOf(element, series), dataOf(series), element);
  const observer = new ResizeObserver(() => {
    plot.setSize({ width: element.clientWidth, height: HEIGHT });
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    plot.destroy();
  };
}

/** All series share one abscissa as long as none is thinned; those that are share theirs in a mode of its own. */
function dataOf(series: readonly Series[]): uPlot.AlignedData {
  const shown = series.length === 1 ? [thinned(series[0]!)] : series.map(everyNth);
  return [[...shown[0]!.x], ...shown.map(({ y }) => [...y])];
}

/** Of several series each keeps the same points. */
function everyNth({ name, x, y }: Series): Series {
  const step = Math.ceil(x.length / MAX_ALIGNED);
  const keep = (_: unknown, index: number): boolean => index % step === 0;
  return step <= 1 ? { name, x, y } : { name, x: x.filter(keep), y: y.filter(keep) };
}

const MAX_ALIGNED = 20_000;

function optionsOf(element: HTMLElement, series: readonly Series[]): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string): string => styles.getPropertyValue(name).trim();
  const text = styles.color;
  const axis = {
    stroke: text,
    grid: { stroke: probe(element, "--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    scales: { x: { time: false } },
    legend: { show: true },
    axes: [axis, { ...axis, size: 64 }],
    series: [
      { label: "x" },
      ...series.map(({ name }, index) => ({
        label: name,
        stroke: probe(element, COLOURS[index % COLOURS.length]!) || colour("--accent"),
        width: 1.5,
        dash: DASHES[Math.floor(index / COLOURS.length) % DASHES.length],
      })),
    ],
  };
}

/** A colour as the canvas takes it: it knows nothing of variables and of light-dark(). */
function probe(element: HTMLElement, variable: string): string {
  const before = element.style.color;
  element.style.color = `var(${variable})`;
  const found = getComputedStyle(element).color;
  element.style.color = before;
  return found;
}
