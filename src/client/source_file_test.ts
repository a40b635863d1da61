import { assertEquals, assertThrows } from "../lib/assert.ts";
import { readSourceFunction } from "../contract/envelope.ts";
import type { Runtime } from "./functions.ts";
import { functionFromSource, parseSourceReference } from "./source_file.ts";

function made(runtime: Runtime, text: string, entry?: string): { name: string; entry: string } {
  const source = functionFromSource({
    text,
    runtime,
    origin: `double.${runtime}`,
    entry,
    fallbackName: "double",
  });
  return { name: source.name, entry: readSourceFunction(source.code).name };
}

Deno.test("a reference is a path, a kind and perhaps a name", () => {
  assertEquals(parseSourceReference("a/b.c.py:run"), {
    path: "a/b.c.py",
    entry: "run",
    runtime: "python",
  });
  assertEquals(parseSourceReference("my file.TS")?.runtime, "typescript");
  for (const text of ["double", "double.txt", "x.py:", "x.py:2", "1e999502-b434.py:a-b"]) {
    assertEquals(parseSourceReference(text), undefined);
  }
});

Deno.test("a TypeScript file gives its default export, else its only one", () => {
  assertEquals(made("typescript", "export default (x: number) => x * 2;"), {
    name: "double",
    entry: "default",
  });
  assertEquals(made("typescript", "const y = 1;\nexport async function twice() {}"), {
    name: "twice",
    entry: "twice",
  });
  assertEquals(
    made("typescript", "const a = 1, b = () => 2;\nexport { a, b as second };", "second"),
    {
      name: "second",
      entry: "second",
    },
  );
  assertThrows(() => made("typescript", "export const a = 1;\nexport const b = 2;"), /a, b/);
  assertThrows(() => made("typescript", "const a = 1;"), /has no export/);
  assertThrows(() => made("typescript", "export const a = 1;", "b"), /has no export b/);
});

Deno.test("imports that an endpoint does not have are refused by name", () => {
  const rest = "export default () => 1;";
  for (
    const [line, module] of [
      ['import x from "npm:lodash";', "npm:lodash"],
      ['import { a,\n  b } from "./helper.ts";', "./helper.ts"],
      ['import "jsr:@std/fs";', "jsr:@std/fs"],
      ['export * from "https://example.org/x.js";', "https://example.org/x.js"],
      ['/* why */ import y from "y"; // because', "y"],
    ]
  ) {
    assertThrows(() => made("typescript", `${line}\n${rest}`), new RegExp(`imports ${module}`));
  }
  const fine = [
    'import type { Site } from "./site.ts";',
    'import { join } from "node:path";',
    '// import x from "npm:x";',
    'const text = `\nimport os from "os"\n`;',
  ];
  for (const line of fine) assertEquals(made("typescript", `${line}\n${rest}`).entry, "default");
});

Deno.test("a Python file gives its only top-level function, or the named one", () => {
  const text = `"""
def not_me(x):
"""
import os  # def nor_me
class A:
    def method(self): pass
async def fetch(x):
    def inner(): pass
    return '''
def neither(): pass
'''
`;
  assertEquals(made("python", text), { name: "fetch", entry: "fetch" });
  assertThrows(() => made("python", "def a(): pass\ndef b(): pass\n"), /a, b/);
  assertEquals(made("python", "def a(): pass\ndef größe(): pass\n", "größe").entry, "größe");
  assertThrows(() => made("python", "x = 1\n"), /no top-level function/);
});

Deno.test("a shell file is a template and has no functions", () => {
  assertEquals(made("shell", "echo {name}\n").name, "double");
  assertThrows(() => made("shell", "echo\n", "f"), /has no functions/);
  assertThrows(() => made("shell", " \n"), /is empty/);
});
