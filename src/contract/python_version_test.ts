import { assertEquals } from "../lib/assert.ts";
import { bytecodeDiffers, endpointPython, shownRuntimes } from "./python_version.ts";

Deno.test("an endpoint's Python is what its nodes say, else what it registered with", () => {
  const metadata = { python_version: "3.9.2" };
  assertEquals(endpointPython({ details: { python_version: "3.12.1" }, metadata }), "3.12.1");
  assertEquals(endpointPython({ details: {}, metadata }), "3.9.2");
  assertEquals(endpointPython({ details: null, metadata: null }), undefined);
  assertEquals(endpointPython({ details: { python_version: 3 }, metadata: null }), undefined);
});

Deno.test("runtimes are shown with the Python that is known", () => {
  assertEquals(shownRuntimes(["python", "shell"], "3.12.1"), "python 3.12.1, shell");
  assertEquals(shownRuntimes(["python", "shell"], undefined), "python, shell");
  assertEquals(shownRuntimes(["shell"], "3.12.1"), "shell");
});

Deno.test("bytecode differs from one minor version to the next", () => {
  assertEquals(bytecodeDiffers("3.12.1", "3.12.9"), false);
  assertEquals(bytecodeDiffers("3.12.1", "3.11.1 (main)"), true);
  assertEquals(bytecodeDiffers("3.12.1", undefined), false);
  assertEquals(bytecodeDiffers("3.12.1", "PyPy"), false);
});
