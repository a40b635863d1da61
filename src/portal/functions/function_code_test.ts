import { assertEquals } from "../../lib/assert.ts";
import { python, shell, typescript } from "../../client/mod.ts";
import { pack, withContainer } from "../../contract/envelope.ts";
import { readCode } from "./function_code.ts";

Deno.test("source is shown, with the image of its container", () => {
  const source = "def f(x):\n    return {'a': x}\n";
  assertEquals(readCode(withContainer(python(source).code, "python:3.12")), {
    kind: "source",
    language: "python",
    entry: "f",
    text: source,
    image: "python:3.12",
  });
  const shown = [typescript("export const f = () => 1", "f"), shell("echo a:b", "s")]
    .map(({ code }) => readCode(code));
  assertEquals(shown.map((code) => code.kind === "source" && [code.entry, code.text]), [
    ["f", "export const f = () => 1"],
    ["", "echo a:b"],
  ]);
});

Deno.test("source of the official SDK is shown, in base64 and among other serializations", () => {
  const base64 = btoa("f:def f(): pass");
  const source = { kind: "source", language: "python", entry: "f", text: "def f(): pass" } as const;
  assertEquals(readCode(pack([`st\n${base64}`])), { ...source, image: null });
  const combined = pack(["01\ngASV", `st\n${base64}`]);
  assertEquals(readCode(pack([`12\n${combined}`])), { ...source, image: null });
});

Deno.test("what is no source is said to be none, with its size", () => {
  const dill = { kind: "serialized", how: "dill", header: "01", bytes: 4, image: null } as const;
  assertEquals(readCode(pack(["01\ngASV"])), dill);
  assertEquals(readCode(pack(["zz\né"])), { ...dill, how: "unknown", header: "zz", bytes: 2 });
  assertEquals(readCode(pack(["st\n*"])), { ...dill, how: "unknown", header: "st", bytes: 1 });
  assertEquals(readCode("no buffer").kind, "unreadable");
});
