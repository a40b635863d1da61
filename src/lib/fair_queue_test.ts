import fc from "fast-check";
import { assertEquals, assertTrue } from "./assert.ts";
import { FairLanes, FairQueue } from "./fair_queue.ts";

interface Item {
  readonly number: number;
  readonly owner: string;
  readonly group: string;
  readonly priority: number;
  readonly cost: number;
}

const place = { owner: "ann", group: "a", priority: 0 };

function taken(queue: FairQueue<string, string, unknown>): unknown[] {
  const items: unknown[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

Deno.test("one lane is first come first served", () => {
  const queue = new FairQueue<string, string, number>();
  for (let i = 0; i < 5_000; i++) queue.push(i, place);
  assertEquals(queue.size, 5_000);
  assertEquals(taken(queue), Array.from({ length: 5_000 }, (_, i) => i));
  assertEquals(queue.size, 0);
});

Deno.test("owners take turns, whatever they have waiting", () => {
  const queue = new FairQueue<string, string, string>();
  for (let i = 0; i < 1_000; i++) queue.push(`a${i}`, place);
  queue.push("b0", { ...place, owner: "ben" });
  assertEquals([queue.shift(), queue.shift(), queue.shift()], ["a0", "b0", "a1"]);
});

Deno.test("groups of an owner take turns at its highest priority", () => {
  const queue = new FairQueue<string, string, string>();
  queue.push("low", place);
  for (const item of ["x1", "x2"]) queue.push(item, { ...place, group: "x", priority: 1 });
  for (const item of ["y1", "y2"]) queue.push(item, { ...place, group: "y", priority: 1 });
  queue.push("top", { ...place, priority: 2 });
  assertEquals(taken(queue), ["top", "x1", "y1", "x2", "y2", "low"]);
});

Deno.test("a high priority takes nothing from another owner", () => {
  const queue = new FairQueue<string, string, string>();
  for (const item of ["b1", "b2"]) queue.push(item, { ...place, owner: "ben" });
  for (const item of ["a1", "a2"]) queue.push(item, { ...place, priority: 100 });
  assertEquals(taken(queue), ["b1", "a1", "b2", "a2"]);
});

Deno.test("what costs more is paid for in the next rounds", () => {
  const queue = new FairQueue<string, string, string>();
  for (const item of ["a1", "a2"]) queue.push(item, place, 3);
  for (let i = 1; i <= 5; i++) queue.push(`b${i}`, { ...place, owner: "ben" });
  assertEquals(taken(queue), ["a1", "b1", "b2", "b3", "a2", "b4", "b5"]);
});

Deno.test("a larger quantum lets one owner go on for a while", () => {
  const queue = new FairQueue<string, string, string>(2);
  for (const item of ["a1", "a2", "a3"]) queue.push(item, place);
  for (const item of ["b1", "b2", "b3"]) queue.push(item, { ...place, owner: "ben" });
  assertEquals(taken(queue), ["a1", "a2", "b1", "b2", "a3", "b3"]);
});

Deno.test("a lane that is deleted is not next", () => {
  const lanes = new FairLanes<string, typeof place>();
  const [first, second] = [{ ...place }, { ...place }];
  lanes.add(first);
  lanes.add(second);
  lanes.add(first);
  assertEquals(lanes.size, 2);
  assertTrue(lanes.next() === first);
  lanes.delete(first);
  assertTrue(lanes.next() === second);
  lanes.delete(first);
  lanes.delete(second);
  assertEquals([lanes.size, lanes.next()], [0, undefined]);
});

const item = fc.record({
  owner: fc.constantFrom("ann", "ben", "cy"),
  group: fc.constantFrom("x", "y", "z"),
  priority: fc.integer({ min: -2, max: 2 }),
  cost: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 160 })),
});
/** A number takes so many; anything else is pushed. */
const steps = fc.array(fc.oneof(item, fc.nat({ max: 5 })), { maxLength: 200 });
const quantum = fc.integer({ min: 1, max: 20 });

/** The queue beside a plain list of what waits, in order of arrival. */
class Model {
  readonly queue: FairQueue<string, string, Item>;
  waiting: Item[] = [];
  #count = 0;

  constructor(quantum: number) {
    this.queue = new FairQueue(quantum);
  }

  push(fields: Omit<Item, "number">): void {
    const pushed = { ...fields, number: this.#count++ };
    this.waiting.push(pushed);
    this.queue.push(pushed, pushed, pushed.cost);
  }

  /** Takes one and checks what holds for any. */
  shift(): Item | undefined {
    const before = this.waiting;
    const next = this.queue.shift();
    assertEquals(next === undefined, before.length === 0);
    if (next === undefined) return undefined;
    this.waiting = before.filter((other) => other !== next);
    assertEquals(this.waiting.length, before.length - 1);
    assertEquals(this.queue.size, this.waiting.length);
    const own = before.filter((other) => other.owner === next.owner);
    assertEquals(next.priority, Math.max(...own.map((other) => other.priority)));
    const lane = own.filter((o) => o.group === next.group && o.priority === next.priority);
    assertEquals(next, lane[0]);
    return next;
  }
}

Deno.test("nothing is lost, priorities go first and lanes keep their order, whatever happens", () => {
  fc.assert(fc.property(quantum, steps, (quantum, steps) => {
    const model = new Model(quantum);
    for (const step of steps) {
      if (typeof step !== "number") model.push(step);
      else for (let i = 0; i < step; i++) model.shift();
    }
    while (model.shift() !== undefined);
  }));
});

/** What each key was charged while all of them waited: from the first step until one runs out. */
function assertFair(quantum: number, items: readonly Item[], key: (item: Item) => string): void {
  const keys = [...new Set(items.map(key))];
  const left = new Map(keys.map((k) => [k, items.filter((i) => key(i) === k).length]));
  const charged = new Map(keys.map((k) => [k, 0]));
  const model = new Model(quantum);
  for (const item of items) model.push(item);
  const bound = quantum + Math.max(...items.map(({ cost }) => cost));
  while ([...left.values()].every((count) => count > 0)) {
    const next = model.shift()!;
    left.set(key(next), left.get(key(next))! - 1);
    charged.set(key(next), charged.get(key(next))! + next.cost);
    const costs = [...charged.values()];
    assertTrue(Math.max(...costs) - Math.min(...costs) <= bound, `${costs} with ${bound}`);
  }
}

const numbered = (items: Omit<Item, "number">[]): Item[] =>
  items.map((fields, number) => ({ ...fields, number }));
const backlog = fc.array(item, { minLength: 1, maxLength: 300 }).map(numbered);

Deno.test("owners that wait get the same within a quantum and the largest cost", () => {
  fc.assert(fc.property(quantum, backlog, (quantum, items) => {
    assertFair(quantum, items, ({ owner }) => owner);
  }));
});

Deno.test("groups of an owner get the same within a quantum and the largest cost", () => {
  fc.assert(fc.property(quantum, backlog, (quantum, items) => {
    assertFair(
      quantum,
      items.map((item) => ({ ...item, owner: "ann", priority: 0 })),
      ({ group }) => group,
    );
  }));
});

Deno.test("a newcomer waits for at most a quantum and the largest cost of each other owner", () => {
  fc.assert(fc.property(quantum, backlog, fc.nat({ max: 100 }), (quantum, items, shifts) => {
    const model = new Model(quantum);
    for (const item of items) model.push(item);
    for (let i = 0; i < shifts; i++) model.shift();
    model.push({ owner: "new", group: "x", priority: -100, cost: 160 });
    const charged = new Map<string, number>();
    for (let next = model.shift()!; next.owner !== "new"; next = model.shift()!) {
      charged.set(next.owner, (charged.get(next.owner) ?? 0) + next.cost);
    }
    for (const cost of charged.values()) assertTrue(cost <= quantum + 160, `${cost}`);
  }));
});

Deno.test("100,000 groups of one item go in the order in which they came", () => {
  const shared = new FairQueue<string, string, number>();
  const single = new FairQueue<string, string, number>();
  for (let i = 0; i < 100_000; i++) {
    single.push(i, place);
    shared.push(i, { ...place, group: `${i}` });
  }
  assertEquals(taken(shared), taken(single));
});
