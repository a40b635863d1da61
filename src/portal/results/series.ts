/** Series of numbers in a result, and few enough points of them for a screen. */

export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  /** Gaps are null. */
  readonly y: readonly (number | null)[];
}

/** By the names under which programs have their abscissa. */
const ABSCISSAS = ["x", "t", "time", "step", "epoch", "index"];
const MAX_SERIES = 12;
type JsonObject = Readonly<Record<string, unknown>>;

/** Undefined where there are none: an array of numbers, `{x, y}`, pairs, or columns of numbers. */
export function seriesOf(value: object): readonly Series[] | undefined {
  if (Array.isArray(value)) return ofArray(value);
  return ofColumns(value as JsonObject);
}

function ofArray(items: readonly unknown[]): readonly Series[] | undefined {
  if (items.length < 2) return undefined;
  if (isNumbers(items)) return [{ name: "y", x: indices(items.length), y: finite(items) }];
  const arePairs = items.every((item) =>
    Array.isArray(item) && item.length === 2 && isNumbers(item)
  );
  if (!arePairs) return undefined;
  const pairs = [...items as readonly (readonly [number, number])[]].sort(([a], [b]) => a - b);
  return [{ name: "y", x: pairs.map(([x]) => x), y: pairs.map(([, y]) => y) }];
}

function ofColumns(fields: JsonObject): readonly Series[] | undefined {
  const entries = Object.entries(fields);
  const lists = entries.filter((entry): entry is [string, number[]] =>
    Array.isArray(entry[1]) && entry[1].length > 1 && isNumbers(entry[1])
  );
  if (lists.length === 0 || lists.length !== entries.length || lists.length > MAX_SERIES + 1) {
    return undefined;
  }
  const length = lists[0]![1].length;
  if (lists.some(([, list]) => list.length !== length)) return undefined;
  const abscissa = lists.find(([name]) => ABSCISSAS.includes(name.toLowerCase()));
  const drawn = lists.filter((list) => list !== abscissa);
  if (drawn.length === 0 || drawn.length > MAX_SERIES) return undefined;
  if (abscissa?.[1].some((x) => x === null)) return undefined;
  return drawn.map(([name, y]) => ordered(name, abscissa?.[1] ?? indices(length), y));
}

/** Charts need their points from left to right. */
function ordered(name: string, x: readonly number[], y: readonly (number | null)[]): Series {
  const isOrdered = x.every((value, index) => index === 0 || x[index - 1]! <= value);
  if (isOrdered) return { name, x, y: finite(y) };
  const order = indices(x.length).sort((one, other) => x[one]! - x[other]!);
  return { name, x: order.map((index) => x[index]!), y: finite(order.map((index) => y[index]!)) };
}

/** The least and the greatest point of each of so many stretches, so that no peak is lost. */
export function thinned({ name, x, y }: Series, points = 4_000): Series {
  if (x.length <= points) return { name, x, y };
  const step = Math.ceil(x.length / (points / 2));
  const kept: number[] = [];
  for (let start = 0; start < x.length; start += step) {
    kept.push(...extremes(y, start, Math.min(start + step, x.length)));
  }
  return { name, x: kept.map((index) => x[index]!), y: kept.map((index) => y[index]!) };
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

function isNumbers(items: readonly unknown[]): items is number[] {
  return items.every((item) => typeof item === "number" || item === null) &&
    items.some((item) => item !== null);
}

function finite(y: readonly (number | null)[]): (number | null)[] {
  return y.map((value) => value === null || !Number.isFinite(value) ? null : value);
}

function indices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
