import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { MAX_TASK_OUTPUT_BYTES } from "../../contract/limits.ts";
import { OutputStream } from "./output_stream.ts";

function shown({ text }: OutputStream): string {
  return text.blocks.map((block) => block.kind === "lines" ? block.text : `[${block.bytes}]`)
    .join("") + text.tail;
}

Deno.test("bytes that never came leave a gap, counted as bytes and not as characters", () => {
  const stream = new OutputStream();
  stream.piece(0, "é\n");
  stream.piece(3, "b\n");
  stream.piece(15, "c\n");
  assertEquals(shown(stream), "é\nb\n[10]c\n");
  assertEquals(stream.raw, "é\nb\nc\n");
});

Deno.test("the end brings what did not come live", () => {
  const stream = new OutputStream();
  stream.piece(0, "one\n");
  stream.piece(8, "three\n");
  stream.end("one\ntwo\nthree\nfour\n");
  assertEquals(shown(stream), "one\ntwo\nthree\nfour\n");
});

Deno.test("an end without output leaves what came live: the worker was lost", () => {
  const stream = new OutputStream();
  stream.piece(0, "last words\n");
  stream.end("");
  assertEquals(shown(stream), "last words\n");
});

Deno.test("what a new attempt writes takes the place of what the one before wrote", () => {
  const stream = new OutputStream();
  stream.piece(0, "first attempt\n");
  stream.attemptBegan();
  stream.piece(0, "second\n");
  stream.piece(7, "goes on\n");
  assertEquals(shown(stream), "second\ngoes on\n");
});

Deno.test("output that comes before the news of its attempt stays", () => {
  const stream = new OutputStream();
  stream.piece(0, "line 0\n");
  stream.attemptBegan();
  assertEquals(shown(stream), "line 0\n");
  stream.piece(7, "line 1\n");
  assertEquals(shown(stream), "line 0\nline 1\n");
});

Deno.test("of an endless stream as much is kept as the service keeps", () => {
  const stream = new OutputStream();
  const line = `${"x".repeat(999)}\n`;
  for (let count = 0; count < 3_000; count++) stream.piece(count * 1_000, line);
  assertTrue(stream.text.characters <= MAX_TASK_OUTPUT_BYTES);
  assertTrue(stream.raw.length <= MAX_TASK_OUTPUT_BYTES + line.length);
  const before = stream.text;
  stream.end(line.repeat(1_049).slice(-MAX_TASK_OUTPUT_BYTES));
  assertTrue(stream.text === before, "what is shown is what the end has");
});
