import fc from "fast-check";
import { assertEquals, assertThrows } from "../lib/assert.ts";
import {
  HEADERS,
  jsonPayload,
  pack,
  readBuffer,
  readSourceFunction,
  sourceFunction,
  unpack,
} from "./envelope.ts";

Deno.test("a function as the official SDK writes it", () => {
  assertEquals(
    sourceFunction(HEADERS.pythonSource, "f", "def f(x): return x+1\n"),
    "26\nst\nf:def f(x): return x+1\n",
  );
});

Deno.test("a payload as the official SDK writes it, but for the spaces of its JSON", () => {
  assertEquals(jsonPayload([1], { a: 2 }), '6\n11\n[1]10\n11\n{"a":2}');
  assertEquals(unpack('6\n11\n[1]11\n11\n{"a": 2}').map(readBuffer), [
    { header: "11", body: "[1]" },
    { header: "11", body: '{"a": 2}' },
  ]);
});

Deno.test("lengths count code points, as Python does", () => {
  assertEquals(pack(["st\n😀"]), "4\nst\n😀");
});

Deno.test("packing and unpacking give back any text", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), (buffers) => {
    assertEquals(unpack(pack(buffers)), buffers);
  }));
});

Deno.test("a name and its source come back", () => {
  assertEquals(readSourceFunction(sourceFunction(HEADERS.typescriptSource, "default", "a:b")), {
    header: "ts",
    name: "default",
    source: "a:b",
  });
});

Deno.test("what is cut off or malformed is refused", () => {
  assertThrows(() => unpack("9\nst"), /cut off/);
  assertThrows(() => unpack("x\nst"), /expected a length/);
  assertThrows(() => readBuffer("abc"), /two-character header/);
});

Deno.test("arguments that JSON cannot hold are refused, not turned into null", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (const argument of [() => 1, Symbol.iterator, 1n, NaN, Infinity, cycle]) {
    assertThrows(() => jsonPayload([{ argument }]), /cannot be written as JSON/);
  }
  assertEquals(jsonPayload([undefined]), jsonPayload([null]));
});
