import { assertEquals } from "./assert.ts";
import { Backoff } from "./backoff.ts";

const options = { initial: 100, maximum: 1_000, minimumUptime: 5_000, random: () => 0.999_999 };

Deno.test("delays double up to the maximum", () => {
  const backoff = new Backoff(options);
  assertEquals([0, 0, 0, 0, 0, 0].map(() => backoff.next()), [100, 200, 400, 800, 1_000, 1_000]);
});

Deno.test("delays start again only after the minimum uptime", () => {
  const backoff = new Backoff(options);
  backoff.next();
  backoff.next();
  backoff.connectionEnded(4_999);
  assertEquals(backoff.next(), 400);
  backoff.connectionEnded(5_000);
  assertEquals(backoff.next(), 100);
});
