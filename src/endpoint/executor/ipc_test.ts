import fc from "fast-check";
import { assertEquals, assertThrows, assertTrue } from "../../lib/assert.ts";
import { MAX_RECORD_BYTES } from "../../contract/limits.ts";
import {
  RECORD,
  record,
  RecordError,
  RecordReader,
  taskRecords,
  viewOf,
  WORKER_RECORDS,
} from "./ipc.ts";

interface Read {
  readonly type: number;
  readonly body: Uint8Array;
}

function readAll(chunks: readonly Uint8Array[]): Read[] {
  const all: Read[] = [];
  const reader = new RecordReader((type, bytes, start, end) => {
    all.push({ type, body: new Uint8Array(bytes.subarray(start, end)) });
  });
  for (const chunk of chunks) reader.push(chunk);
  return all;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Cuts bytes at the given positions. */
function cut(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length];
  let start = 0;
  return ends.sort((left, right) => left - right).map((end) => bytes.subarray(start, start = end));
}

Deno.test("records come back whole, wherever their bytes are cut", () => {
  const body = fc.uint8Array({ maxLength: 40 });
  const type = fc.integer({ min: 1, max: 255 });
  const records = fc.array(fc.record({ type, body }, { noNullPrototype: true }));
  fc.assert(fc.property(records, fc.array(fc.nat()), (wanted, cuts) => {
    const bytes = joined(wanted.map(({ type, body }) => record(type, body)));
    assertEquals(readAll(cut(bytes, cuts)), wanted);
  }));
});

Deno.test("task records hold sequence, handle, settings and payload", () => {
  const task = (sequence: number): Parameters<typeof taskRecords>[0][0] => ({
    sequence,
    handle: 7,
    settings: new Uint8Array([1, 2]),
    payload: new Uint8Array([3, 4, 5]),
  });
  const [first, second] = readAll([taskRecords([task(0), task(0xffffffff)])]);
  assertEquals(first!.type, RECORD.task);
  assertEquals([...first!.body], [0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 1, 2, 3, 4, 5]);
  assertEquals(viewOf(second!.body).getUint32(0, true), 0xffffffff);
});

Deno.test("a length that no record has is refused, before any memory is taken for it", () => {
  for (const length of [0, MAX_RECORD_BYTES + 1, 0xffffffff]) {
    const bytes = new Uint8Array(4);
    viewOf(bytes).setUint32(0, length, true);
    assertThrows(() => readAll([bytes]), /a record of \d+ bytes, expected 1 to/);
    assertThrows(() => readAll([bytes.subarray(0, 2), bytes.subarray(2)]), /a record of/);
  }
});

Deno.test("any bytes, cut anywhere, are records or a RecordError, the same however they are cut", () => {
  const whole = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 20 }))
    .map(([type, body]) => record(type, body));
  const bytes = fc.array(fc.oneof(whole, fc.uint8Array({ maxLength: 12 }))).map(joined);
  const read = (chunks: readonly Uint8Array[]): { records: Read[]; refused: boolean } => {
    const records: Read[] = [];
    const reader = new RecordReader((type, bytes, start, end) => {
      assertTrue(start <= end && end <= bytes.length, "a body beyond its bytes");
      records.push({ type, body: new Uint8Array(bytes.subarray(start, end)) });
    });
    try {
      for (const chunk of chunks) reader.push(chunk);
      return { records, refused: false };
    } catch (thrown) {
      assertTrue(thrown instanceof RecordError, String(thrown));
      return { records, refused: true };
    }
  };
  fc.assert(
    fc.property(bytes, fc.array(fc.nat()), (bytes, cuts) => {
      assertEquals(read(cut(bytes, cuts)), read([bytes]));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("any tasks come back whole from their records, wherever these are cut", () => {
  const some = fc.uint8Array({ maxLength: 30 });
  const number = fc.integer({ min: 0, max: 0xffffffff });
  const task = fc.record({ sequence: number, handle: number, settings: some, payload: some }, {
    noNullPrototype: true,
  });
  fc.assert(fc.property(fc.array(task), fc.array(fc.nat()), (tasks, cuts) => {
    const bodies = readAll(cut(taskRecords(tasks), cuts)).map(({ type, body }) => {
      assertEquals(type, RECORD.task);
      const view = viewOf(body);
      const end = 12 + view.getUint32(8, true);
      return {
        sequence: view.getUint32(0, true),
        handle: view.getUint32(4, true),
        settings: body.slice(12, end),
        payload: body.slice(end),
      };
    });
    assertEquals(bodies, tasks);
  }));
});

Deno.test("with bounds, a header that nobody sends is refused as soon as it is there", () => {
  const none = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.nat(100)).filter(([type, length]) => {
    const bounds = WORKER_RECORDS[type];
    return bounds === undefined || length < bounds[0] || length > bounds[1];
  });
  fc.assert(fc.property(none, fc.nat(5), ([type, length], at) => {
    const header = new Uint8Array(5);
    viewOf(header).setUint32(0, length + 1, true);
    header[4] = type;
    const reader = new RecordReader(() => assertTrue(false, "it was taken"), WORKER_RECORDS);
    const read = (): void => cut(header, [at]).forEach((part) => reader.push(part));
    assertThrows(read, /which nobody sends/);
  }));
});

Deno.test("with bounds, records come back whole all the same, wherever they are cut", () => {
  const records = fc.array(fc.oneof(
    fc.constant(record(RECORD.begun, new Uint8Array(12))),
    fc.uint8Array({ minLength: 21, maxLength: 60 }).map((body) => record(RECORD.finished, body)),
    fc.uint8Array({ minLength: 5, maxLength: 60 }).map((body) => record(RECORD.output, body)),
  ));
  fc.assert(fc.property(records, fc.array(fc.nat()), (wanted, cuts) => {
    const seen: Uint8Array[] = [];
    const reader = new RecordReader((type, bytes, start, end) => {
      seen.push(record(type, bytes.subarray(start, end)));
    }, WORKER_RECORDS);
    for (const chunk of cut(joined(wanted), cuts)) reader.push(chunk);
    assertEquals(seen, wanted);
  }));
});
