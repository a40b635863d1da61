/** A list of task groups that is read on at its end, and again at its beginning, where new ones come. */
import type { TaskGroupSummary } from "../../contract/api.ts";

export interface GroupRows {
  /** Newest first. */
  readonly items: readonly TaskGroupSummary[];
  /** Of the next page: undefined before the first one, null after the last one. */
  readonly cursor: string | null | undefined;
}

export const NO_GROUPS: GroupRows = { items: [], cursor: undefined };

interface Page {
  readonly items: readonly TaskGroupSummary[];
  readonly next_cursor: string | null;
}

/** With a page more at its end. */
export function withNextPage({ items }: GroupRows, page: Page): GroupRows {
  return { items: [...items, ...page.items], cursor: page.next_cursor };
}

/**
 * With its first page read again. When so many groups came that nothing of the list is in it, some
 * are missing in between: the list then begins anew.
 */
export function withFirstPage({ items, cursor }: GroupRows, page: Page): GroupRows {
  const read = new Set(page.items.map((group) => group.task_group_id));
  const behind = items.filter((group) => !read.has(group.task_group_id));
  const isJoined = behind.length < items.length && page.next_cursor !== null;
  if (!isJoined) return { items: page.items, cursor: page.next_cursor };
  return { items: [...page.items, ...behind], cursor };
}
