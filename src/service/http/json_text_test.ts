import fc from "fast-check";
import { assertEquals, assertThrows } from "../../lib/assert.ts";
import { parseJsonText } from "./json_text.ts";

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

Deno.test("JSON is read up to the depth that is allowed", () => {
  assertEquals(parseJsonText(nested(64), 64), JSON.parse(nested(64)));
  assertThrows(() => parseJsonText(nested(65), 64), /nests deeper than 64 levels/);
  assertThrows(() => parseJsonText("[".repeat(20_000_000), 64), /nests deeper/);
});

Deno.test("brackets inside strings are not nesting", () => {
  const value = { a: "[[[[[[", "{{{": ['"[[[[', "\\", '\\"[[['] };
  assertEquals(parseJsonText(JSON.stringify(value), 2), value);
});

Deno.test("text that is not JSON is refused with its place", () => {
  assertThrows(() => parseJsonText('{"a": 1,}', 64), /not JSON: .*position/);
  assertThrows(() => parseJsonText('{"a": "b', 64), /not JSON/);
  assertThrows(() => parseJsonText("", 64), /not JSON/);
});

Deno.test("counting agrees with the parser on any value", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
    const text = JSON.stringify(value);
    const depth = depthOf(JSON.parse(text));
    assertEquals(parseJsonText(text, depth), JSON.parse(text));
    if (depth > 0) assertThrows(() => parseJsonText(text, depth - 1), /nests deeper/);
  }));
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
