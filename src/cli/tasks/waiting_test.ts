import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assertEquals, assertRejects, assertTrue } from "../../lib/assert.ts";
import { abortable } from "./waiting.ts";

/** Bytes that are still referred to; what waits for the collector does not count. */
function liveHeap(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return Deno.memoryUsage().heapUsed;
}

/** The numbers from 0 on; `ended` is told when nobody wants more of them. */
async function* numbers(count: number, ended = (): void => {}): AsyncGenerator<number> {
  try {
    for (let number = 0; number < count; number++) yield await Promise.resolve(number);
  } finally {
    ended();
  }
}

Deno.test("items that were taken are not kept, however many there are", async () => {
  const items = abortable(numbers(40_001), new AbortController().signal);
  await items.next();
  const before = liveHeap();
  for (let count = 0; count < 40_000; count++) await items.next();
  const grown = liveHeap() - before;
  assertEquals((await items.next()).done, true);
  assertTrue(grown < 4_000_000, `${grown} bytes more are kept`);
});

Deno.test("an abort is told at once, while an item is waited for and between two of them", async () => {
  const waiting = new AbortController();
  const never = abortable(silent(), waiting.signal);
  const next = never.next();
  waiting.abort(new Error("enough"));
  await assertRejects(() => next, /enough/);

  const between = new AbortController();
  const ended = Promise.withResolvers<void>();
  const some = abortable(numbers(3, ended.resolve), between.signal);
  assertEquals((await some.next()).value, 0);
  between.abort(new Error("enough"));
  await assertRejects(() => some.next(), /enough/);
  await ended.promise;
  await assertRejects(() => abortable(numbers(3), between.signal).next(), /enough/);
});

Deno.test("an error of the source comes through", async () => {
  const broken = abortable(failing(), new AbortController().signal);
  assertEquals((await broken.next()).value, 1);
  await assertRejects(() => broken.next(), /broken/);
});

// deno-lint-ignore require-yield -- it gives nothing, ever
async function* silent(): AsyncGenerator<number> {
  await new Promise(() => {});
}

async function* failing(): AsyncGenerator<number> {
  yield await Promise.resolve(1);
  throw new Error("broken");
}
