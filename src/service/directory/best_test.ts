import fc from "fast-check";
import { assertEquals } from "../../lib/assert.ts";
import { best } from "./best.ts";

Deno.test("the first of many are those that come first when all are ordered, equal ones as they came", () => {
  const items = fc.array(fc.record({ value: fc.nat(20), place: fc.nat() }));
  fc.assert(fc.property(items, fc.integer({ min: 1, max: 30 }), (all, count) => {
    const compare = (left: { value: number }, right: { value: number }): number =>
      left.value - right.value;
    assertEquals(best(all, count, compare), all.toSorted(compare).slice(0, count));
  }));
});
