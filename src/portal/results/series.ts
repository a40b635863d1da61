/** Series of numbers in a result. */
import type { Series } from "../charts/series.ts";

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
