import { setImmediate } from "node:timers";
import { assertEquals } from "../lib/assert.ts";
import { Waiters } from "../lib/waiters.ts";
import { TurnTimer } from "./turn_timer.ts";

/** Counts turns. */
class Turns implements Disposable {
  isBusy = true;
  count = 0;
  readonly #waiters = new Waiters();
  readonly timer = new TurnTimer({
    take: () => {
      this.count += 1;
      this.#waiters.check();
    },
    isBusy: () => this.isBusy,
    // Longer than a machine that is busy takes from one step of a test to the next.
    company: 1_000,
  });

  async taken(count: number): Promise<void> {
    if (this.count < count) await this.#waiters.when(() => this.count >= count);
    assertEquals(this.count, count);
  }

  [Symbol.dispose](): void {
    this.timer.close();
  }
}

function nextPass(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

Deno.test("what comes in one pass of the event loop shares a turn", async () => {
  using turns = new Turns();
  turns.timer.now();
  turns.timer.soon();
  turns.timer.now();
  assertEquals(turns.count, 0);
  await turns.taken(1);
  await nextPass();
  assertEquals(turns.count, 1);
});

Deno.test("while all workers have enough to do a turn that may wait comes after a moment", async () => {
  using turns = new Turns();
  turns.timer.now();
  await turns.taken(1);
  turns.timer.soon();
  await nextPass();
  assertEquals(turns.count, 1);
  await turns.taken(2);
});

Deno.test("a turn that must not wait takes along what does", async () => {
  using turns = new Turns();
  turns.timer.now();
  await turns.taken(1);
  turns.timer.soon();
  turns.timer.now();
  await nextPass();
  await turns.taken(2);
  // Were the first one still due, this would be one turn too many.
  turns.timer.soon();
  await turns.taken(3);
});

Deno.test("with a worker that has nothing ahead no turn waits", async () => {
  using turns = new Turns();
  turns.timer.now();
  await turns.taken(1);
  turns.isBusy = false;
  turns.timer.soon();
  await nextPass();
  await turns.taken(2);
});

Deno.test("no turn comes after the end", async () => {
  const turns = new Turns();
  turns.timer.now();
  turns.timer.close();
  turns.timer.now();
  turns.timer.soon();
  await nextPass();
  assertEquals(turns.count, 0);
});
