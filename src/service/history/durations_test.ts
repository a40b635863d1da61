import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { Durations } from "./durations.ts";

Deno.test("a quantile is less than a tenth beside that of all tasks, also when sums are stored and added", () => {
  const times = fc.array(fc.integer({ min: 1, max: 500_000_000 }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(fc.property(times, fc.nat(200), fc.constantFrom(0.5, 0.95), (all, cut, share) => {
    const [first, second] = [new Durations(), new Durations()];
    for (const time of all.slice(0, cut)) first.add(time);
    for (const time of all.slice(cut)) second.add(time);
    const sum = Durations.of(first.entries());
    sum.addAll(second);
    const exact = all.toSorted((left, right) => left - right)[Math.ceil(all.length * share) - 1]!;
    assertTrue(Math.abs(sum.quantile(share)! * 1_000 / exact - 1) < 0.1);
  }));
  assertEquals(new Durations().quantile(0.5), null);
});
