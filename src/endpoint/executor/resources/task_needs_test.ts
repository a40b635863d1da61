import { assertEquals, assertMatch, assertTrue } from "../../../lib/assert.ts";
import type { SlotResources } from "./slot_plan.ts";
import { needsOf } from "./task_needs.ts";

const MIB = 1024 ** 2;

function slots(...accelerators: readonly string[][]): SlotResources[] {
  return accelerators.map((ids) => ({
    cores: 2,
    memory: 1_000 * MIB,
    accelerators: ids,
    cpus: null,
  }));
}

const FOUR = slots([], [], [], []);
const FOUR_GPUS = slots(["0"], ["1"], ["2"], ["3"]);
const SHARED_GPUS = slots(["0"], ["0"], ["1"], ["1"]);

Deno.test("a task takes as many slots as have what it asks for", () => {
  const cases = [
    [{}, FOUR, 1],
    [{ num_nodes: 2, disk: 5, priority: 1 }, FOUR, 1],
    [{ cores: null }, FOUR, 1],
    [{ cores: 1 }, FOUR, 1],
    [{ cores: 2 }, FOUR, 1],
    [{ cores: 3 }, FOUR, 2],
    [{ cores: 8 }, FOUR, 4],
    [{ memory: 1_000 }, FOUR, 1],
    [{ memory: 1_001 }, FOUR, 2],
    [{ cores: 8, memory: 1 }, FOUR, 4],
    [{ gpus: 0 }, FOUR, 1],
    [{ gpus: 1 }, FOUR_GPUS, 1],
    [{ gpus: 3 }, FOUR_GPUS, 3],
    // Two of them may have the same one.
    [{ gpus: 1 }, SHARED_GPUS, 1],
    [{ gpus: 2 }, SHARED_GPUS, 3],
    [{ gpus: 3 }, slots(["0", "1"], ["2", "3"]), 2],
  ] as const;
  for (const [specification, node, expected] of cases) {
    const needs = needsOf(specification, node, null);
    assertTrue(needs.kind === "ok", JSON.stringify(specification));
    assertEquals(needs.value.slots, expected);
  }
});

Deno.test("the limit on memory is what the task asks for, else what its slots have", () => {
  const memory = (specification: Record<string, unknown>, limit: number | null): number | null => {
    const needs = needsOf(specification, FOUR, limit);
    assertTrue(needs.kind === "ok");
    return needs.value.memory;
  };
  assertEquals(memory({ cores: 4 }, null), null);
  assertEquals(memory({ cores: 4 }, 1_000 * MIB), 2_000 * MIB);
  assertEquals(memory({ memory: 100 }, 1_000 * MIB), 100 * MIB);
  assertEquals(memory({ memory: 100 }, null), 100 * MIB);
});

Deno.test("a task that asks for more than the node has is told what that is", () => {
  const cases = [
    [{ cores: 9 }, /asks for 9 cores, and \S+ has 8 for it$/],
    [{ memory: 5_000 }, /asks for 5000 MB of memory, and \S+ has 4000 MB of memory for it$/],
    [{ gpus: 1 }, /asks for 1 gpus, and \S+ has 0 for it$/],
    [{ cores: 9, gpus: 2 }, /9 cores, and .*; for 2 gpus, and/],
  ] as const;
  for (const [specification, message] of cases) {
    const needs = needsOf(specification, FOUR, null);
    assertTrue(needs.kind === "fatal");
    assertEquals(needs.failure.code, "RESOURCES_UNAVAILABLE");
    assertMatch(needs.failure.message, message);
  }
});

Deno.test("tenths of a core make whole ones", () => {
  const tenths = Array.from({ length: 10 }, () => ({ ...FOUR[0]!, cores: 0.1 }));
  const needs = needsOf({ cores: 1 }, tenths, null);
  assertTrue(needs.kind === "ok");
  assertEquals(needs.value.slots, 10);
});

Deno.test("what is no amount is refused by its name", () => {
  const wrong = [{ cores: "4" }, { cores: 0 }, { cores: -1 }, { memory: NaN }, { gpus: 0.5 }, {
    cores: 1n,
  }, { cores: {} }];
  for (const specification of wrong) {
    const needs = needsOf(specification, FOUR, null);
    assertTrue(needs.kind === "fatal", Object.keys(specification)[0]!);
    assertEquals(needs.failure.code, "InvalidResourceSpecification");
    assertMatch(needs.failure.message, new RegExp(Object.keys(specification)[0]!));
  }
});
