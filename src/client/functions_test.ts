import { assertEquals, assertThrows } from "../lib/assert.ts";
import { functionBuffers, readSourceFunction } from "../contract/envelope.ts";
import {
  inContainer,
  python,
  shell,
  sourceOf,
  type TaskFunction,
  typescript,
} from "./functions.ts";

async function sent(fn: TaskFunction): Promise<TaskFunction> {
  const { name, source } = readSourceFunction(sourceOf(fn).code);
  const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  return module[name];
}

Deno.test("every way to write a function is sent so that it can be called", async () => {
  const methods = {
    short(x: number): number {
      return x + 1;
    },
    async later(x: number): Promise<number> {
      return await Promise.resolve(x + 1);
    },
    long: function (x: number): number {
      return x + 1;
    },
    ["odd name"](x: number): number {
      return x + 1;
    },
  };
  function named(x: number): number {
    return x + 1;
  }
  const written: TaskFunction[] = [
    (x: number) => x + 1,
    async (x: number) => await Promise.resolve(x + 1),
    named,
    ...Object.values(methods),
  ];
  // deno-fmt-ignore
  // deno-lint-ignore no-explicit-any -- an arrow without parentheses has no type
  written.push(x => (x as any) + 1);
  for (const fn of written) assertEquals(await (await sent(fn))(1), 2);
});

Deno.test("what has no source, or is no function, is refused", () => {
  assertThrows(() => sourceOf(Math.sqrt), /native/);
  assertThrows(() => sourceOf(((x: number) => x).bind(undefined)), /native or bound/);
  assertThrows(() => sourceOf(class A {} as unknown as TaskFunction), /class/);
});

Deno.test("Python source may stand indented in a template literal", () => {
  const { name, source } = readSourceFunction(
    python(`
      def add(a, b):
        return a + b
    `).code,
  );
  assertEquals(name, "add");
  assertEquals(source, "def add(a, b):\n  return a + b\n");
  assertThrows(() => python("def a(): pass\ndef b(): pass"), /2 functions: a, b/);
});

Deno.test("a Python or shell function names the image of its container, others cannot", () => {
  const inside = inContainer(python("def f(): pass"), "docker.io/library/python:3.12");
  assertEquals(functionBuffers(inside.code).image, "docker.io/library/python:3.12");
  assertEquals(functionBuffers(inContainer(shell("true"), "/a.sif").code).image, "/a.sif");
  assertThrows(() => inContainer(shell("true"), "--privileged"), /option/);
  assertThrows(() => inContainer(typescript("export default 1"), "a"), /TypeScript/);
});
