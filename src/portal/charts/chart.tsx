/** Series of numbers as lines. The library comes when the first chart is shown. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type uPlot from "uplot";
import { theme } from "../shell/theme.ts";
import { english } from "../texts/english.ts";
import { type Series, thinned } from "./series.ts";

const HEIGHT = 300;
/** Pixels under the drawing for what stands at the abscissa. */
const ABSCISSA_HEIGHT = 28;
/** Values below which each has a point. */
const SPARSE = 40;
/** Told apart also without colours, by how they are dashed. */
const COLOURS = ["--accent", "--bad", "--good", "--waiting", "--muted"];
const DASHES: readonly number[][] = [[], [8, 4], [2, 3]];

interface ChartForm {
  /** Of the drawing without its legend, pixels. */
  readonly height?: number;
  /** The abscissa is in seconds since 1970. */
  readonly isTime?: boolean;
  /** The ordinate begins at 0. */
  readonly fromZero?: boolean;
  /** What the abscissa goes over; as far as there are points by default. */
  readonly span?: readonly [from: number, to: number];
  /** Values as they stand at the axis and in the legend. */
  readonly valueText?: (value: number) => string;
}

export interface ChartProps extends ChartForm {
  /** A new array is drawn anew, and must be made only when it has changed. */
  readonly series: readonly Series[];
  readonly label: string;
  /** What the lines show, in words: for those who do not see them, and a help to those who do. */
  readonly summary: string;
}

export function Chart(props: ChartProps): ComponentChildren {
  const place = useRef<HTMLDivElement>(null);
  const failed = useSignal(false);
  const colours = theme.value;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let isShown = true;
    let end = (): void => {};
    draw(element, props, () => isShown).then(
      (stop) => isShown ? end = stop : stop(),
      () => failed.value = true,
    );
    return () => {
      isShown = false;
      end();
    };
  }, [props.series, colours]);
  if (failed.value) return <p class="hint-box">{english.results.noPlot}</p>;
  return (
    <figure class="chart" aria-label={props.label}>
      <div ref={place} aria-hidden="true" style={{ minHeight: `${props.height ?? HEIGHT}px` }} />
      <figcaption class="muted small">{props.summary}</figcaption>
    </figure>
  );
}

/** Resolves to the end of it. */
async function draw(
  element: HTMLElement,
  { series, ...form }: ChartForm & { readonly series: readonly Series[] },
  isShown: () => boolean,
): Promise<() => void> {
  const { default: Plot } = await import("uplot");
  if (!isShown()) return () => {};
  const plot = new Plot(optionsOf(element, series, form), dataOf(series), element);
  const observer = new ResizeObserver(() => {
    plot.setSize({ width: element.clientWidth, height: form.height ?? HEIGHT });
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
function everyNth(series: Series): Series {
  const { x, y } = series;
  const step = Math.ceil(x.length / MAX_ALIGNED);
  const keep = (_: unknown, index: number): boolean => index % step === 0;
  return step <= 1 ? series : { ...series, x: x.filter(keep), y: y.filter(keep) };
}

const MAX_ALIGNED = 20_000;

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  { isTime = false, fromZero = false, height = HEIGHT, span, valueText }: ChartForm,
): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string): string => styles.getPropertyValue(name).trim();
  const text = styles.color;
  const axis = {
    stroke: text,
    font: `12px ${styles.fontFamily}`,
    grid: { stroke: probe(element, "--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    scales: {
      x: span === undefined ? { time: isTime } : { time: isTime, range: [span[0], span[1]] },
      y: fromZero ? { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } : {},
    },
    legend: { show: true },
    axes: [{
      ...axis,
      size: ABSCISSA_HEIGHT,
      ...(isTime && { values: (_: uPlot, times: number[]) => times.map(timeText) }),
    }, {
      ...axis,
      size: 64,
      ...(valueText && { values: (_, values) => values.map(valueText) }),
    }],
    series: [
      isTime ? { label: english.charts.at, value: "{HH}:{mm}:{ss}" } : { label: "x" },
      ...series.map(({ name, y, colour: own }, index) => ({
        label: name,
        stroke: probe(element, own ?? COLOURS[index % COLOURS.length]!) || colour("--accent"),
        width: 1.5,
        ...(isSparse(y) && { points: { show: true, size: 5 } }),
        ...(valueText && { value: (_: uPlot, value: number | null) => cellText(value, valueText) }),
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

function cellText(value: number | null, text: (value: number) => string): string {
  return value === null ? "–" : text(value);
}

/** Such as `14:30`, or `27 Nov` at midnight, in the reader's time zone. */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return date.getHours() === 0 && date.getMinutes() === 0
    ? date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
    : date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** With few values between gaps, of which lines alone would show nothing. */
function isSparse(y: Series["y"]): boolean {
  return y.reduce<number>((count, value) => value === null ? count : count + 1, 0) < SPARSE;
}
