import { assertEquals } from "../lib/assert.ts";
import { abbreviated, duration, instant, size } from "./format.ts";

Deno.test("durations have two units at most", () => {
  const cases: [number, string][] = [
    [-5, "0 ms"],
    [0.4, "0 ms"],
    [850, "850 ms"],
    [1_000, "1.0 s"],
    [4_249, "4.2 s"],
    [9_960, "10 s"],
    [59_400, "59 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [3_600_000, "1 h"],
    [8_040_000, "2 h 14 min"],
    [788_400_000, "9 d 3 h"],
  ];
  for (const [milliseconds, text] of cases) assertEquals(duration(milliseconds), text);
});

Deno.test("sizes keep two or three digits", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [512, "512 B"],
    [1_000, "1.0 kB"],
    [999_600, "1.0 MB"],
    [3_440_000, "3.4 MB"],
    [120_000_000, "120 MB"],
    [5e15, "5000 TB"],
  ];
  for (const [bytes, text] of cases) assertEquals(size(bytes), text);
});

Deno.test("an instant is told in the user's time zone", () => {
  const date = new Date(2026, 4, 9, 7, 29, 3);
  assertEquals(instant(date.getTime()), "2026-05-09 07:29:03");
});

Deno.test("a path in the home folder is told with ~", () => {
  assertEquals(abbreviated("/home/ada/.funcx/default", "/home/ada"), "~/.funcx/default");
  assertEquals(abbreviated("/home/ada/x", "/home/ada/"), "~/x");
  assertEquals(abbreviated("/home/adam/x", "/home/ada"), "/home/adam/x");
  assertEquals(abbreviated("/home/ada/x", undefined), "/home/ada/x");
  assertEquals(abbreviated("/x", "/"), "/x");
});
