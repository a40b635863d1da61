import fc from "fast-check";
import { assertEquals, assertTrue } from "../../../lib/assert.ts";
import { LaneTurns } from "./lane_turns.ts";

/** Lanes of costs, taken by turns; the keys in the order in which their items went. */
class Lanes {
  readonly waiting: Map<number, number[]>;
  readonly charged = new Map<number, number>();
  readonly #turns: LaneTurns;

  constructor(quantum: number, lanes: readonly (readonly [number, readonly number[]])[]) {
    this.#turns = new LaneTurns(quantum);
    this.waiting = new Map(lanes.map(([key, costs]) => [key, [...costs]]));
  }

  take(): number | undefined {
    const key = this.#turns.next((from) =>
      [...this.waiting.keys()].filter((key) => key >= from).sort((a, b) => a - b)[0]
    );
    if (key === undefined) return undefined;
    const costs = this.waiting.get(key)!;
    const cost = costs.shift()!;
    if (costs.length === 0) this.waiting.delete(key);
    this.#turns.charge(cost);
    this.charged.set(key, (this.charged.get(key) ?? 0) + cost);
    return key;
  }
}

Deno.test("lanes take turns of a quantum, and a late one waits one round", () => {
  const lanes = new Lanes(2, [[3, [1, 1, 1, 1, 1]], [7, [1, 1, 1]]]);
  assertEquals([lanes.take(), lanes.take(), lanes.take()], [3, 3, 7]);
  lanes.waiting.set(1, [1]);
  const order: number[] = [];
  for (let key; (key = lanes.take()) !== undefined;) order.push(key);
  assertEquals(order, [7, 1, 3, 3, 7, 3]);
});

Deno.test("who took more than a turn is passed over until it is paid off", () => {
  const lanes = new Lanes(1, [[1, [3, 1]], [2, [1, 1, 1, 1]]]);
  const order = Array.from({ length: 6 }, () => lanes.take());
  assertEquals(order, [1, 2, 2, 2, 1, 2]);
});

const quantum = fc.integer({ min: 1, max: 64 });
const costs = fc.array(fc.integer({ min: 1, max: 161 }), { minLength: 1, maxLength: 60 });

Deno.test("everything goes once, and who waited all the while was charged what the others were", () => {
  const lanes = fc.uniqueArray(fc.tuple(fc.nat(50), costs), { selector: ([key]) => key });
  fc.assert(fc.property(quantum, lanes, (quantum, lanes) => {
    const queue = new Lanes(quantum, lanes);
    const total = lanes.reduce((sum, [, costs]) => sum + costs.length, 0);
    const bound = quantum + 161;
    for (let taken = 0; taken < total; taken++) {
      assertTrue(queue.take() !== undefined);
      const charged = [...queue.waiting.keys()].map((key) => queue.charged.get(key) ?? 0);
      if (charged.length > 0) assertTrue(Math.max(...charged) - Math.min(...charged) <= 2 * bound);
    }
    assertEquals(queue.take(), undefined);
  }));
});
