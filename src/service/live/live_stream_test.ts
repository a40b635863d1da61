import type { LiveEvent } from "../../contract/api.ts";
import { assertEquals } from "../../lib/assert.ts";
import { liveEvents } from "./live_stream.ts";
import type { Change, View } from "./views.ts";

/** A stream over one view of a number, which counts its readings. */
class Counter {
  value = 0;
  readings = 0;
  readonly events: AsyncGenerator<LiveEvent, void>;
  readonly stop = new AbortController();
  readonly #listeners = new Set<(change: Change) => void>();

  constructor() {
    const view: View = {
      isConcerned: ({ kind }) => kind === "tasks",
      read: () => {
        this.readings++;
        const data = { endpoints: this.value, online: 0 };
        return Promise.resolve({ event: "endpoint_list", data });
      },
    };
    this.events = liveEvents({
      views: [view],
      signal: this.stop.signal,
      watch: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    });
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  change(change: Change = { kind: "tasks" }): void {
    this.value++;
    for (const listener of this.#listeners) listener(change);
  }

  async next(): Promise<unknown> {
    return (await this.events.next()).value?.data;
  }
}

Deno.test("many changes are one reading, and the newest is told", async () => {
  const counter = new Counter();
  assertEquals(await counter.next(), { endpoints: 0, online: 0 });
  for (let count = 0; count < 10_000; count++) counter.change();
  assertEquals(await counter.next(), { endpoints: 10_000, online: 0 });
  assertEquals(counter.readings, 2);
  counter.stop.abort();
  assertEquals(await counter.events.next(), { value: undefined, done: true });
  assertEquals(counter.watchers, 0);
});

Deno.test("a reader that does not read costs no reading, and gets the newest then", async () => {
  const counter = new Counter();
  await counter.next();
  const waiting = counter.next();
  counter.change();
  assertEquals(await waiting, { endpoints: 1, online: 0 });
  for (let count = 0; count < 5; count++) counter.change();
  assertEquals(counter.readings, 2);
  assertEquals(await counter.next(), { endpoints: 6, online: 0 });
  await counter.events.return();
  assertEquals(counter.watchers, 0);
});

Deno.test("what does not concern a view leaves it unread", async () => {
  const counter = new Counter();
  await counter.next();
  const waiting = counter.next();
  counter.change({ kind: "endpoint", endpointId: "x" });
  counter.stop.abort();
  assertEquals(await waiting, undefined);
  assertEquals(counter.readings, 1);
});
