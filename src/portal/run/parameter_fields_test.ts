import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { argumentsOf, enteredOf, fieldsOf, templateFields } from "./parameter_fields.ts";

const SCHEMA = {
  type: "object",
  properties: {
    flag: { type: "boolean", default: false },
    n: { type: "integer", description: "how many" },
    label: { type: ["string", "null"], default: null },
    scale: { anyOf: [{ type: "number" }, { type: "integer" }] },
    mode: { enum: ["fast", 2] },
  },
  required: ["n"],
  "x-order": ["n", "label", "scale"],
};
const fields = fieldsOf(SCHEMA)!;

Deno.test("fields stand in the order of the parameters, by their kinds", () => {
  assertEquals(fields.map(({ name, kind, position }) => [name, kind, position]), [
    ["n", "integer", 0],
    ["label", "string", 1],
    ["scale", "number", 2],
    ["flag", "boolean", undefined],
    ["mode", "choice", undefined],
  ]);
  assertEquals(fields[1]!.nullable, true);
  assertEquals(fields[3]!.byDefault, "false");
});

Deno.test("no schema, no form; a schema that says little gives fields for any JSON", () => {
  assertEquals(fieldsOf(null), undefined);
  assertEquals(fieldsOf({ properties: { a: true } })!.map(({ kind }) => kind), ["any"]);
  assertEquals(fieldsOf({}), []);
});

Deno.test("arguments go by position until one is left out, then by name", () => {
  const entered = { n: "3", scale: "2.5", flag: "true", mode: '"fast"' };
  assertEquals(argumentsOf(fields, entered, "python"), {
    ok: true,
    args: [3],
    kwargs: { scale: 2.5, flag: true, mode: "fast" },
  });
  assertEquals(argumentsOf(fields, { n: "3", label: "null" }, "python"), {
    ok: true,
    args: [3, null],
    kwargs: {},
  });
});

Deno.test("TypeScript gets defaults in place of what is left out before the last one", () => {
  const [n, label, scale] = fields;
  assertEquals(argumentsOf([n!, label!, scale!], { n: "3", scale: "2" }, "typescript"), {
    ok: true,
    args: [3, null, 2],
    kwargs: {},
  });
});

Deno.test("what is wrong is told by field", () => {
  const read = argumentsOf(fields, { n: "3.5", scale: "many" }, "python");
  assertTrue(!read.ok);
  assertEquals(Object.keys(read.wrong), ["n", "scale"]);
  const empty = argumentsOf(fields, {}, "python");
  assertTrue(!empty.ok);
  assertEquals(Object.keys(empty.wrong), ["n"]);
});

Deno.test("an integer with more digits than a browser holds is wrong", () => {
  assertEquals(argumentsOf(fields, { n: "12345678901234567890" }, "python").ok, false);
});

Deno.test("more arguments by position and by name", () => {
  const more = fieldsOf({
    properties: { a: {} },
    "x-order": ["a"],
    "x-varargs": "rest",
    "x-kwargs": true,
  })!;
  const read = argumentsOf(
    more,
    { a: "text", "*rest": "[1, 2]", "**kwargs": '{"k": 1}' },
    "python",
  );
  assertEquals(read, { ok: true, args: ["text", 1, 2], kwargs: { k: 1 } });
  assertEquals(enteredOf(more, ["text", 1, 2], { k: 1 }), {
    a: "text",
    "*rest": "[1,2]",
    "**kwargs": '{"k":1}',
  });
});

Deno.test("any arguments stand in the form as they would be typed, and come back", () => {
  const open = fieldsOf({ properties: { a: {}, b: {} }, "x-order": ["a", "b"] })!;
  const value = fc.jsonValue().filter((one) => JSON.stringify(one) !== '""' && fits(one));
  fc.assert(fc.property(value, value, (a, b) => {
    const given = JSON.parse(JSON.stringify([a, b])) as unknown[];
    const entered = enteredOf(open, given, {});
    assertTrue(entered !== undefined);
    assertEquals(argumentsOf(open, entered, "python"), { ok: true, args: given, kwargs: {} });
  }));
});

/** Without integers that the form refuses. */
function fits(value: unknown): boolean {
  return !/\d{16}/.test(JSON.stringify(value));
}

Deno.test("arguments for which there is no field do not fit the form", () => {
  assertEquals(enteredOf(fields, [1, "a", 2, 3], {}), undefined);
  assertEquals(enteredOf(fields, [], { other: 1 }), undefined);
});

Deno.test("what a field would turn into something else does not fit the form", () => {
  const texts = fieldsOf({
    properties: { a: { type: "string" }, b: { type: ["string", "null"] }, c: { type: "boolean" } },
    "x-order": ["a", "b", "c"],
  })!;
  const cases = [[5], [null], [""], [["x"]], ["x", "null"], ["x", 1], ["x", "y", "true"]];
  assertEquals(cases.map((args) => enteredOf(texts, args, {})), cases.map(() => undefined));
  assertEquals(enteredOf(texts, ["x"], { a: "y" }), undefined);
  assertEquals(enteredOf(texts, ["5", null, true], {}), { a: "5", b: "null", c: "true" });
  assertEquals(enteredOf(fields, [1], { mode: "slow" }), undefined);
  assertEquals(enteredOf(fields, [1], { mode: 2 }), { n: "1", mode: "2" });
});

Deno.test("parameters may be called what every object has", () => {
  const names = ["constructor", "toString", "__proto__"];
  const odd = fieldsOf({
    properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
    required: names,
    "x-order": names.slice(0, 1),
  })!;
  const empty = argumentsOf(odd, {}, "python");
  assertTrue(!empty.ok);
  assertEquals(Object.keys(empty.wrong), names);
  const entered = Object.fromEntries(names.map((name) => [name, name]));
  const read = argumentsOf(odd, entered, "python");
  assertTrue(read.ok);
  const { args, kwargs } = read;
  assertEquals([args, Object.entries(kwargs)], [["constructor"], [
    ["toString", "toString"],
    ["__proto__", "__proto__"],
  ]]);
  assertEquals(Object.entries(enteredOf(odd, args, kwargs)!), Object.entries(entered));
});

Deno.test("the fields of a shell template are all needed; doubled braces are none", () => {
  const found = templateFields("echo {name} {{no}} {0} {name} ${{HOME}}");
  assertEquals(found.map(({ name, position }) => [name, position]), [["name", undefined], [
    "0",
    0,
  ]]);
  assertEquals(argumentsOf(found, { name: "x", "0": "y" }, "shell"), {
    ok: true,
    args: ["y"],
    kwargs: { name: "x" },
  });
});
