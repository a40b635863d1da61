import { assertEquals } from "../../lib/assert.ts";
import { readLiteral } from "./literal.ts";

Deno.test("values that are written out are read, of both languages", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["1", 1],
    [" -2.5e-3 ", -0.0025],
    [".5", 0.5],
    ["1_000.", 1000],
    ["'it\\'s'", "it's"],
    ['"a\\n\\\\"', "a\n\\"],
    ["True", true],
    ["None", null],
    ["[1, 'a', [],]", [1, "a", []]],
    ["(1)", 1],
    ["(1,)", [1]],
    ["()", []],
    ["{'a': 1, b: {}}", { a: 1, b: {} }],
  ];
  for (const [text, value] of cases) assertEquals([text, readLiteral(text)], [text, { value }]);
});

Deno.test("what has to be computed is no literal", () => {
  const texts = [
    "",
    "1 + 1",
    "f()",
    "x",
    "undefined",
    "f'{x}'",
    "'\\u0041'",
    '"""a"""',
    "[1",
    "[,]",
  ];
  const more = ["{1: 2}", "1n", "0x10", "1e999", "`${a}`", "[".repeat(1_000)];
  for (const text of [...texts, ...more]) {
    assertEquals([text, readLiteral(text)], [text, undefined]);
  }
});
