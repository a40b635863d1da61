import { assertEquals } from "../../lib/assert.ts";
import { typescriptParameters } from "./typescript_parameters.ts";
import type { ParameterSchema } from "./signature.ts";

/** Schemas by name, with a question mark behind names that may be left out. */
function read(source: string, entry = "default"): Record<string, ParameterSchema> | undefined {
  const parameters = typescriptParameters(source, entry);
  return parameters &&
    Object.fromEntries(
      parameters.map(({ name, required, schema }) => [required ? name : `${name}?`, schema]),
    );
}

const NUMBER: ParameterSchema = { type: "number" };

Deno.test("TypeScript: a function is found however it is exported", () => {
  const ways = [
    "export default function (a: number) { return a; }",
    "export default function f(a: number) { return a; }",
    "export default async function* f(a: number) {}",
    "export default (a: number) => a;",
    "export default async (a: number): Promise<Map<string, number>> => new Map()",
    "export default ((a: number) => a);",
    "export default (function (a: number) { return a; });",
    "export default <T,>(a: number): T => a as T;",
    "function f(a: number) {}\nexport default f;",
    "const f = (a: number): number => a;\nexport { f as default };",
    "const f: (b: string) => number = (a: number) => a;\nconst g = f;\nexport default g",
    "/* export default (b) => b */\nexport default (a: number) => a;",
    "export default function f(a: string): string;\nexport default function f(a: number) {}",
    "const text = `\nexport default (b) => b`;\nexport default (a: number) => a;",
  ];
  for (const source of ways) assertEquals([source, read(source)], [source, { a: NUMBER }]);
});

Deno.test("TypeScript: one of several exports is meant", () => {
  const source = `
    function inner() { function add(z: string) {} }
    export function add(a: number, b: number): number { return a + b; }
    export const scale = async (x: number, factor = 2) => x * factor;
    const $local = (y: boolean) => y;
    export { $local as flag };
  `;
  assertEquals(read(source, "add"), { a: NUMBER, b: NUMBER });
  assertEquals(read(source, "scale"), { x: NUMBER, "factor?": { type: "number", default: 2 } });
  assertEquals(read(source, "flag"), { y: { type: "boolean" } });
  assertEquals(read(source, "other"), undefined);
});

Deno.test("TypeScript: arrow functions without parentheses, and one called async", () => {
  assertEquals(read("export default x => x"), { x: {} });
  assertEquals(read("export default async x => x"), { x: {} });
  assertEquals(read("export default async => async"), { async: {} });
});

Deno.test("TypeScript: types are understood where JSON has such a type", () => {
  const source = `export default function <T extends { a: number }, U = Array<(x: T) => void>>(
    a: string, // not (b: number)
    b: readonly number[],
    c: Array<{ x: number, y: string }>,
    d: "fast" | "exact" | 'a | b',
    e: (1 | 2)[],
    g?: Record<string, Array<number>>,
    h: number | undefined,
    i: number | null,
    j: Map<string, number>,
    k: (x: number, y: number) => string,
    l: [number, string],
    m: { a: number; b: () => void },
    n: ReadonlyArray<string | null>,
  ) {}`;
  assertEquals(read(source), {
    a: { type: "string" },
    b: { type: "array", items: NUMBER },
    c: { type: "array", items: { type: "object" } },
    d: { type: "string", enum: ["fast", "exact", "a | b"] },
    e: { type: "array", items: { type: "number", enum: [1, 2] } },
    "g?": { type: "object" },
    "h?": NUMBER,
    i: { description: "number | null" },
    j: { description: "Map<string, number>" },
    k: { description: "(x: number, y: number) => string" },
    l: { type: "array" },
    m: { type: "object" },
    n: { type: "array" },
  });
});

Deno.test("TypeScript: defaults may have brackets, commas, strings and functions in them", () => {
  const source = `export default (
    a = [1, [2, 3]],
    b = { x: 1, "y": [true, null], },
    c = "a, b) => (",
    d = (x, y) => x < y,
    e = new Map<string, number>(),
    g: number = 1_000,
    h = 3 < 4,
    i: number | null = null,
    j = \`plain\`,
    k = \`\${name}\`,
  ) => a`;
  assertEquals(read(source), {
    "a?": { type: "array", default: [1, [2, 3]] },
    "b?": { type: "object", default: { x: 1, y: [true, null] } },
    "c?": { type: "string", default: "a, b) => (" },
    "d?": { description: "default: (x, y) => x < y" },
    "e?": { description: "default: new Map<string, number>()" },
    "g?": { type: "number", default: 1_000 },
    "h?": { description: "default: 3 < 4" },
    "i?": { type: "number", default: null },
    "j?": { type: "string", default: "plain" },
    "k?": { description: "default: `${name}`" },
  });
});

Deno.test("TypeScript: what is taken apart is an object or an array without a name", () => {
  const source =
    `export default ({ a, b: { c } = {} }: { a: number }, [x, y] = [1, 2], ...rest: number[]) => a`;
  assertEquals(read(source), {
    argument1: { type: "object", description: "{ a, b: { c } = {} }" },
    "argument2?": { type: "array", default: [1, 2], description: "[x, y]" },
    "rest?": { type: "array", items: NUMBER },
  });
  assertEquals(read("export default function (this: Window, a: number) {}"), { a: NUMBER });
});

Deno.test("TypeScript: what is no function or not whole has no parameters", () => {
  assertEquals(read("export default class A { constructor(a) {} }"), undefined);
  assertEquals(read("export default 5;"), undefined);
  assertEquals(read("export default (a, b"), undefined);
  assertEquals(read("export default f; const f = g; const g = f;"), undefined);
  assertEquals(read("const f = 1;"), undefined);
});
