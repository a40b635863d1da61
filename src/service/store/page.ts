/** Pages of lists, by keyset: they stay stable while rows are added. */

export interface PageQuery {
  /** From 1 to `MAX_PAGE_SIZE`. */
  readonly limit: number;
  /** `nextCursor` of the page before. A text that no page gave is `REQUEST_MALFORMED`. */
  readonly cursor?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}
