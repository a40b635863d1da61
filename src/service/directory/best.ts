/** The first of many, without ordering them all. */

/** Times as many as are wanted, that wait to be ordered together. */
const ROOM = 5;

/** As `items.toSorted(compare).slice(0, count)`. */
export function best<T>(
  items: Iterable<T>,
  count: number,
  compare: (left: T, right: T) => number,
): T[] {
  const kept: T[] = [];
  let last: T | undefined;
  for (const item of items) {
    if (last !== undefined && compare(item, last) >= 0) continue;
    kept.push(item);
    if (kept.length < ROOM * count) continue;
    cut(kept, count, compare);
    last = kept[count - 1];
  }
  cut(kept, count, compare);
  return kept;
}

/** Those that are equal stay in the order in which they came. */
function cut<T>(kept: T[], count: number, compare: (left: T, right: T) => number): void {
  kept.sort(compare);
  if (kept.length > count) kept.length = count;
}
