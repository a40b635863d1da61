import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { MAX_WORKER_CREDITS } from "../../contract/limits.ts";
import { Credits } from "./credits.ts";

/** After many tasks of one duration, milliseconds. */
function settled(base: number, duration: number): Credits {
  const credits = new Credits(base);
  for (let round = 0; round < 20; round++) credits.observe(10, 10 * duration, duration);
  return credits;
}

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

Deno.test("a worker holds about 10 ms of work, or one task ahead; nothing behind long tasks", () => {
  const limits = [0.1, 1, 4, 10, 100, 900, 1_100].map((duration) => settled(1, duration).limit);
  assertEquals(limits, [90, 9, 2, 2, 2, 2, 1]);
  assertEquals([1, 100, 10_000].map((duration) => settled(4, duration).limit), [9, 4, 4]);
});

Deno.test("what is at hand besides is bounded in time", () => {
  const reserves = [0.001, 0.1, 1, 4, 11, 1_000].map((duration) => settled(1, duration).reserve);
  assertEquals(reserves, [909, 90, 9, 2, 0, 0]);
  assertEquals(new Credits(5).reserve, 0);
});

Deno.test("one slow task takes the credits back", () => {
  const credits = settled(3, 0.01);
  assertTrue(credits.limit > 50);
  credits.observe(10, 50, 49);
  assertEquals(credits.limit, 3);
  credits.observe(1, 10_000, 10_000);
  assertEquals(credits.limit, 3);
});

Deno.test("a task that takes far longer than others did is waited for by none", () => {
  assertEquals([new Credits(1).patience, settled(1, 100).patience], [50, 350]);
  const credits = settled(1, 1);
  credits.withdraw();
  assertEquals(credits.limit, 1);
  credits.observe(1, 1, 1);
  assertEquals(credits.limit, 2);
});
