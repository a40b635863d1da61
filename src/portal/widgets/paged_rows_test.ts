import { assertEquals } from "../../lib/assert.ts";
import { NO_ROWS, type PagedRows, withFirstPage, withNextPage } from "./paged_rows.ts";

interface Row {
  readonly id: string;
  readonly tasks: number;
}

function rows(...ids: readonly string[]): Row[] {
  return ids.map((id) => ({ id, tasks: 1 }));
}

function shown({ items, cursor }: PagedRows<Row>): unknown {
  return [items.map(({ id }) => id).join(" "), cursor];
}

function again(items: readonly Row[], next_cursor: string | null): PagedRows<Row> {
  return withFirstPage(READ, { items, next_cursor }, ({ id }) => id);
}

/** Two pages of two. */
const READ = withNextPage<Row>(
  withNextPage<Row>(NO_ROWS, { items: rows("d", "c"), next_cursor: "c" }),
  { items: rows("b", "a"), next_cursor: "a" },
);

Deno.test("new rows come first, and those behind stay", () => {
  assertEquals(shown(again(rows("e", "d"), "d")), ["e d c b a", "a"]);
});

Deno.test("a row is as it was read last", () => {
  const read = again([{ id: "d", tasks: 5 }, ...rows("c")], "c");
  assertEquals(read.items[0]!.tasks, 5);
  assertEquals(shown(read), ["d c b a", "a"]);
});

Deno.test("a row that is not where it was is gone", () => {
  assertEquals(shown(again(rows("d", "b"), "b")), ["d b a", "a"]);
});

Deno.test("the list begins anew where rows between are missing, or all are in the page", () => {
  assertEquals(shown(again(rows("h", "g"), "g")), ["h g", "g"]);
  assertEquals(shown(again(rows("d", "b"), null)), ["d b", null]);
  const none = withFirstPage<Row>(NO_ROWS, { items: [], next_cursor: null }, ({ id }) => id);
  assertEquals(shown(none), ["", null]);
});
