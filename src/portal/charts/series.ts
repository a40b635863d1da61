/** Series of numbers, and few enough points of them for a screen. */

export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  /** Gaps are null. */
  readonly y: readonly (number | null)[];
  /** Name of a variable of the style sheet, such as `--bad`; by its place when left out. */
  readonly colour?: string;
}

/** The least and the greatest point of each of so many stretches, so that no peak is lost. */
export function thinned(series: Series, points = 4_000): Series {
  const { x, y } = series;
  if (x.length <= points) return series;
  const step = Math.ceil(x.length / (points / 2));
  const kept: number[] = [];
  for (let start = 0; start < x.length; start += step) {
    kept.push(...extremes(y, start, Math.min(start + step, x.length)));
  }
  return { ...series, x: kept.map((index) => x[index]!), y: kept.map((index) => y[index]!) };
}

function extremes(y: readonly (number | null)[], start: number, end: number): readonly number[] {
  let least = start;
  let greatest = start;
  for (let index = start; index < end; index++) {
    const value = y[index];
    if (value === null || value === undefined) continue;
    if (value < (y[least] ?? Infinity)) least = index;
    if (value > (y[greatest] ?? -Infinity)) greatest = index;
  }
  return least === greatest ? [least] : [Math.min(least, greatest), Math.max(least, greatest)];
}
