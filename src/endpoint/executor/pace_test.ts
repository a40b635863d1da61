import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { Pace } from "./pace.ts";

/** What it settles at when so many tasks can end in a millisecond. */
function settled(rate: number, pace = new Pace()): number {
  for (let round = 0; round < 100; round++) pace.observe(pace.limit, pace.limit / rate);
  return pace.limit;
}

Deno.test("it holds twenty milliseconds of work, however fast tasks end", () => {
  for (const rate of [20, 50, 100]) {
    assertTrue(Math.abs(settled(rate) - 20 * rate) <= 1, `${settled(rate)} at ${rate}`);
  }
  assertEquals(settled(0.001), 256);
});

Deno.test("it follows a rate that changes", () => {
  const pace = new Pace();
  assertTrue(settled(100, pace) > 1_900);
  assertTrue(settled(20, pace) < 410);
});

Deno.test("few tasks that end at once do not raise it", () => {
  const pace = new Pace();
  for (let round = 0; round < 100; round++) pace.observe(1, 1);
  assertEquals(pace.limit, 256);
});

Deno.test("one long pause does not take it down", () => {
  const pace = new Pace();
  const before = settled(50, pace);
  pace.observe(before, 500);
  assertTrue(pace.limit > before / 2, `${pace.limit} after ${before}`);
});
