/** The first of many, without ordering them all. */

/** As `items.toSorted(compare).slice(0, count)`. */
export function best<T>(
  items: Iterable<T>,
  count: number,
  compare: (left: T, right: T) => number,
): T[] {
  const kept: T[] = [];
  for (const item of items) {
    if (kept.length === count && compare(item, kept[count - 1]!) >= 0) continue;
    kept.splice(placeOf(item, kept, compare), 0, item);
    if (kept.length > count) kept.pop();
  }
  return kept;
}

/** After those that are equal. */
function placeOf<T>(
  item: T,
  ordered: readonly T[],
  compare: (left: T, right: T) => number,
): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(item, ordered[middle]!) < 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
