import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { MAX_WORKER_CREDITS } from "../../contract/limits.ts";
import { Credits } from "./credits.ts";

Deno.test("fast tasks raise the credits step by step, up to some milliseconds of work", () => {
  const credits = new Credits(2);
  const seen = [1, 2, 3].map(() => {
    credits.observe(2, 0.01, 0.01);
    return credits.limit;
  });
  assertEquals(seen, [4, 8, 16]);
  for (let round = 0; round < 20; round++) credits.observe(100, 1, 0.01);
  assertTrue(credits.limit > 400 && credits.limit <= MAX_WORKER_CREDITS);
  for (let round = 0; round < 20; round++) credits.observe(10, 10, 1);
  assertEquals(credits.limit, 9);
});

Deno.test("one slow task takes the credits back to the base", () => {
  const credits = new Credits(3);
  for (let round = 0; round < 5; round++) credits.observe(10, 0.1, 0.01);
  assertTrue(credits.limit > 50);
  credits.observe(10, 50, 49);
  assertEquals(credits.limit, 3);
  credits.observe(1, 10_000, 10_000);
  assertEquals(credits.limit, 3);
});
