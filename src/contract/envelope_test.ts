import fc from "fast-check";
import { assertEquals, assertThrows, assertTrue } from "../lib/assert.ts";
import {
  encodeBuffer,
  EnvelopeError,
  HEADERS,
  jsonBuffer,
  jsonPayload,
  pack,
  readBuffer,
  readSourceFunction,
  runtimeOf,
  sourceFunction,
  unpack,
  writeBuffer,
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

Deno.test("a buffer as bytes is what its text encodes to, behind the room that was asked for", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 30 }), (body, room) => {
    const bytes = encodeBuffer({ header: HEADERS.json, body }, room);
    assertEquals(bytes.subarray(0, room), new Uint8Array(room));
    assertEquals(new TextDecoder().decode(bytes.subarray(room)), `11\n${body}`);
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

/** Nothing but an `EnvelopeError` comes out, which names what is wrong in one line. */
function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    assertTrue(thrown instanceof EnvelopeError, String(thrown));
    assertTrue(thrown.message.length < 200 && !thrown.message.includes("\n"), thrown.message);
    return undefined;
  }
}

Deno.test("any JSON values come back from a payload", () => {
  const keyword = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue());
  fc.assert(fc.property(fc.array(fc.jsonValue()), keyword, (positional, named) => {
    const buffers = unpack(jsonPayload(positional, named)).map(readBuffer);
    assertEquals(buffers.map(({ header }) => header), [HEADERS.json, HEADERS.json]);
    const [args, kwargs] = buffers.map(({ body }) => JSON.parse(body));
    assertEquals(args, JSON.parse(JSON.stringify(positional)));
    assertEquals(kwargs, JSON.parse(JSON.stringify(named)));
  }));
});

Deno.test("what JSON cannot hold is found at any depth, also behind toJSON", () => {
  for (const lossy of [() => 1, Symbol.iterator, 1n, NaN, -Infinity]) {
    for (const hidden of [lossy, { toJSON: (): unknown => lossy }]) {
      let value: unknown = hidden;
      for (let level = 0; level < 100; level++) {
        assertThrows(() => jsonBuffer({ first: 1, value }), /cannot be written as JSON/);
        value = level % 2 === 0 ? [0, value] : { value };
      }
    }
  }
});

Deno.test("any value at all is written as JSON or refused by name", () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
      const buffer = orRefused(() => jsonBuffer(value));
      if (buffer !== undefined) JSON.parse(readBuffer(buffer).body);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("any header and body come back from a buffer, any name and source from a function", () => {
  const header = fc.string({ minLength: 2, maxLength: 2, unit: "binary-ascii" });
  fc.assert(fc.property(header, fc.string({ unit: "binary" }), (header, body) => {
    assertEquals(readBuffer(writeBuffer({ header, body })), { header, body });
    assertTrue(["typescript", "python", "shell"].includes(runtimeOf(header)));
  }));
  const name = fc.stringMatching(/^[^:]*$/);
  fc.assert(fc.property(
    fc.constantFrom(...Object.values(HEADERS)),
    name,
    fc.string({ unit: "binary" }),
    (header, name, source) => {
      const packed = sourceFunction(header, name, source);
      assertEquals(readSourceFunction(packed), { header, name, source });
    },
  ));
});

Deno.test("any text is unpacked or refused, and what is unpacked packs to the same buffers", () => {
  const almost = fc.array(
    fc.oneof(fc.nat(20).map((length) => `${length}\n`), fc.string({ unit: "binary" })),
  ).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(almost, fc.string({ unit: "binary" })), (text) => {
      orRefused(() => readBuffer(text));
      orRefused(() => readSourceFunction(text));
      const buffers = orRefused(() => unpack(text));
      if (buffers !== undefined) assertEquals(unpack(pack(buffers)), buffers);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("what JSON would empty is refused, with what to do", () => {
  const generator = (function* (): Generator<number> {
    yield 1;
  })();
  assertThrows(() => jsonBuffer([generator]), /a Generator cannot .*make it an array first/);
  assertThrows(() => jsonBuffer({ a: new Set([1]) }), /a Set cannot be written as JSON \(at a\)/);
  assertThrows(() => jsonBuffer(Promise.resolve(1)), /await it first/);
});
