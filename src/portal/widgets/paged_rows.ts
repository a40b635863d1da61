/** A list, newest first, that is read on at its end, and again at its beginning, where new ones come. */

export interface PagedRows<Row> {
  readonly items: readonly Row[];
  /** Of the next page: undefined before the first one, null after the last one. */
  readonly cursor: string | null | undefined;
}

export const NO_ROWS: PagedRows<never> = { items: [], cursor: undefined };

interface Page<Row> {
  readonly items: readonly Row[];
  readonly next_cursor: string | null;
}

/** With a page more at its end. */
export function withNextPage<Row>({ items }: PagedRows<Row>, page: Page<Row>): PagedRows<Row> {
  return { items: [...items, ...page.items], cursor: page.next_cursor };
}

/**
 * With its first page read again; what the page should have and has not is gone. When so many came
 * that nothing of the list is in it, some are missing in between: the list then begins anew.
 */
export function withFirstPage<Row>(
  { items, cursor }: PagedRows<Row>,
  page: Page<Row>,
  idOf: (row: Row) => string,
): PagedRows<Row> {
  const read = new Set(page.items.map(idOf));
  const last = items.findLastIndex((row) => read.has(idOf(row)));
  const isJoined = last >= 0 && page.next_cursor !== null;
  if (!isJoined) return { items: page.items, cursor: page.next_cursor };
  return { items: [...page.items, ...items.slice(last + 1)], cursor };
}
