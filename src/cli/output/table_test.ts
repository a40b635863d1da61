import { assertEquals } from "../../lib/assert.ts";
import { fields, table } from "./table.ts";
import { displayWidth } from "./width.ts";

Deno.test("the list of endpoints looks as in the original", () => {
  const drawn = table(["Endpoint Name", "Status", "Endpoint ID"], [
    ["default", "Active", "1e999502-b434-49a2-a2e0-d925383d2dd4"],
    ["KNL_test", "Inactive", "8c01d13c-cfc1-42d9-96d2-52c51784ea16"],
    ["gpu_cluster", "Initialized", "None"],
  ]);
  assertEquals(
    drawn,
    `
+---------------+-------------+--------------------------------------+
| Endpoint Name |   Status    |             Endpoint ID              |
+===============+=============+======================================+
| default       | Active      | 1e999502-b434-49a2-a2e0-d925383d2dd4 |
+---------------+-------------+--------------------------------------+
| KNL_test      | Inactive    | 8c01d13c-cfc1-42d9-96d2-52c51784ea16 |
+---------------+-------------+--------------------------------------+
| gpu_cluster   | Initialized | None                                 |
+---------------+-------------+--------------------------------------+`.slice(1),
  );
});

Deno.test("wide characters keep the rules straight, control characters cannot break them", () => {
  const drawn = table(["Name"], [["温度"], ["a\x1b[2Jb\nc"]]);
  assertEquals(
    drawn,
    `
+----------+
|   Name   |
+==========+
| 温度     |
+----------+
| a\ufffd[2Jb c |
+----------+`.slice(1),
  );
});

Deno.test("a table without rows is its header", () => {
  assertEquals(table(["A"], []), "+---+\n| A |\n+===+");
});

Deno.test("fields stand under each other", () => {
  assertEquals(fields([["a", "1"], ["long", "2"]]), "a:    1\nlong: 2");
});

Deno.test("a text's width is that of its characters on a terminal", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["plain", 5],
    ["é", 1],
    ["e\u0301", 1],
    ["温度", 4],
    ["한글", 4],
    ["ﾊﾝ", 2],
    ["🚀x", 3],
    ["a\u200db", 2],
    ["𠀀", 2],
  ];
  for (const [text, width] of cases) assertEquals([text, displayWidth(text)], [text, width]);
});
