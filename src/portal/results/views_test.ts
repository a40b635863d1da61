import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { fileName } from "./file_name.ts";
import { thinned } from "../charts/series.ts";
import { csvOf, sortedRows, tableOf } from "./table_data.ts";
import { idOf, opened, search, STEP, subscriptsOf, treeRows } from "./tree_rows.ts";
import { beginning, visibleText } from "./visible_text.ts";

Deno.test("tables sort numbers by size, and what is empty is last", () => {
  const table = tableOf([{ a: 10 }, { a: 9 }, { b: 1 }, { a: 100 }])!;
  assertEquals(sortedRows(table, 0, "ascending"), [1, 0, 3, 2]);
  assertEquals(sortedRows(table, 0, "descending"), [3, 0, 1, 2]);
});

Deno.test("CSV quotes what needs it", () => {
  assertEquals(csvOf(tableOf([["a,b", 'x"y', null]])!), '0,1,2\r\n"a,b","x""y",\r\n');
});

Deno.test("a tree shows what was opened, a step at a time", () => {
  const value = { list: Array.from({ length: 250 }, (_, index) => index) };
  const root = new Map([[idOf([]), { from: 0, to: STEP }]]);
  assertEquals(treeRows(value, root).map(({ kind }) => kind), ["open", "closed"]);
  const rows = treeRows(value, opened(value, root, ["list", 3]));
  assertEquals(rows.length, 2 + STEP + 1);
  assertEquals(rows[rows.length - 1]!.value, 150);
});

Deno.test("what a search finds is in sight once it is shown", () => {
  const value = { deep: [{ list: Array.from({ length: 1_000 }, (_, i) => `item ${i}`) }] };
  const { paths } = search(value, "ITEM 777");
  assertEquals(paths, [["deep", 0, "list", 777]]);
  const rows = treeRows(value, opened(value, new Map(), paths[0]!));
  assertTrue(rows.some(({ id }) => id === idOf(paths[0]!)));
  assertTrue(rows.length < 2 * STEP);
});

Deno.test("paths are subscripts of Python and JavaScript", () => {
  assertEquals(subscriptsOf(["a b", 0, 'q"']), '["a b"][0]["q\\""]');
});

Deno.test("nothing hides in text, and the rest stays as it is", () => {
  assertEquals(visibleText("a\u001b[31m\u202eb\r\nc\td\u0000"), "a␛[31m⟨U+202E⟩b\nc\td␀");
  assertEquals(visibleText("سلام\u200cها 👩‍🔬"), "سلام\u200cها 👩‍🔬");
});

Deno.test("a beginning ends within no character", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(50), (text, length) => {
    const part = beginning(text, length + 1);
    assertTrue(text.startsWith(part) && (part.isWellFormed() || !text.isWellFormed()));
  }));
});

Deno.test("a series that is thinned keeps its peaks and its order", () => {
  const y = Array.from({ length: 100_000 }, (_, index) => index === 54_321 ? 99 : index % 7);
  const few = thinned({ name: "y", x: y.map((_, index) => index), y });
  assertTrue(few.x.length <= 4_000 && few.y.includes(99) && few.x.includes(54_321));
  assertTrue(few.x.every((x, index) => index === 0 || few.x[index - 1]! < x));
});

Deno.test("file names are such everywhere", () => {
  assertEquals(fileName("../a:b\u202e/c", "json"), "_a_b_c.json");
  assertEquals(fileName("", "txt"), "result.txt");
});
