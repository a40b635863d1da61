import { assertEquals } from "../../lib/assert.ts";
import { sparklinePath } from "./sparkline.ts";

Deno.test("a sparkline spans its box from the first value to the last", () => {
  assertEquals(sparklinePath([0, 5, 10], 20, 10), "M0 10L10 5L20 0");
});

Deno.test("a sparkline of nothing lies at the bottom", () => {
  assertEquals(sparklinePath([0, 0], 20, 10), "M0 10L20 10");
  assertEquals(sparklinePath([3], 20, 10), undefined);
  assertEquals(sparklinePath([], 20, 10), undefined);
});
