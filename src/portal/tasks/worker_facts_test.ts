import { assertEquals } from "../../lib/assert.ts";
import { workerFacts } from "./worker_facts.ts";

Deno.test("where it ran comes first, what is unknown after it by the alphabet", () => {
  const facts = workerFacts({
    zone: { rack: 7 },
    pid: 42,
    duration: 0.07083935546875,
    hostname: "node-17",
  });
  assertEquals(facts.map(({ name, text }) => `${name}: ${text}`), [
    "hostname: node-17",
    "pid: 42",
    "duration: 71 ms",
    'zone: {"rack":7}',
  ]);
});

Deno.test("an odd worker does not flood the page", () => {
  const [fact] = workerFacts({ note: "x".repeat(10_000) });
  assertEquals([fact?.text.length, workerFacts(null)], [501, []]);
});
