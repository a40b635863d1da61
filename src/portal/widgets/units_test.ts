import { assertEquals } from "../../lib/assert.ts";
import { ageText, bytesText, countText, durationText, instantText, isoText } from "./units.ts";

Deno.test("durations have two units at most", () => {
  const texts = [0, 0.00042, 0.34, 2.44, 59.6, 200, 3_600, 187_200, -5].map(durationText);
  assertEquals(texts, [
    "0 ms",
    "0.42 ms",
    "340 ms",
    "2.4 s",
    "1 min",
    "3 min 20 s",
    "1 h",
    "2 d 4 h",
    "0 ms",
  ]);
});

Deno.test("ages have one unit, and none is in the future", () => {
  assertEquals([-3, 0.9, 59.9, 60, 7_199, 86_400].map(ageText), [
    "0 s",
    "0 s",
    "59 s",
    "1 min",
    "1 h",
    "1 d",
  ]);
});

Deno.test("bytes are in powers of 1,000", () => {
  assertEquals([0, 999, 1_000, 1_049_000, 999_600, 10_485_760].map(bytesText), [
    "0 B",
    "999 B",
    "1.0 kB",
    "1.0 MB",
    "1.0 MB",
    "10 MB",
  ]);
});

Deno.test("counts have a comma before each three digits", () => {
  assertEquals([0, 999, 1_000, 12_345, 999_999, 1_234_567].map(countText), [
    "0",
    "999",
    "1,000",
    "12,345",
    "999,999",
    "1,234,567",
  ]);
});

Deno.test("an instant is told in the reader's time zone", () => {
  const local = new Date(2026, 10, 27, 4, 3, 22);
  assertEquals(instantText(local.getTime() / 1_000), "27 Nov 2026, 04:03:22");
});

Deno.test("a time that no calendar has is told as it is", () => {
  assertEquals([isoText(0), isoText(1e13)], ["1970-01-01T00:00:00.000Z", undefined]);
  assertEquals(instantText(-1e13), "-10000000000000");
});
