import { assertEquals } from "../../lib/assert.ts";
import type { EndpointRecord } from "../../contract/api.ts";
import { type EndpointPages, newerOf, rowsOf, staleIn, withAnswer } from "./endpoint_pages.ts";

const ENDPOINT: EndpointRecord = {
  uuid: "",
  name: "",
  display_name: null,
  description: null,
  owner: "ada",
  public: false,
  status: "online",
  last_seen: 100,
  hostname: null,
  endpoint_version: null,
  runtimes: [],
  metadata: null,
  allowed_functions: null,
  details: null,
  queued_tasks: 0,
  created_at: 0,
};

/** One for each letter. */
const endpoints = (letters: string): EndpointRecord[] =>
  [...letters].map((uuid) => ({ ...ENDPOINT, uuid }));
const lettersOf = (pages: EndpointPages): string => rowsOf(pages).map(({ uuid }) => uuid).join("");

const LIST: EndpointPages = {
  parts: [
    { from: null, items: endpoints("bdf"), version: 0 },
    { from: "f", items: endpoints("hjl"), version: 0 },
    { from: "l", items: endpoints("npr"), version: 0 },
  ],
  next: "r",
};

Deno.test("a list grows at its end", () => {
  const answer = { items: endpoints("tv"), next_cursor: null };
  const list = withAnswer(LIST, 3, answer, { from: "r", version: 0 });
  assertEquals([lettersOf(list), list.next], ["bdfhjlnprtv", null]);
});

Deno.test("a part that is read again keeps those behind it, also with new rows in it", () => {
  const answer = { items: endpoints("abdfh"), next_cursor: "h" };
  const list = withAnswer(LIST, 0, answer, { from: null, version: 1 });
  assertEquals(lettersOf(list), "abdfhjlnpr");
  assertEquals([list.parts.length, list.next], [3, "r"]);
});

Deno.test("rows that are gone leave the part that is read again", () => {
  const answer = { items: endpoints("fhjl"), next_cursor: "l" };
  const list = withAnswer(LIST, 0, answer, { from: null, version: 1 });
  assertEquals(lettersOf(list), "fhjlnpr");
});

Deno.test("where so many are new that the parts do not meet, what lies between is read next", () => {
  const first = { items: endpoints("1234"), next_cursor: "4" };
  const list = withAnswer(LIST, 0, first, { from: null, version: 1 });
  const gap = staleIn(list, new Set(), 1);
  assertEquals([gap, list.parts[gap]!.from], [1, "4"]);
  const between = { items: endpoints("bdfh"), next_cursor: "h" };
  const whole = withAnswer(list, gap, between, { from: "4", version: 1 });
  assertEquals(lettersOf(whole), "1234bdfhjlnpr");
  assertEquals(staleIn(whole, new Set(), 1), -1);
});

Deno.test("a row that has moved up is there once, and cuts nothing off", () => {
  const answer = { items: endpoints("bpdfh"), next_cursor: "h" };
  const list = withAnswer(LIST, 0, answer, { from: null, version: 1 });
  assertEquals(lettersOf(list), "bpdfhjlnr");
});

Deno.test("a part behind which there is nothing more ends the list", () => {
  const answer = { items: endpoints("hj"), next_cursor: null };
  const list = withAnswer(LIST, 1, answer, { from: "f", version: 1 });
  assertEquals([lettersOf(list), list.next], ["bdfhj", null]);
});

Deno.test("only what somebody looks at is read again", () => {
  assertEquals(staleIn(LIST, new Set(["j", "p"]), 1), 1);
  assertEquals(staleIn(LIST, new Set(["j"]), 0), -1);
  assertEquals(staleIn(LIST, new Set(["z"]), 1), -1);
  const empty = { parts: [{ from: null, items: [], version: 0 }], next: null };
  assertEquals(staleIn(empty, new Set(), 1), 0);
});

Deno.test("what was told last counts", () => {
  const change: EndpointRecord = { ...ENDPOINT, status: "offline" };
  assertEquals(newerOf(ENDPOINT, change), change);
  assertEquals(newerOf({ ...ENDPOINT, last_seen: 101 }, change).status, "online");
  assertEquals(newerOf(ENDPOINT, undefined), ENDPOINT);
});
