/** The beginning of a long list, page by page. */
import { MAX_PAGE_SIZE } from "../../contract/limits.ts";

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** What a route that lists takes of its query to give one page. */
export interface PageQuery {
  readonly limit: number;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
}

/** The first `limit` items of a list. While one page is used the next is on its way. */
export class FirstPages<T> implements AsyncIterable<readonly T[]> {
  readonly #load: (query: PageQuery) => Promise<Page<T>>;
  #left: number;
  #more = false;

  constructor(limit: number, load: (query: PageQuery) => Promise<Page<T>>) {
    this.#left = limit;
    this.#load = load;
  }

  /** Whether the list goes on after what was read. */
  get more(): boolean {
    return this.#more;
  }

  /** May be read once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly T[], void> {
    let coming: Promise<Page<T>> | undefined = this.#page();
    while (coming !== undefined) {
      const { items, next_cursor }: Page<T> = await coming;
      this.#left -= items.length;
      this.#more = next_cursor !== null;
      coming = next_cursor === null || this.#left <= 0 ? undefined : this.#page(next_cursor);
      // Nobody may come for it.
      coming?.catch(() => {});
      yield items;
    }
  }

  #page(cursor?: string): Promise<Page<T>> {
    return this.#load({ limit: Math.min(this.#left, MAX_PAGE_SIZE), cursor });
  }
}
