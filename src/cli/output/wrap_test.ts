import { assertEquals } from "../../lib/assert.ts";
import { wrapped } from "./wrap.ts";

Deno.test("long lines are broken between words, indented ones are kept", () => {
  const long = Array.from({ length: 30 }, (_, index) => `word${index}`).join(" ");
  const indented = ` ${"x ".repeat(60)}`;
  const lines = wrapped(`${long}\n${indented}\nshort`).split("\n");
  assertEquals(lines.slice(0, -2).join(" "), long);
  assertEquals(lines.slice(0, -2).every((line) => line.length <= 80), true);
  assertEquals(lines.slice(-2), [indented, "short"]);
});

Deno.test("a word that is too long has a line of its own", () => {
  const word = "y".repeat(100);
  assertEquals(wrapped(`a ${word} b`), `a\n${word}\nb`);
});
