import { assertEquals, assertTrue } from "../lib/assert.ts";
import { SubmitQueue } from "./submit_queue.ts";

/** Requests that are answered when the test says. */
class Requests {
  readonly batches: string[][] = [];
  readonly #open: (() => void)[] = [];
  readonly #sent: (() => void)[] = [];

  send = (batch: readonly string[]): Promise<void> => {
    this.batches.push([...batch]);
    this.#sent.splice(0).forEach((wake) => wake());
    return new Promise((resolve) => this.#open.push(resolve));
  };

  answer(): void {
    this.#open.shift()!();
  }

  async until(count: number): Promise<void> {
    while (this.batches.length < count) await new Promise<void>((wake) => this.#sent.push(wake));
  }
}

function queueOf(
  requests: Requests,
  concurrency = 2,
  size = (item: string): number => item.length,
): SubmitQueue<string> {
  return new SubmitQueue({
    send: requests.send,
    size,
    maximumItems: 3,
    maximumBytes: 10,
    concurrency,
    linger: 1,
  });
}

Deno.test("what is added in one turn goes at once in one batch", async () => {
  const requests = new Requests();
  const queue = queueOf(requests);
  queue.add("a");
  queue.add("b");
  assertEquals(requests.batches, []);
  await requests.until(1);
  assertEquals(requests.batches, [["a", "b"]]);
});

Deno.test("full batches do not wait, and bytes fill one too", () => {
  const requests = new Requests();
  const queue = queueOf(requests);
  for (const item of ["a", "b", "c", "123456", "7890"]) queue.add(item);
  assertEquals(requests.batches, [["a", "b", "c"], ["123456", "7890"]]);
});

Deno.test("an item that is larger than a batch goes alone", () => {
  const requests = new Requests();
  const queue = queueOf(requests, 3);
  queue.add("a");
  queue.add("0123456789ABC");
  assertEquals(requests.batches, [["a"], ["0123456789ABC"]]);
});

Deno.test("no more requests than allowed; what gathers goes when one is answered", async () => {
  const requests = new Requests();
  const queue = queueOf(requests, 1);
  queue.add("a");
  await requests.until(1);
  for (const item of ["b", "c", "d", "e"]) queue.add(item);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(requests.batches.length, 1);
  requests.answer();
  await requests.until(2);
  requests.answer();
  await requests.until(3);
  assertEquals(requests.batches.slice(1), [["b", "c", "d"], ["e"]]);
});

Deno.test("what has become smaller by the time it is sent leaves later batches as they are", async () => {
  const requests = new Requests();
  let size = 5;
  const queue = queueOf(requests, 1, () => size);
  queue.add("a");
  await requests.until(1);
  queue.add("cancelled");
  queue.add("cancelled too");
  size = 0;
  requests.answer();
  await requests.until(2);
  requests.answer();
  await Promise.resolve();
  for (const item of ["b", "c"]) queue.add(item);
  await requests.until(3);
  assertEquals(requests.batches.slice(1), [["cancelled", "cancelled too"], ["b", "c"]]);
});

Deno.test("with a request on its way, items linger but are not forgotten", async () => {
  const requests = new Requests();
  const queue = queueOf(requests);
  queue.add("a");
  await requests.until(1);
  queue.add("b");
  queue.add("c");
  await requests.until(2);
  assertTrue(requests.batches[1]!.join() === "b,c");
});
