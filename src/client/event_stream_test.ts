/** Streams that are cut anywhere, and resumed by the id of the last event. */
import fc from "fast-check";
import { assertEquals, assertRejects, assertTrue } from "../lib/assert.ts";
import { eventStream } from "./event_stream.ts";

/** Of a connection: how many of its bytes arrive, and in pieces of which size. */
interface Connection {
  readonly bytes: number;
  readonly piece: number;
  /** A comment, as it keeps a stream alive, before the first event. */
  readonly comment: boolean;
}

const encoder = new TextEncoder();

/** What a service sends from the event after `last` on; each event has its number as its id. */
function textFrom(payloads: readonly string[], last: string | undefined, comment: boolean): string {
  const events = payloads.slice(last === undefined ? 0 : Number(last) + 1).map((text, index) => {
    const id = (last === undefined ? 0 : Number(last) + 1) + index;
    return `id: ${id}\nevent: results\ndata: ${JSON.stringify(text)}\n\n`;
  });
  return (comment ? ": alive\n\n" : "") + events.join("");
}

function bodyOf(
  bytes: Uint8Array<ArrayBuffer>,
  piece: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = 0;
  return new ReadableStream({
    pull(controller): void {
      if (position >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(position, position += piece));
    },
  });
}

/** Everything that a reader sees; the last connection is whole. */
async function readAll(
  payloads: readonly string[],
  connections: readonly Connection[],
): Promise<string[]> {
  const left = [...connections];
  const seen: string[] = [];
  const done = new AbortController();
  const stream = eventStream({
    signal: done.signal,
    open: (last) => {
      const { bytes, piece, comment } = left.shift() ??
        { bytes: Infinity, piece: 64, comment: false };
      const whole = encoder.encode(textFrom(payloads, last, comment));
      return Promise.resolve({ body: bodyOf(whole.slice(0, bytes), piece), close: () => {} });
    },
  });
  for await (const { events } of stream) {
    for (const { data } of events) seen.push(JSON.parse(data));
    if (seen.length >= payloads.length) return seen;
  }
  return seen;
}

Deno.test("wherever connections break, each event comes once and in order", async () => {
  const connection = fc.record({
    bytes: fc.nat(300),
    piece: fc.integer({ min: 1, max: 40 }),
    comment: fc.boolean(),
  });
  const payloads = fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(
      payloads,
      fc.array(connection, { maxLength: 2 }),
      async (sent, connections) => {
        assertEquals(await readAll(sent, connections), sent);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("any bytes of a service are events or nothing, never an exception", async () => {
  const line = fc.constantFrom(
    "data: ",
    "id: ",
    "event: ",
    "retry: x",
    ":",
    "\n",
    "\r\n",
    "\0",
    "{}",
  );
  const text = fc.array(fc.oneof(line, fc.string())).map((parts) => encoder.encode(parts.join("")));
  const bytes = fc.oneof(text, fc.uint8Array({ maxLength: 200 })) as fc.Arbitrary<
    Uint8Array<ArrayBuffer>
  >;
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 50 }), async (sent, piece) => {
      let opened = 0;
      const stream = eventStream({
        open: () => {
          if (opened++ > 0) throw new Error("the end of the test");
          return Promise.resolve({ body: bodyOf(sent, piece), close: () => {} });
        },
      });
      await assertRejects(async () => {
        for await (const { events } of stream) assertTrue(events.length > 0);
      }, /the end of the test/);
    }),
    { numRuns: 60 },
  );
});
