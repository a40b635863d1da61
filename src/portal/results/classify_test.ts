import fc from "fast-check";
import { jsonBuffer, writeBuffer } from "../../contract/envelope.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { viewsOf } from "./classify.ts";
import { jsonOf, parseExactly, readResult } from "./read_result.ts";
import { isolatedPage } from "./isolated_page.ts";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const CASES: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["text", "hello", ["text"]],
  ["a number", 4.5, ["quantity"]],
  ["null", null, ["quantity"]],
  ["a quantity", { value: 3.2, unit: "eV" }, ["quantity", "tree", "source"]],
  ["a shell result", { returncode: 0, stdout: "a", stderr: "" }, ["streams", "tree", "source"]],
  ["numbers", [1, 2, 3.5], ["plot", "tree", "source"]],
  ["x and y", { x: [1, 2], y: [3, 4] }, ["plot", "table", "tree", "source"]],
  ["records", [{ a: 1 }, { b: "x" }], ["table", "tree", "source"]],
  ["rows", [["a", 1], ["b", 2]], ["table", "tree", "source"]],
  ["rows of unlike length", [["a", 1], ["b"]], ["tree", "source"]],
  ["a split frame", { columns: ["a"], index: [0], data: [[1]] }, ["table", "tree", "source"]],
  ["a PNG in base64", PNG, ["image", "text"]],
  ["a data URL", `data:image/png;base64,${PNG}`, ["image", "text"]],
  ["a typed image", { mime: "image/png", data: PNG }, ["image", "tree", "source"]],
  ["an image that is none", { mime: "image/png", data: "x" }, ["tree", "source"]],
  ["a PNG that was cut off", PNG.slice(0, 65), ["text"]],
  ["a PNG without its padding", PNG.slice(0, 66), ["image", "text"]],
  ["a PNG with too much padding", `${PNG.slice(0, 65)}=`, ["text"]],
  ["SVG", "<svg xmlns='x'><script/></svg>", ["image", "text"]],
  ["HTML", "<!DOCTYPE html><p>x", ["html", "text"]],
  ["a bundle", { "text/html": "<b>x</b>", "text/plain": "x" }, ["html", "text", "tree", "source"]],
  ["an empty array", [], ["tree", "source"]],
];

for (const [name, value, kinds] of CASES) {
  Deno.test(`views of ${name}`, () => {
    assertEquals(viewsOf(value).map(({ kind }) => kind), kinds);
  });
}

Deno.test("every JSON value has a view", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assertTrue(viewsOf(JSON.parse(JSON.stringify(value))).length > 0);
  }));
});

Deno.test("buffers are what their headers say", () => {
  assertEquals(readResult(jsonBuffer([1])).kind, "value");
  assertEquals(readResult(jsonBuffer([1]), 2).kind, "long");
  assertEquals(readResult(writeBuffer({ header: "00", body: "gASV" })).kind, "opaque");
  assertEquals(readResult("11\n{").kind, "malformed");
  assertEquals(readResult("").kind, "malformed");
  const sha256 = "a".repeat(64);
  const blob = writeBuffer({ header: "bl", body: JSON.stringify({ sha256, size: 9 }) });
  assertEquals(readResult(blob), { kind: "blob", blob: { sha256, size: 9 } });
});

Deno.test("large integers keep their digits", () => {
  const text = '{"seed":12345678901234567890,"x":0.1,"t":"12345678901234567890"}';
  assertEquals((parseExactly(text) as { seed: bigint }).seed, 12345678901234567890n);
  assertEquals(jsonOf(parseExactly(text), 0), text);
});

Deno.test("HTML stands behind the policy that lets it load nothing", () => {
  const page = isolatedPage("<script>x</script>");
  assertTrue(page.indexOf("default-src 'none'") < page.indexOf("<script>"));
});
