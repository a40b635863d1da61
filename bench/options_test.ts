import { assertEquals, assertMatch, assertTrue } from "../src/lib/assert.ts";
import { ROWS } from "./figures.ts";
import { type Options, parseOptions } from "./options.ts";

function parsed(...words: string[]): Options {
  const options = parseOptions(words);
  if (typeof options === "string") throw new Error(options);
  return options;
}

Deno.test("without options all rows are measured and written", () => {
  assertEquals(ROWS, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
  const options = parsed();
  assertEquals([...options.rows], [...ROWS]);
  assertEquals([options.repeats, options.peers, options.write], [5, false, true]);
});

Deno.test("a smoke run is made once and writes nothing", () => {
  const options = parsed("--smoke", "--rows", "2,7");
  assertEquals([...options.rows], [2, 7]);
  assertEquals([options.repeats, options.write], [1, false]);
  assertTrue(parsed("--peers", "--json", "--no-write").peers);
});

Deno.test("what makes no sense is refused", () => {
  for (
    const words of [["--rows", String(ROWS.length + 1)], ["--rows"], ["--repeats", "0"], ["--fast"]]
  ) {
    assertMatch(String(parseOptions(words)), /--rows|--repeats|--fast/);
  }
});
