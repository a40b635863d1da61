import { assertEquals } from "./assert.ts";
import { closest } from "./closest.ts";

const KEYS = ["workersPerNode", "maxAttempts", "public", "service"];

Deno.test("a typing mistake is recognised", () => {
  assertEquals(closest("workerPerNode", KEYS), "workersPerNode");
  assertEquals(closest("pubilc", KEYS), "public");
  assertEquals(closest("max_attempts", KEYS), "maxAttempts");
  assertEquals(closest("Service", KEYS), "service");
});

Deno.test("a word that is like none of them gives none", () => {
  assertEquals(closest("launcher", KEYS), undefined);
  assertEquals(closest("", KEYS), undefined);
  assertEquals(closest("x".repeat(100_000), KEYS), undefined);
});
