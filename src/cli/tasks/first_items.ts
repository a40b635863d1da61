import { MAX_PAGE_SIZE } from "../../contract/limits.ts";

/** The first items of a long list, and whether there are more. */
export async function firstItems<T>(
  source: AsyncIterable<T>,
  limit: number,
): Promise<{ readonly items: readonly T[]; readonly more: boolean }> {
  const items: T[] = [];
  for await (const item of source) {
    if (items.length === limit) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}

/** Items to ask for at a time, to know of `limit` items and whether there are more. */
export function pageSize(limit: number): number {
  return Math.min(limit + 1, MAX_PAGE_SIZE);
}
