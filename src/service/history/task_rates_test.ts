import { assertEquals } from "../../lib/assert.ts";
import { RATE_MINUTES, TaskRates } from "./task_rates.ts";

const MINUTE = 60_000;
const START = 29_000_000 * MINUTE;

Deno.test("tasks are counted in the minute of their end, the running one last", () => {
  const rates = new TaskRates();
  assertEquals(rates.perMinute("a", START), []);
  rates.add("a", START, 2);
  rates.add("a", START + 59_999, 1);
  rates.add("a", START + 2 * MINUTE, 5);
  const counts = rates.perMinute("a", START + 3 * MINUTE);
  assertEquals([counts.length, ...counts.slice(-4)], [RATE_MINUTES, 3, 0, 5, 0]);
  assertEquals(rates.recent("a", START + 3 * MINUTE), 8);
  assertEquals(rates.recent("a", START + 6 * MINUTE), 5);
  assertEquals(rates.perMinute("b", START), []);
});

Deno.test("what is half an hour old is forgotten, however long nobody looked", () => {
  const rates = new TaskRates();
  rates.add("a", START, 2);
  const last = rates.perMinute("a", START + (RATE_MINUTES - 1) * MINUTE);
  assertEquals(last, [2, ...Array(RATE_MINUTES - 1).fill(0)]);
  assertEquals(rates.perMinute("a", START + RATE_MINUTES * MINUTE), []);
  rates.add("a", START + 500 * MINUTE, 1);
  rates.add("a", START, 9);
  assertEquals(rates.recent("a", START + 500 * MINUTE), 1);
  assertEquals(rates.perMinute("a", START + 500 * MINUTE).reduce((sum, one) => sum + one), 1);
});
