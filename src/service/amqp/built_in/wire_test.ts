import { assertEquals, assertThrows } from "../../../lib/assert.ts";
import { ByteReader, ByteWriter, type FieldTable } from "./wire.ts";

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.finish();
}

function tableOf(...bytes: number[]): FieldTable {
  return new ByteReader(Uint8Array.from([0, 0, 0, bytes.length, ...bytes])).table();
}

Deno.test("values are read as they were written", () => {
  const table = {
    text: "ä",
    yes: true,
    half: 0.5,
    none: null,
    list: ["a", ["b"], 1],
    inner: { bytes: Uint8Array.from([1, 2]) },
  };
  const long = "x".repeat(1_000);
  const bytes = written((writer) => {
    writer.octet(255);
    writer.short(65_535);
    writer.long(4_294_967_295);
    writer.longlong(Number.MAX_SAFE_INTEGER);
    writer.shortstr("naïve");
    writer.longstr(new TextEncoder().encode(long));
    writer.table(table);
  });
  const reader = new ByteReader(bytes);
  assertEquals(reader.octet(), 255);
  assertEquals(reader.short(), 65_535);
  assertEquals(reader.long(), 4_294_967_295);
  assertEquals(reader.longlong(), Number.MAX_SAFE_INTEGER);
  assertEquals(reader.shortstr(), "naïve");
  assertEquals(new TextDecoder().decode(reader.longstr()), long);
  assertEquals(reader.table(), table);
  assertEquals(reader.left, 0);
});

Deno.test("numbers of all kinds that RabbitMQ's clients write are read", () => {
  const name = [1, 0x6b];
  for (
    const [kind, bytes, value] of [
      ["t", [1], true],
      ["b", [0xff], -1],
      ["B", [0xff], 255],
      ["s", [0xff, 0xfe], -2],
      ["u", [1, 0], 256],
      ["I", [0xff, 0xff, 0xff, 0xff], -1],
      ["i", [0, 0, 1, 0], 256],
      ["l", [0, 0, 0, 0, 0, 0, 1, 1], 257],
      ["f", [0x3f, 0, 0, 0], 0.5],
      ["T", [0, 0, 0, 0, 0, 0, 0, 9], 9],
      ["V", [], null],
    ] as const
  ) {
    assertEquals(tableOf(...name, kind.charCodeAt(0), ...bytes), { k: value });
  }
});

Deno.test("whatever goes past its end, nests too deep or is of no kind is refused", () => {
  let deep: FieldTable = {};
  for (let depth = 0; depth < 20; depth++) deep = { deep };
  const cases: readonly [RegExp, () => unknown][] = [
    [/AmqpError: a frame ends within a value/, () => new ByteReader(Uint8Array.from([1])).short()],
    [
      /AmqpError: a frame ends within a value/,
      () => new ByteReader(Uint8Array.from([9, 0x61])).shortstr(),
    ],
    [
      /AmqpError: a frame ends within a value/,
      () => new ByteReader(new Uint8Array(4).fill(255)).longstr(),
    ],
    [
      /AmqpError: a table nests too deep/,
      () => new ByteReader(written((to) => to.table(deep))).table(),
    ],
    [/AmqpError: a table has a value of kind "\?"/, () => tableOf(1, 0x6b, 0x3f)],
    [
      /AmqpError: 18446744073709551615 is too large a number/,
      () => new ByteReader(new Uint8Array(8).fill(255)).longlong(),
    ],
  ];
  for (const [expected, read] of cases) assertThrows(read, expected);
  assertThrows(
    () => written((writer) => writer.shortstr("x".repeat(256))),
    /RangeError: a short string/,
  );
});
