import fc from "fast-check";
import { assertEquals } from "../../lib/assert.ts";
import { newOutputMarker, OutputSplitter } from "./output_splitter.ts";

const MARKER = new Uint8Array([0, 1, 0, 0, 1, 66]);

/** What each task wrote, by cutting the stream at `cuts`. */
function split(stream: readonly number[], cuts: readonly number[]): [number[][], number[]] {
  const parts: number[][] = [[]];
  const sequences: number[] = [];
  const splitter = new OutputSplitter(MARKER, {
    data: (bytes) => parts.at(-1)!.push(...bytes),
    marker: (sequence) => {
      sequences.push(sequence);
      parts.push([]);
    },
  });
  let start = 0;
  const ends = [...cuts.map((at) => at % (stream.length + 1)), stream.length];
  for (const end of ends.sort((left, right) => left - right)) {
    splitter.push(new Uint8Array(stream.slice(start, end)));
    start = end;
  }
  splitter.end();
  return [parts, sequences];
}

Deno.test("output is cut at markers, wherever the chunks are cut", () => {
  // Bytes of which markers are made, so that beginnings of markers turn up everywhere.
  const output = fc.array(fc.constantFrom(0, 1, 65), { maxLength: 12 });
  fc.assert(fc.property(fc.array(output), output, fc.array(fc.nat()), (tasks, rest, cuts) => {
    const stream = tasks.flatMap((bytes, sequence) => [...bytes, 9, ...MARKER, sequence, 0, 0, 0]);
    assertEquals(split([...stream, ...rest], cuts), [
      [...tasks.map((bytes) => [...bytes, 9]), rest],
      tasks.map((_, sequence) => sequence),
    ]);
  }));
});

Deno.test("a marker is found after its own beginning", () => {
  assertEquals(split([0, 1, ...MARKER, 5, 0, 0, 0], [3, 4]), [[[0, 1], []], [5]]);
});

Deno.test("text is handed over whole at once, whatever it ends with", () => {
  // As many markers as there are first bytes to be unlucky with, several times over.
  for (let index = 0; index < 2_000; index++) {
    const seen: number[] = [];
    const splitter = new OutputSplitter(newOutputMarker(), {
      data: (bytes) => seen.push(...bytes),
      marker: () => {},
    });
    for (const text of ["first\n", "é", "漢", "🎉", "\x1b[0m\t\r\0"]) {
      const bytes = new TextEncoder().encode(text);
      splitter.push(bytes);
      assertEquals(seen.splice(0), [...bytes]);
    }
  }
});
