import { assertEquals } from "../../lib/assert.ts";
import {
  addressOfFilter,
  ALL_ENDPOINTS,
  directionOf,
  type EndpointFilter,
  filterOfAddress,
  isFiltered,
  sortedBy,
} from "./endpoint_filter.ts";

const FILTER: EndpointFilter = {
  search: "a & b",
  status: "online",
  owner: "me",
  site: "site/ä=1",
  runtime: "python",
  order: "queue",
  reverse: true,
  grouped: true,
};

Deno.test("an address keeps all of a filter, and nothing of the plain list", () => {
  const query = Object.fromEntries(new URLSearchParams(addressOfFilter(FILTER)));
  assertEquals(filterOfAddress(query), FILTER);
  assertEquals(addressOfFilter(ALL_ENDPOINTS), "");
  assertEquals(isFiltered(FILTER), true);
  assertEquals(isFiltered(filterOfAddress({ order: "queue", group: "site" })), false);
});

Deno.test("what makes no sense in an address is left out", () => {
  const filter = filterOfAddress({ status: "asleep", order: "colour", owner: "you", search: "" });
  assertEquals(addressOfFilter(filter), "");
});

Deno.test("a second click on a column turns it round", () => {
  const once = sortedBy(ALL_ENDPOINTS, "queue");
  assertEquals([once.order, directionOf(once, "queue")], ["queue", "descending"]);
  const twice = sortedBy(once, "queue");
  assertEquals(directionOf(twice, "queue"), "ascending");
  assertEquals(directionOf(sortedBy(twice, "queue"), "queue"), "descending");
  assertEquals(directionOf(ALL_ENDPOINTS, "name"), "ascending");
  assertEquals(directionOf(ALL_ENDPOINTS, "queue"), undefined);
});
