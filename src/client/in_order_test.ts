import fc from "fast-check";
import { assertEquals, assertRejects, assertTrue } from "../lib/assert.ts";
import { inOrder, type OrderedTask } from "./in_order.ts";

const LIMITS = { tasks: 8, bytes: 1_000 };

/** Tasks that end when the test says. */
class Tasks {
  readonly running = new Map<number, () => void>();
  readonly cancelled: number[] = [];
  most = 0;

  constructor(readonly bytes = 1) {}

  start = (item: number): OrderedTask<number> => {
    const { promise, resolve } = Promise.withResolvers<{ value: number; bytes: number }>();
    this.running.set(item, () => {
      this.running.delete(item);
      resolve({ value: item, bytes: this.bytes });
    });
    this.most = Math.max(this.most, this.running.size);
    return { outcome: promise, cancel: () => void this.cancelled.push(item) };
  };

  /** Ends one of those that run, until there are none for a turn. */
  async endAll(choose: (count: number) => number): Promise<void> {
    for (let idle = 0; idle < 3;) {
      await turn();
      const ends = [...this.running.values()];
      idle = ends.length === 0 ? idle + 1 : 0;
      ends[choose(ends.length)]?.();
    }
  }
}

/** What is ready runs before it. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function* numbers(count: number): Generator<number> {
  for (let item = 0; item < count; item++) yield item;
}

Deno.test("whatever order tasks end in, outcomes keep that of the input", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 30 }),
      fc.array(fc.nat(), { minLength: 1 }),
      async (count, picks) => {
        const tasks = new Tasks();
        const results = Array.fromAsync(inOrder(numbers(count), tasks.start, LIMITS));
        let pick = 0;
        await tasks.endAll((length) => picks[pick++ % picks.length]! % length);
        assertEquals(await results, [...numbers(count)]);
        assertTrue(tasks.most <= LIMITS.tasks);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("large results make the window small", async () => {
  const tasks = new Tasks(500);
  const results = inOrder(numbers(40), tasks.start, { tasks: 20, bytes: 1_000 });
  const first = results.next();
  await turn();
  assertEquals(tasks.running.size, 20);
  for (let item = 0; item < 20; item++) tasks.running.get(item)!();
  assertEquals((await first).value, 0);
  for (let item = 1; item < 20; item++) assertEquals((await results.next()).value, item);
  await turn();
  assertEquals(tasks.running.size, 2);
  await Promise.all([results.return(undefined), tasks.endAll(() => 0)]);
});

Deno.test("an input that waits does not hold back what is done", async () => {
  const tasks = new Tasks();
  const more = Promise.withResolvers<void>();
  async function* slow(): AsyncGenerator<number> {
    yield 0;
    await more.promise;
    yield 1;
  }
  const results = inOrder(slow(), tasks.start, LIMITS);
  const first = results.next();
  await turn();
  tasks.running.get(0)!();
  assertEquals((await first).value, 0);
  more.resolve();
  const second = results.next();
  await turn();
  tasks.running.get(1)!();
  assertEquals((await second).value, 1);
  assertEquals((await results.next()).done, true);
});

Deno.test("no more input is read until there is room for it", async () => {
  const tasks = new Tasks();
  const room = Promise.withResolvers<void>();
  const start = (item: number): OrderedTask<number> => ({
    ...tasks.start(item),
    ...(item === 1 ? { room: room.promise } : {}),
  });
  const results = inOrder(numbers(4), start, LIMITS);
  const first = results.next();
  await turn();
  assertEquals([...tasks.running.keys()], [0, 1]);
  room.resolve();
  await turn();
  assertEquals([...tasks.running.keys()], [0, 1, 2, 3]);
  await tasks.endAll(() => 0);
  assertEquals((await first).value, 0);
});

Deno.test("an error of the input comes after the outcomes before it", async () => {
  const tasks = new Tasks();
  const input = function* (): Generator<number> {
    yield 0;
    throw new Error("line 2 is bad");
  };
  const results = inOrder(input(), tasks.start, LIMITS);
  const first = results.next();
  await turn();
  tasks.running.get(0)!();
  assertEquals((await first).value, 0);
  await assertRejects(() => results.next(), /line 2 is bad/);
});

Deno.test("leaving the loop cancels what was started and not seen", async () => {
  const tasks = new Tasks();
  const results = inOrder(numbers(100), tasks.start, LIMITS);
  const first = results.next();
  await turn();
  tasks.running.get(0)!();
  await first;
  await results.return(undefined);
  assertEquals(tasks.cancelled[0], 1);
  assertEquals(tasks.cancelled.length, tasks.running.size);
});
