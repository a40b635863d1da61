/** Medians and quantiles of small samples. */

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which `fraction` of the values lie; throws for an empty sample. */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) throw new RangeError("a quantile of no values");
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))]!;
}

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("a median of no values");
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
