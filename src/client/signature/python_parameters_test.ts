import { assertEquals } from "../../lib/assert.ts";
import { pythonParameters } from "./python_parameters.ts";
import type { ParameterSchema } from "./signature.ts";

/** Schemas by name, with a question mark behind names that may be left out. */
function read(source: string, name = "f"): Record<string, ParameterSchema> | undefined {
  const parameters = pythonParameters(source, name);
  return parameters &&
    Object.fromEntries(
      parameters.map(({ name, required, schema }) => [required ? name : `${name}?`, schema]),
    );
}

Deno.test("Python: defaults may have brackets, commas, strings and lambdas in them", () => {
  assertEquals(
    read(`
def f(a=(1, 2), b={"x": [1, 2], 'y': None}, c="a, b): (", d=max(1, 2), e=lambda x, y=1: x, g=-1.5e3):
    pass`),
    {
      "a?": { type: "array", default: [1, 2] },
      "b?": { type: "object", default: { x: [1, 2], y: null } },
      "c?": { type: "string", default: "a, b): (" },
      "d?": { description: "default: max(1, 2)" },
      "e?": { description: "default: lambda x, y=1: x" },
      "g?": { type: "number", default: -1500 },
    },
  );
});

Deno.test("Python: comments, lines and a comma at the end are no parameters", () => {
  assertEquals(
    read(`
def f(
    a: int,  # the first, not (b: str)
    # b: int,
    c: bool = True,
):
    pass`),
    { a: { type: "integer" }, "c?": { type: "boolean", default: true } },
  );
  assertEquals(read("def f(): pass"), {});
  assertEquals(read("def f(  # nothing\n): pass"), {});
});

Deno.test("Python: annotations are understood where JSON has such a type", () => {
  assertEquals(
    read(`
def f(a: "int", b: typing.List[int], c: Optional[float] = None, d: str | None = None,
      e: Literal["fast", "exact"] = "fast", g: dict[str, list[int]] = {}, h: Annotated[int, Gt(0)] = 1,
      i: np.ndarray = np.zeros((2, 2)), j: Optional[int], k: int | str, l: Sequence[Sequence[float]],
      m: tuple[int, int], n: Callable[[int, str], bool] = print): ...`),
    {
      a: { type: "integer" },
      b: { type: "array", items: { type: "integer" } },
      "c?": { type: "number", default: null },
      "d?": { type: "string", default: null },
      "e?": { type: "string", enum: ["fast", "exact"], default: "fast" },
      "g?": { type: "object", default: {} },
      "h?": { type: "integer", default: 1 },
      "i?": { description: "np.ndarray; default: np.zeros((2, 2))" },
      j: { description: "Optional[int]" },
      k: { description: "int | str" },
      l: { type: "array", items: { type: "array", items: { type: "number" } } },
      m: { type: "array" },
      "n?": { description: "Callable[[int, str], bool]; default: print" },
    },
  );
});

Deno.test("Python: async, decorated, generic, in other scripts, and defined twice", () => {
  assertEquals(read("@cache\n@retry(times=3)\nasync def f(x): pass"), { x: {} });
  assertEquals(read("def f[T: (int, str)](x: T) -> list[T]: pass"), { x: { description: "T" } });
  assertEquals(read("def größe(länge: float): pass", "größe"), { länge: { type: "number" } });
  assertEquals(read("def f(a): pass\ndef f(b): pass"), { b: {} });
  assertEquals(read("class A:\n    def f(self, a): pass\n\ndef f(b): pass"), { b: {} });
  assertEquals(read('"""\ndef f(a): pass\n"""\ndef f(b): pass'), { b: {} });
  assertEquals(read("def f_2(a): pass\ndef f(b): pass"), { b: {} });
});

Deno.test("Python: what is not there or not whole has no parameters", () => {
  assertEquals(read("def g(a): pass"), undefined);
  assertEquals(read("def f(a, b"), undefined);
  assertEquals(read("def f((a, b)): pass"), undefined);
  assertEquals(read("def f(a): pass", ".*"), undefined);
});
