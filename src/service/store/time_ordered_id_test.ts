import { isUuid } from "../../contract/ids.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { timeOrderedId } from "./time_ordered_id.ts";

Deno.test("ids are UUIDs of version 7, all different and in order, within a millisecond too", () => {
  const now = Date.now() + 1_000;
  const ids = Array.from({ length: 10_000 }, () => timeOrderedId(now));
  assertTrue(ids.every((id) => isUuid(id) && id[14] === "7" && /[89ab]/.test(id[19]!)));
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(ids.toSorted(), ids);
  const time = parseInt(ids[0]!.replaceAll("-", "").slice(0, 12), 16);
  assertEquals(time, now);
});

Deno.test("a clock that goes back does not", () => {
  const later = timeOrderedId(Date.now() + 60_000);
  assertTrue(timeOrderedId(Date.now()) > later);
});
