import { assertEquals } from "../../lib/assert.ts";
import { line } from "./progress_bar.ts";

Deno.test("the bar says how far it is, how fast, and how long it takes", () => {
  assertEquals(
    line({ value: 500, total: 2_000, seconds: 10 }, 80),
    "[#######.......................] 25 % 500/2000, 50/s, 30 s left",
  );
  assertEquals(line({ value: 0, total: 2, seconds: 0 }, 80), `[${".".repeat(30)}] 0 % 0/2, 0/s`);
  assertEquals(line({ value: 7, total: undefined, seconds: 2 }, 80), "7 tasks, 4/s");
  assertEquals(line({ value: 500, total: 2_000, seconds: 10 }, 20).length, 19);
});
