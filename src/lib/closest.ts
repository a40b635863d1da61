/** "Did you mean": the candidate that `word` was most likely meant to be, if any is near enough. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(word);
  const same = candidates.find((candidate) => plain(candidate) === wanted);
  if (same !== undefined) return same;
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const near = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, plain(candidate)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
}

/** Without what people mix up between languages: case, `_` and `-`. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, "").slice(0, LONGEST);
}

/** Longer words are compared by their beginning, so that the time stays bounded. */
const LONGEST = 64;

/** Insertions, deletions, replacements and swaps of neighbours that make `b` from `a`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] &&
        a[row - 2] === b[column - 1];
      current.push(Math.min(
        current[column - 1] + 1,
        above[column] + 1,
        above[column - 1] + cost,
        swapped ? before[column - 2] + 1 : Infinity,
      ));
    }
    before = above;
    above = current;
  }
  return above[b.length];
}
