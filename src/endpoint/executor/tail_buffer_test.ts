import fc from "fast-check";
import { assertEquals } from "../../lib/assert.ts";
import { TailBuffer } from "./tail_buffer.ts";

Deno.test("the last bytes are kept, whatever the pieces", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 30, max: 127 }));
  fc.assert(fc.property(pieces, fc.integer({ min: 1, max: 64 }), (all, limit) => {
    const buffer = new TailBuffer(limit);
    for (const piece of all) buffer.push(piece);
    const whole = all.flatMap((piece) => [...piece]);
    assertEquals([...buffer.bytes()], whole.slice(-limit));
    assertEquals(buffer.total, whole.length);
  }));
});

Deno.test("a character whose first bytes were dropped is left out", () => {
  const buffer = new TailBuffer(5);
  buffer.push(new TextEncoder().encode("é😀ab"));
  assertEquals(new TextDecoder().decode(buffer.bytes()), "ab");
});
