import fc from "fast-check";
import { assertEquals, assertRejects, assertThrows } from "../../lib/assert.ts";
import { parseArgument, parseCall, parseKeywordArguments } from "./arguments.ts";
import { openInput, readLines } from "./input.ts";

function streamOf(
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(chunks);
}

function* cut(bytes: Uint8Array<ArrayBuffer>, size: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.slice(start, start + size);
}

Deno.test("lines are the same however the input is cut", async () => {
  const text = fc.stringMatching(/^[a-zé€😀 \n]{0,80}$/u);
  await fc.assert(fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (text, size) => {
    const bytes = new TextEncoder().encode(text);
    const lines = await Array.fromAsync(readLines(streamOf(cut(bytes, size))));
    const expected = text.split("\n")
      .map((line, index) => ({ number: index + 1, text: line }))
      .filter((line) => line.text.trim() !== "");
    assertEquals(lines, expected);
  }));
});

Deno.test("input that is not UTF-8 is refused by its line", async () => {
  const bytes = new Uint8Array([0x31, 0x0a, 0xff, 0xfe, 0x0a]);
  await assertRejects(() => Array.fromAsync(readLines(streamOf([bytes]))), /line 2 is not UTF-8/);
});

Deno.test("a file's lines are counted beforehand", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "[1]\n\n[2]\n[3]");
    const input = await openInput({ stdin: { isTerminal: false, readable: streamOf([]) } }, path);
    assertEquals(input.lines, 3);
    assertEquals((await Array.fromAsync(readLines(input.readable))).length, 3);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a word is JSON where it can be", () => {
  assertEquals(["1", "-2.5", "true", '"1"', "[1]", "hello", "1e", ""].map(parseArgument), [
    1,
    -2.5,
    true,
    "1",
    [1],
    "hello",
    "1e",
    "",
  ]);
  assertEquals(parseKeywordArguments('{"a": 1}'), { a: 1 });
  assertThrows(() => parseKeywordArguments("[1]"), /is an array, not an object/);
  assertThrows(() => parseKeywordArguments("{a: 1}"), /--kwargs is not JSON/);
});

Deno.test("a line is an array of arguments or an object of keyword arguments", () => {
  assertEquals(parseCall({ number: 1, text: "[1, [2]]" }), { args: [1, [2]] });
  assertEquals(parseCall({ number: 1, text: '{"a": 1}' }), { kwargs: { a: 1 } });
  assertThrows(() => parseCall({ number: 7, text: "3" }), /line 7 is a number/);
  assertThrows(() => parseCall({ number: 8, text: "x" }), /line 8 is not JSON/);
});
