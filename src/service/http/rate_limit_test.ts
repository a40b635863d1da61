import fc from "fast-check";
import { assertEquals, assertThrows, assertTrue } from "../../lib/assert.ts";
import { RateLimiter, RateLimitError } from "./rate_limit.ts";

/** Seconds after which the request may come again; 0 when it was taken. */
function outcome(limiter: RateLimiter, user: string, now: number): number {
  try {
    limiter.take(user, now);
    return 0;
  } catch (thrown) {
    if (thrown instanceof RateLimitError) return thrown.retryAfter;
    throw thrown;
  }
}

Deno.test("a burst is taken, then as many as come back", () => {
  const limiter = new RateLimiter({ requests: 20, seconds: 10 });
  const burst = Array.from({ length: 22 }, () => outcome(limiter, "ada", 0));
  assertEquals(burst, [...new Array(20).fill(0), 1, 1]);
  assertEquals([outcome(limiter, "ada", 499), outcome(limiter, "ada", 500)], [1, 0]);
  assertEquals(outcome(limiter, "ada", 500), 1);
  const later = Array.from({ length: 21 }, () => outcome(limiter, "ada", 20_000));
  assertEquals(later, [...new Array(20).fill(0), 1]);
});

Deno.test("each user has a bucket of his own", () => {
  const limiter = new RateLimiter({ requests: 1, seconds: 60 });
  assertEquals(["ada", "ada", "bob"].map((user) => outcome(limiter, user, 0)), [0, 60, 0]);
});

Deno.test("who comes when he was told to is taken", () => {
  const limit = fc.record({
    requests: fc.integer({ min: 1, max: 1_000 }),
    seconds: fc.integer({ min: 1, max: 3_600 }),
  });
  const start = fc.integer({ min: 0, max: 2 ** 41 });
  fc.assert(fc.property(limit, start, (one, now) => {
    const limiter = new RateLimiter(one);
    for (let count = 0; count < one.requests; count++) limiter.take("ada", now);
    const wait = outcome(limiter, "ada", now);
    assertTrue(wait >= 1 && wait <= one.seconds, String(wait));
    assertEquals(outcome(limiter, "ada", now + wait * 1_000), 0);
  }));
});

Deno.test("no period of any length has more than a full bucket and what came back", () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
  fc.assert(fc.property(pauses, (list) => {
    const limiter = new RateLimiter({ requests: 3, seconds: 1 });
    const taken: number[] = [];
    let now = 0;
    for (const pause of list) {
      now += pause;
      if (outcome(limiter, "ada", now) === 0) taken.push(now);
    }
    taken.forEach((from, first) => {
      const most = (at: number): number => 3 + 3 * (at - from) / 1_000;
      taken.slice(first).forEach((at, nth) => assertTrue(nth + 1 <= most(at) + 1e-6));
    });
  }));
});

Deno.test("users who are away are forgotten", () => {
  const limiter = new RateLimiter({ requests: 2, seconds: 1 });
  for (let user = 0; user < 1_000; user++) limiter.take(`user ${user}`, user);
  assertTrue(limiter.size <= 1_000);
  limiter.take("last", 10_000);
  assertEquals(limiter.size, 1);
});

Deno.test("a clock that is set back locks nobody out", () => {
  const limiter = new RateLimiter({ requests: 1, seconds: 10 });
  limiter.take("ada", 1_000_000);
  assertEquals([outcome(limiter, "ada", 0), outcome(limiter, "ada", 10_000)], [10, 0]);
});

Deno.test("the refusal says what the limit is and what to do", () => {
  const limiter = new RateLimiter({ requests: 1, seconds: 10 });
  limiter.take("ada", 0);
  assertThrows(() => limiter.take("ada", 0), /1 requests in 10 s from each user/);
});
