import { assertEquals, assertMatch } from "../../lib/assert.ts";
import type { BlockStatus } from "../../contract/control.ts";
import { blockTable } from "./block_table.ts";

const NOW = 1_000_000_000;
const MINUTE = 60_000;

function block(changes: Partial<BlockStatus>): BlockStatus {
  return {
    block_id: "b1",
    job_id: "42",
    state: "running",
    reason: "",
    submitted_at: NOW - 5 * MINUTE,
    running_since: NOW - 4 * MINUTE,
    ends_at: NOW + 26 * MINUTE,
    ended_at: null,
    nodes: ["n1"],
    folder: "/state/blocks/b1",
    managers: [],
    ...changes,
  };
}

function manager(
  changes: Partial<BlockStatus["managers"][number]> = {},
): BlockStatus["managers"][number] {
  return {
    manager_id: "m",
    hostname: "n1",
    state: "attached",
    workers: 4,
    idle_workers: 1,
    outstanding_tasks: 3,
    ...changes,
  };
}

/** Cells of the rows below the header. */
function cells(blocks: readonly BlockStatus[]): string[][] {
  return blockTable(blocks, NOW).split("\n").filter((line) => line.startsWith("|")).slice(1)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("a running block shows its nodes, its time and what its workers do", () => {
  const managers = [
    manager({ cores: 64, accelerators: ["NVIDIA A100", "NVIDIA A100"] }),
    manager({ cores: 64, accelerators: [], hostname: "n2", idle_workers: 0, outstanding_tasks: 4 }),
  ];
  assertEquals(cells([block({ nodes: ["n1", "n2"], managers })]), [
    [
      "b1",
      "42",
      "running",
      "n1, n2",
      "5 min",
      "26 min",
      "128 cores, 2 GPUs",
      "8 (1 idle)",
      "7",
      "",
    ],
  ]);
  const [many] = cells([block({ nodes: ["n1", "n2", "n3", "n4", "n5"] })]);
  assertEquals(many![3], "n1, n2, n3 and 2 more");
});

Deno.test("a block that waits says why, one whose managers are silent says so", () => {
  const waiting = block({ state: "queued", reason: "Priority", ends_at: null, nodes: [] });
  assertEquals(cells([waiting])[0]!.slice(2), ["queued", "", "5 min", "", "", "", "", "Priority"]);
  const away = block({ managers: [manager({ state: "away", workers: 0, idle_workers: 0 })] });
  assertEquals(cells([away])[0]!.at(-1), "1 manager is not heard of");
});

Deno.test("the last ended blocks stay below, with their reasons in one line", () => {
  const ended = ["e1", "e2", "e3", "e4"].map((block_id) =>
    block({
      block_id,
      state: "ended",
      ended_at: NOW - 4 * MINUTE,
      ends_at: null,
      reason: `${"long\nwords ".repeat(20)}`,
    })
  );
  const rows = cells([...ended, block({})]);
  assertEquals(rows.map(([id]) => id), ["b1", "e1", "e2", "e3"]);
  assertEquals(rows[1]![4], "1 min");
  assertMatch(rows[1]!.at(-1)!, /^long.+…$/);
});

Deno.test("without blocks there is no table", () => {
  assertEquals(blockTable([], NOW), "");
});
