import { assertEquals, assertRejects } from "../../lib/assert.ts";
import { jsonOutput } from "./json.ts";

type Parts = Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>;

async function* comingOf(parts: Parts): AsyncGenerator<readonly unknown[], void> {
  yield* parts;
}

/** What `list` writes of the parts, into `writes` as it goes. */
async function written(
  parts: Parts,
  { isTerminal = false, writes = [] }: { isTerminal?: boolean; writes?: string[] } = {},
): Promise<string[]> {
  const write = (text: string): void => void writes.push(text);
  const sink = { write, isTerminal, color: false, columns: 80 };
  await jsonOutput(sink, sink).list(comingOf(parts), () => "");
  return writes;
}

const ITEMS = [{ a: 1, b: ["x"] }, { a: 2, b: [] }, 3, "]", [[]]];

Deno.test("a list in parts is the same document as in one, on a terminal too", async () => {
  const partings = [[ITEMS], [[], ITEMS.slice(0, 1), ITEMS.slice(1)], ITEMS.map((item) => [item])];
  for (const parts of partings) {
    assertEquals((await written(parts)).join(""), `${JSON.stringify(ITEMS)}\n`);
    const spread = await written(parts, { isTerminal: true });
    assertEquals(spread.join(""), `${JSON.stringify(ITEMS, null, 2)}\n`);
  }
  for (const isTerminal of [false, true]) {
    assertEquals((await written([], { isTerminal })).join(""), "[]\n");
    assertEquals((await written([[], []], { isTerminal })).join(""), "[]\n");
  }
});

Deno.test("each part is written as it comes, and nothing after a failure", async () => {
  assertEquals(await written([[1, 2], [3]]), ["[1,2", ",3", "]\n"]);
  const failing = async function* (): AsyncGenerator<readonly unknown[], void> {
    yield [1];
    await Promise.reject(new Error("gone"));
  };
  const writes: string[] = [];
  await assertRejects(() => written(failing(), { writes }), /gone/);
  assertEquals(writes, ["[1"]);
});
