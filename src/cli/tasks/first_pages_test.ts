import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { FirstPages, type PageQuery } from "./first_pages.ts";

/** A list of `length` numbers that gives at most 1,000 at a time, and what it was asked for. */
function list(
  length: number,
): {
  queries: PageQuery[];
  load: (query: PageQuery) => Promise<{ items: number[]; next_cursor: string | null }>;
} {
  const queries: PageQuery[] = [];
  return {
    queries,
    load: (query) => {
      queries.push(query);
      const start = Number(query.cursor ?? 0);
      const end = Math.min(length, start + query.limit);
      const items = Array.from({ length: end - start }, (_, index) => start + index);
      return Promise.resolve({ items, next_cursor: end < length ? String(end) : null });
    },
  };
}

async function read(length: number, limit: number): Promise<unknown[]> {
  const { load, queries } = list(length);
  const pages = new FirstPages(limit, load);
  const sizes: number[] = [];
  let next = 0;
  for await (const page of pages) {
    sizes.push(page.length);
    for (const item of page) assertEquals(item, next++);
  }
  return [sizes, queries.map((query) => query.limit), pages.more];
}

Deno.test("no more is asked for than is wanted, and told whether there is more", async () => {
  assertEquals(await read(0, 50), [[0], [50], false]);
  assertEquals(await read(3, 50), [[3], [50], false]);
  assertEquals(await read(50, 50), [[50], [50], false]);
  assertEquals(await read(51, 50), [[50], [50], true]);
  assertEquals(await read(2_500, 2_200), [[1_000, 1_000, 200], [1_000, 1_000, 200], true]);
  assertEquals(await read(2_000, 2_500), [[1_000, 1_000], [1_000, 1_000], false]);
});

Deno.test("the next page is on its way while one is used, and fails when it is its turn", async () => {
  const { load, queries } = list(3_000);
  const pages = new FirstPages(
    3_000,
    (query) => query.cursor === "2000" ? Promise.reject(new Error("gone")) : load(query),
  )[
    Symbol.asyncIterator
  ]();
  await pages.next();
  assertEquals(queries.length, 2);
  await pages.next();
  await assertRejects(() => pages.next(), /gone/);
});
