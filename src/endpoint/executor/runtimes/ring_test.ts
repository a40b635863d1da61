import fc from "fast-check";
import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { newRing, RingTaker, RingWriter } from "./ring.ts";

const CAPACITY = 64;

Deno.test("what is written comes out, in order and whole, through any number of wraps", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: CAPACITY / 2 - 1 }), { maxLength: 60 });
  fc.assert(fc.property(lengths, fc.infiniteStream(fc.boolean()), (all, takes) => {
    const memory = newRing(CAPACITY);
    const taker = new RingTaker(memory);
    const taken: number[] = [];
    const take = (): void => void taken.push(...taker.take());
    // A full ring is emptied from the writer's own call: both ends are on one thread here.
    const writer = new RingWriter(memory, take);
    const written: number[] = [];
    for (const [index, length] of all.entries()) {
      const position = writer.reserve(length);
      writer.bytes.fill(index, position, position + length);
      writer.commit(position + length);
      written.push(...Array<number>(length).fill(index));
      if (takes.next().value) take();
    }
    take();
    assertTrue(taker.isEmpty);
    assertEquals(taken, written);
  }));
});

Deno.test("what is reserved but not committed is not seen", () => {
  const memory = newRing(CAPACITY);
  const writer = new RingWriter(memory, () => {});
  writer.reserve(10);
  assertEquals(new RingTaker(memory).take().length, 0);
});
