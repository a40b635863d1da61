/** The line of a small chart without axes. */

/**
 * As the `d` of an SVG path, from left to right over the whole width; 0 lies at the bottom, the
 * greatest value at the top. Undefined with fewer than two values.
 */
export function sparklinePath(
  values: readonly number[],
  width: number,
  height: number,
): string | undefined {
  if (values.length < 2) return undefined;
  const greatest = Math.max(...values, 1);
  const step = width / (values.length - 1);
  const points = values.map((value, index) => {
    const y = height - (Math.max(0, value) / greatest) * height;
    return `${round(index * step)} ${round(y)}`;
  });
  return `M${points.join("L")}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
