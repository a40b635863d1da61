import { assertEquals } from "../../lib/assert.ts";
import type { TaskSummary } from "../../contract/api.ts";
import {
  addressOfFilter,
  filterOfAddress,
  fits,
  isFiltered,
  localTimeText,
  queryOfFilter,
  secondsOfLocalTime,
} from "./task_filter.ts";

const ID = "0190a6a0-0000-7000-8000-000000000001";
const OTHER = "0190a6a0-0000-7000-8000-000000000002";

function filterOf(address: string): ReturnType<typeof filterOfAddress> {
  return filterOfAddress(Object.fromEntries(new URLSearchParams(address)));
}

const task: TaskSummary = {
  task_id: ID,
  task_group_id: ID,
  function_id: ID,
  function_name: "f",
  endpoint_id: ID,
  endpoint_name: "e",
  status: "running",
  attempt: 1,
  created_at: 10_000,
  completed_at: null,
};

Deno.test("an address says all of a filter, there and back", () => {
  const addresses = [
    "",
    "state=failed",
    "finished=no",
    `endpoint=${ID}&function=${OTHER}&group=${ID}`,
    "time=hour",
    "time=today",
    "time=custom&since=1000&until=2000",
    "time=custom&until=2000",
  ];
  assertEquals(addresses.map((address) => addressOfFilter(filterOf(address))), addresses);
});

Deno.test("what makes no sense in an address is left out", () => {
  const filter = filterOf("state=lost&finished=maybe&endpoint=me&time=soon&since=1e9");
  assertEquals([addressOfFilter(filter), isFiltered(filter)], ["", false]);
});

Deno.test("a moving span is told by the clock, as whole seconds", () => {
  assertEquals(queryOfFilter(filterOf("time=hour"), 10_000.7).since, 6_400);
  const { since, until } = queryOfFilter(filterOf("time=custom&since=5&until=9"), 10_000);
  assertEquals([since, until], [5, 9]);
  const noon = new Date(2026, 10, 27, 12).getTime() / 1_000;
  const midnight = new Date(2026, 10, 27).getTime() / 1_000;
  assertEquals(queryOfFilter(filterOf("time=today"), noon).since, midnight);
});

Deno.test("a year that is being typed stays as it is, and is asked for as 1970", () => {
  for (
    const text of ["0002-11-27T13:05", "0202-01-01T00:00", "2026-11-27T13:05", "20261-01-01T00:00"]
  ) {
    const since = secondsOfLocalTime(text);
    const address = addressOfFilter({ span: { kind: "custom", since } });
    const { span } = filterOf(address);
    assertEquals(span, { kind: "custom", since, until: undefined });
    assertEquals(localTimeText(since), text);
  }
  assertEquals(queryOfFilter(filterOf("time=custom&since=-62075502000"), 10_000).since, 0);
});

Deno.test("a task fits until one thing of it does not", () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ["", true],
    ["state=running", true],
    ["state=failed", false],
    ["finished=no", true],
    ["finished=yes", false],
    [`endpoint=${ID}`, true],
    [`endpoint=${OTHER}`, false],
    [`function=${OTHER}`, false],
    [`group=${OTHER}`, false],
    ["time=hour", true],
    ["time=custom&since=10001", false],
    ["time=custom&since=10000&until=10000", false],
    ["time=custom&until=10001", true],
  ];
  assertEquals(
    cases.map(([address]) => fits(filterOf(address), task, 12_000)),
    cases.map(([, expected]) => expected),
  );
});

Deno.test("a time of an input comes back from it", () => {
  const seconds = 1_795_740_000;
  assertEquals(secondsOfLocalTime(localTimeText(seconds)), seconds);
  assertEquals([localTimeText(undefined), secondsOfLocalTime("")], ["", undefined]);
});
