/** Walking through pages of the store, for answers that have no pages of their own. */
import { MAX_PAGE_SIZE } from "../../contract/limits.ts";
import type { Page, PageQuery } from "../store/store.ts";

/** Every item, read page by page as it is asked for. */
export async function* allItems<T>(
  load: (query: PageQuery) => Promise<Page<T>>,
): AsyncGenerator<T, void> {
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page: Page<T> = await load({ limit: MAX_PAGE_SIZE, cursor });
    yield* page.items;
    cursor = page.nextCursor;
  }
}
