import { assertEquals } from "../../lib/assert.ts";
import { wrapped, wrappedLines } from "./wrap.ts";

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

Deno.test("lines of a list are as long as others, with their indent", () => {
  const [first, second] = [`    ${"x".repeat(76)}`, `    ${"y ".repeat(38).trim()}`];
  assertEquals(wrappedLines(`${first} ${second} z`.replace(/ +/g, " ").trim(), 4), [
    first,
    second,
    "    z",
  ]);
});
