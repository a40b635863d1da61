import { ENDPOINT_LOCK_TIME } from "../../contract/limits.ts";
import { assertEquals, assertThrows } from "../../lib/assert.ts";
import { EndpointLocks } from "./endpoint_locks.ts";

Deno.test("a lock ends by itself, and nothing is left of it", () => {
  let now = 1_000;
  const locks = new EndpointLocks(() => now);
  assertEquals(locks.lock("a"), 1_000 + ENDPOINT_LOCK_TIME);
  now += 1;
  locks.lock("b");
  now += 1;
  locks.lock("a");
  now = 1_001 + ENDPOINT_LOCK_TIME;
  locks.requireOpen("b");
  assertThrows(() => locks.requireOpen("a"), /stopped from afar/);
  assertEquals(locks.size, 1);
  now += 1;
  locks.requireOpen("a");
  assertEquals(locks.size, 0);
});
