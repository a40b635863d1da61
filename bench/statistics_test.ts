import { assertEquals, assertThrows } from "../src/lib/assert.ts";
import { median, quantile, summarize } from "./statistics.ts";

Deno.test("a summary does not depend on the order, nor change it", () => {
  const values = [3, 1, 2, 10];
  assertEquals(summarize(values), { median: 2.5, min: 1, max: 10 });
  assertEquals(values, [3, 1, 2, 10]);
  assertEquals(median([9, 1, 5]), 5);
});

Deno.test("the 99th percentile of a hundred values is the largest", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assertEquals(quantile(values, 0.99), 100);
  assertEquals(quantile(values, 0.5), 51);
  assertEquals(quantile([7], 0.99), 7);
});

Deno.test("nothing has no median", () => {
  assertThrows(() => median([]), /of no values/);
  assertThrows(() => quantile([], 0.5), /of no values/);
});
