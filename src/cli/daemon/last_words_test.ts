import { assertEquals } from "../../lib/assert.ts";
import { lastWords } from "./last_words.ts";

Deno.test("the last error and its hint are the last words", () => {
  const output = "starting\nerror: first\nhint: a\nerror: disk full\nhint: free some space\nbye\n";
  assertEquals(lastWords(output), { message: "disk full", hint: "free some space" });
});

Deno.test("an error without a hint has none", () => {
  assertEquals(lastWords("hint: of nothing\nerror: broken\n"), {
    message: "broken",
    hint: undefined,
  });
});

Deno.test("without an error it is the last line, and of nothing nothing", () => {
  assertEquals(lastWords("one\nSegmentation fault\n\n"), { message: "Segmentation fault" });
  assertEquals(lastWords("\n \n"), {});
});
