import { assertEquals } from "../../lib/assert.ts";
import { python, signatureOf } from "../../client/mod.ts";
import { parameterRows } from "./parameter_rows.ts";

Deno.test("parameters are listed as they are given: by position, the rest, by name", () => {
  const source = python(
    'def f(a: list[int], b: Literal["x", "y"] = "x", *more, c=None, d: np.ndarray, **options): pass',
  );
  const rows = parameterRows(signatureOf(source))!;
  assertEquals(rows.map(({ name, kind, required }) => [name, kind, required]), [
    ["a", "positional", true],
    ["b", "positional", false],
    ["more", "rest", false],
    ["c", "named", false],
    ["d", "named", true],
    ["options", "rest_named", false],
  ]);
  assertEquals(rows.map(({ type }) => type), ["list of integer", '"x" | "y"', "", "", "", ""]);
  assertEquals(rows.map((row) => row.default), [
    undefined,
    '"x"',
    undefined,
    "null",
    undefined,
    undefined,
  ]);
  assertEquals(rows[4]!.description, "np.ndarray");
});

Deno.test("parameters that make no sense are left out", () => {
  for (const parameters of [null, undefined, {}, { properties: [] }, "x"]) {
    assertEquals(parameterRows(parameters), undefined);
  }
  const odd = { properties: { a: 1, b: { type: ["number", "null"] } }, "x-order": ["z", 1, "b"] };
  assertEquals(parameterRows(odd)?.map(({ name, type }) => [name, type]), [
    ["b", "number | null"],
    ["a", ""],
  ]);
});
