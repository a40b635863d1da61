import { assertEquals } from "../../lib/assert.ts";
import type { FunctionSummary } from "../../contract/api.ts";
import { addressOfFilter, filterOfAddress, groupVersions, queryOfFilter } from "./function_list.ts";

function summary(function_uuid: string, function_name: string, owner = "ada"): FunctionSummary {
  return {
    function_uuid,
    function_name,
    owner,
    description: null,
    metadata: null,
    public: false,
    runtime: "python",
    created_at: 0,
  };
}

Deno.test("registrations of one owner under one name are one function, the newest first", () => {
  const listed = groupVersions([
    summary("5", "fit"),
    summary("4", "plot"),
    summary("3", "fit", "bob"),
    summary("2", "fit"),
  ]);
  assertEquals(listed.map(({ versions }) => versions.map((version) => version.function_uuid)), [
    ["5", "2"],
    ["4"],
    ["3"],
  ]);
});

Deno.test("a filter survives being written into an address", () => {
  const filter = { search: "a & b", runtime: "shell", owner: "me" } as const;
  const address = new URL(addressOfFilter(filter), "http://localhost");
  assertEquals(filterOfAddress(Object.fromEntries(address.searchParams)), filter);
  const all = filterOfAddress({ runtime: "cobol", owner: "they" });
  assertEquals(all, { search: "", runtime: "any", owner: "any" });
  assertEquals(addressOfFilter(all), "/functions");
  assertEquals(queryOfFilter(all), { search: undefined, runtime: undefined, owner: "any" });
});
