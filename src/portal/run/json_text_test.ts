import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { parseJson } from "./json_text.ts";

Deno.test("any JSON is read as JSON.parse reads it", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    const value: unknown = JSON.parse(text);
    assertEquals(parseJson(text), { ok: true, value });
  }));
});

Deno.test("what JSON.parse refuses has a place", () => {
  fc.assert(fc.property(fc.json(), fc.nat(), fc.string(), (text, at, inserted) => {
    const place = at % (text.length + 1);
    const broken = text.slice(0, place) + inserted + text.slice(place + 1);
    const parsed = parseJson(broken);
    if (!parsed.ok) assertTrue(/^Line \d+, column \d+: |more digits/.test(parsed.message));
  }));
});

const FAULTS: readonly (readonly [string, string])[] = [
  ["[1, 2", "Line 1, column 6: a comma or ] is expected"],
  ["[1,\n 2,\n]", "Line 3, column 1: a value is expected"],
  ["{'a': 1}", "Line 1, column 2: a name in double quotes is expected"],
  ['{"a" 1}', "Line 1, column 6: a colon is expected"],
  ['["😀", x]', "Line 1, column 7: a value is expected"],
  ["1 2", "Line 1, column 3: nothing may follow the value"],
  ["[01]", "Line 1, column 3: a comma or ] is expected"],
  ["[NaN]", "Line 1, column 2: a value is expected"],
  ["", "Line 1, column 1: a value is expected"],
];

for (const [text, message] of FAULTS) {
  Deno.test(`the fault in ${JSON.stringify(text)} is found where it is`, () => {
    const parsed = parseJson(text);
    assertTrue(!parsed.ok && parsed.message.startsWith(message), JSON.stringify(parsed));
  });
}

Deno.test("an integer that would be rounded is refused, but not digits in text", () => {
  const parsed = parseJson("[12345678901234567890]");
  assertTrue(!parsed.ok && parsed.message.startsWith("12345678901234567890 has more digits"));
  assertTrue(parseJson('["12345678901234567890", 1e30, 0.12345678901234567890]').ok);
});
