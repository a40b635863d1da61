import { assertEquals } from "../../lib/assert.ts";
import { HEADERS, sourceFunction, withContainer } from "../../contract/envelope.ts";
import { python, shell, sourceOf, typescript } from "../functions.ts";
import { signatureOf } from "./signature.ts";

Deno.test("a signature says what is given by position, by name, and what may be left out", () => {
  const source = python(`
    def fit(data: list[float], /, order: int = 2, *rest, method: str = "svd", seed, **options):
        return data
  `);
  assertEquals(signatureOf(source), {
    type: "object",
    properties: {
      data: { type: "array", items: { type: "number" } },
      order: { type: "integer", default: 2 },
      method: { type: "string", default: "svd" },
      seed: {},
    },
    required: ["data", "seed"],
    "x-order": ["data", "order"],
    "x-varargs": "rest",
    "x-kwargs": "options",
  });
});

Deno.test("the fields of a shell template are given by name, numbered ones by position", () => {
  const source = shell("sort -k{1} {file} | head -n {count} > {file}.{0}; awk '{{print}}'");
  assertEquals(signatureOf(source), {
    type: "object",
    properties: {
      "0": { type: "string" },
      "1": { type: "string" },
      file: { type: "string" },
      count: { type: "string" },
    },
    required: ["0", "1", "file", "count"],
    "x-order": ["0", "1"],
  });
  assertEquals(signatureOf(shell("hostname"))?.required, []);
});

Deno.test("functions of a program have a signature too, wherever they come from", () => {
  const scale = (value: number, factor = 2): number => value * factor;
  assertEquals(signatureOf(sourceOf(scale))?.["x-order"], ["value", "factor"]);
  assertEquals(signatureOf(sourceOf(scale))?.properties.factor, { type: "number", default: 2 });
  const inImage = withContainer(python("def f(x): return x").code, "python:3.12");
  assertEquals(signatureOf({ runtime: "python", name: "f", code: inImage })?.required, ["x"]);
});

Deno.test("what cannot be read has no signature, and is no error", () => {
  const dill = sourceFunction(HEADERS.pythonSourceDill, "f", "gASV");
  assertEquals(signatureOf({ runtime: "python", name: "f", code: dill }), undefined);
  const pickled = "6\n00\nabc";
  assertEquals(signatureOf({ runtime: "python", name: "f", code: pickled }), undefined);
  assertEquals(signatureOf(typescript("export default class A {}")), undefined);
  const many = Array.from({ length: 101 }, (_, index) => `p${index}`).join(", ");
  assertEquals(signatureOf(python(`def f(${many}): pass`)), undefined);
});

Deno.test("a parameter may be called like something of every object", () => {
  const properties = signatureOf(python("def f(__proto__: int, constructor=1): pass"))!.properties;
  assertEquals(Object.keys(properties), ["__proto__", "constructor"]);
});
