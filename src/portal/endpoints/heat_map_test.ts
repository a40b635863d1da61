import { assertEquals } from "../../lib/assert.ts";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { moved, nodeGroups } from "./heat_map.ts";

const NOW = 10_000;
const TASK = "0190a6a0-1b2c-7d3e-8f40-5a6b7c8d9e0f";

type Nodes = NonNullable<EndpointStatus["nodes"]>;

function node(name: string, slots: Nodes[number]["slots"]): Nodes[number] {
  return {
    manager_id: name,
    hostname: name,
    block_id: "block-1",
    state: "attached",
    workers: slots.length,
    idle_workers: slots.filter((slot) => slot.task_id === null).length,
    accelerators: ["A100", "A100", "T4"],
    slots,
  };
}

const busy = (ageSeconds: number | null): Nodes[number]["slots"][number] => ({
  task_id: TASK,
  since: ageSeconds === null ? null : (NOW - ageSeconds) * 1_000,
});
const IDLE = { task_id: null, since: null };

Deno.test("cells tell idle workers, tasks that have not begun, and older tasks from newer ones", () => {
  const slots = [busy(5), busy(60), busy(700), busy(4_000), busy(null), IDLE];
  const [group] = nodeGroups({ nodes: [node("n1", slots)] }, NOW);
  assertEquals(group!.cells.map(({ tone }) => tone), [
    "age0",
    "age1",
    "age2",
    "age3",
    "given",
    "idle",
  ]);
  assertEquals([group!.busy, group!.workers], [5, 6]);
  assertEquals(group!.accelerators, ["2 × A100", "T4"]);
});

Deno.test("a clock that is ahead makes no task older", () => {
  const [group] = nodeGroups({ nodes: [node("n1", [busy(-300)])] }, NOW);
  assertEquals(group!.cells[0]!.tone, "age0");
});

Deno.test("a node names the scheduler's job, or its block while that has none", () => {
  const block = {
    block_id: "block-1",
    state: "running" as const,
    nodes: 1,
    reason: "",
    submitted_at: 0,
    running_since: null,
    ends_at: null,
  };
  const jobOf = (job_id: string | null): string | undefined =>
    nodeGroups({ nodes: [node("n1", [])], blocks: [{ ...block, job_id }] }, NOW)[0]!.job;
  assertEquals([jobOf("4711"), jobOf(null)], ["4711", "block-1"]);
});

Deno.test("the key of a node changes with its tones and tasks only", () => {
  const keyOf = (age: number): string =>
    nodeGroups({ nodes: [node("n1", [busy(age)])] }, NOW)[0]!.key;
  assertEquals(keyOf(10), keyOf(20));
  assertEquals(keyOf(10) === keyOf(90), false);
});

Deno.test("arrow keys go through the cells, over nodes without any", () => {
  const groups = nodeGroups(
    { nodes: [node("a", [IDLE, IDLE, IDLE, IDLE, IDLE]), node("b", []), node("c", [IDLE, IDLE])] },
    NOW,
  );
  const from = (nodeIndex: number, slot: number, key: string): unknown =>
    moved(groups, { node: nodeIndex, slot }, key, 4);
  assertEquals(from(0, 0, "ArrowRight"), { node: 0, slot: 1 });
  assertEquals(from(0, 4, "ArrowRight"), { node: 2, slot: 0 });
  assertEquals(from(2, 0, "ArrowLeft"), { node: 0, slot: 4 });
  assertEquals(from(0, 0, "ArrowDown"), { node: 0, slot: 4 });
  assertEquals(from(0, 3, "ArrowDown"), { node: 2, slot: 1 });
  assertEquals(from(0, 4, "ArrowUp"), { node: 0, slot: 0 });
  assertEquals(from(0, 0, "ArrowUp"), undefined);
  assertEquals(from(2, 1, "ArrowRight"), undefined);
  assertEquals(from(0, 1, "Enter"), undefined);
});
