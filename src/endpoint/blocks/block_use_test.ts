import { assertEquals } from "../../lib/assert.ts";
import { outlookOf, workersWanted } from "./block_use.ts";

const manager = (outlook: "open" | "short" | "ending", outstanding = 0, hasWholeNodes = false) => ({
  outlook,
  outstanding,
  hasWholeNodes,
});

Deno.test("a block is as good as the best of its managers", () => {
  assertEquals(outlookOf([]), null);
  assertEquals(outlookOf([manager("ending"), manager("open"), manager("short")]), "open");
  assertEquals(outlookOf([manager("ending"), manager("short")]), "short");
  assertEquals(outlookOf([manager("ending"), manager("ending")]), "ending");
});

Deno.test("what runs in blocks that take no more needs no others", () => {
  const load = { tasks: 7, onNodes: new Map(), workersPerNode: 4, nodesPerBlock: 1 };
  assertEquals(workersWanted(load, []), 7);
  assertEquals(workersWanted(load, [[manager("short", 4)], [manager("ending", 2)]]), 1);
  // One has a node of its own, the other waits for one.
  const whole = { ...load, tasks: 2, onNodes: new Map([[1, 2]]) };
  assertEquals(workersWanted(whole, [[manager("short", 1, true)]]), 4);
  // What waits is never forgotten, however much the others are taken for.
  const mixed = { ...load, tasks: 3, onNodes: new Map([[1, 1]]), nodesPerBlock: 2 };
  assertEquals(workersWanted(mixed, [[manager("short", 1, true)]]), 2);
});
