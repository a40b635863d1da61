import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { lastBlocks, TerminalText } from "./terminal_text.ts";

function shown(...pieces: readonly string[]): string {
  const text = new TerminalText(1_000_000);
  for (const piece of pieces) text.write(piece);
  return text.blocks.map((block) => block.kind === "lines" ? block.text : "[gap]").join("") +
    text.tail;
}

Deno.test("a progress bar is one line, however often it is drawn", () => {
  assertEquals(shown("start\n 10 %\r 20 %", "\r100 %\ndone\n"), "start\n100 %\ndone\n");
  assertEquals(shown("one\r\ntwo\r\n"), "one\ntwo\n");
});

Deno.test("what is longer than what is written over it stays, unless it is erased", () => {
  assertEquals(shown("abcdef\rxy"), "xycdef");
  assertEquals(shown("abcdef\rxy\x1b[K"), "xy");
  assertEquals(shown("abcdef\x1b[2K\rxy"), "xy    ");
  assertEquals(shown("abc\b\bX"), "aXc");
});

Deno.test("escape sequences do not show, also when they come in two pieces", () => {
  assertEquals(shown("\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain"), "red plain");
  assertEquals(shown("a\x1b", "[31", "mb"), "ab");
});

Deno.test("other control characters become visible, also those that turn text around", () => {
  assertEquals(shown("a\0b\x07c\x7f\td"), "a␀b␇c␡\td");
  assertEquals(shown("a\u202eb\u0085"), "a⟨U+202E⟩b⟨U+0085⟩");
  assertEquals(shown("<b>no HTML</b>"), "<b>no HTML</b>");
});

Deno.test("an escape sequence without an end hides no more than its own begin", () => {
  const text = `\x1b]${"x".repeat(100)}`;
  assertTrue(shown(text).includes("x".repeat(100)));
});

Deno.test("only the last characters are kept, and what went is counted", () => {
  const text = new TerminalText(10_000);
  for (let line = 0; line < 2_000; line++) text.write(`line ${line}\n`);
  assertTrue(text.characters <= 10_000 && text.dropped > 5_000);
  const last = text.blocks.at(-1);
  assertTrue(last?.kind === "lines" && (last.text + text.tail).includes("line 1999\n"));
});

Deno.test("a line without an end is cut into lines", () => {
  const text = new TerminalText(100_000);
  for (let piece = 0; piece < 1_000; piece++) text.write("x".repeat(1_000));
  assertTrue(text.characters <= 100_000);
});

Deno.test("a gap stands where bytes are missing", () => {
  const text = new TerminalText(1_000);
  text.write("before\nhalf");
  text.gap(12);
  text.write("after");
  const [lines, gap] = text.blocks;
  assertEquals(lines, { kind: "lines", id: 0, text: "before\nhalf\n" });
  assertEquals(gap, { kind: "gap", id: 1, bytes: 12 });
  assertEquals(text.tail, "after");
});

Deno.test("the last blocks are those within the limit, and one at least", () => {
  const text = new TerminalText(1_000_000);
  for (let line = 0; line < 1_000; line++) text.write(`${"x".repeat(99)}\n`);
  assertEquals(lastBlocks(text.blocks, 20_000).length, 2);
  assertEquals(lastBlocks(text.blocks, 1).length, 1);
  assertEquals(lastBlocks([], 1), []);
});
