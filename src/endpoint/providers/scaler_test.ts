import fc from "fast-check";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import type { BlockSettings } from "../../profile/resolved_provider.ts";
import {
  NO_FAILURES,
  scale,
  type ScalerBlock,
  type ScalerDecision,
  type ScalerInput,
  withFailure,
  workersNeeded,
} from "./scaler.ts";

const NOW = 1_000_000;
/** Milliseconds, as `maxIdleSeconds` below. */
const IDLE = 120_000;

const SETTINGS: BlockSettings = {
  init: 0,
  min: 0,
  max: 4,
  parallelism: 1,
  maxIdleSeconds: IDLE / 1_000,
  nodesPerBlock: 1,
  walltimeSeconds: 1_800,
  pollSeconds: 20,
};

const busy = (id: string): ScalerBlock => ({ id, state: "running", idleSince: null });
const queued = (id: string): ScalerBlock => ({ id, state: "queued", idleSince: null });
const ending = (id: string): ScalerBlock => ({ id, state: "ending", idleSince: null });
/** A running block with too little time for each task that waits, idle for so many milliseconds. */
const short = (id: string, since?: number): ScalerBlock => ({
  id,
  state: "short",
  idleSince: since === undefined ? null : NOW - since,
});
/** A running block that has been idle for so many milliseconds. */
const idle = (id: string, since: number): ScalerBlock => ({
  id,
  state: "running",
  idleSince: NOW - since,
});
const unneeded = (id: string, since: number): ScalerBlock => ({
  ...idle(id, since),
  state: "queued",
});

type Case = Partial<Omit<ScalerInput, "settings">> & { readonly settings?: Partial<BlockSettings> };

function decide({ settings, ...rest }: Case): ScalerDecision {
  return scale({
    blocks: [],
    outstanding: 0,
    workersPerBlock: 10,
    failures: NO_FAILURES,
    isFirst: false,
    now: NOW,
    ...rest,
    settings: { ...SETTINGS, ...settings },
  });
}

const failed = (count: number) => ({ count, cause: "no such account" });

/** What there is, how many start, which are cancelled. */
const TABLE: readonly (readonly [what: string, Case, start: number, cancel: string[]])[] = [
  ["nothing to do", {}, 0, []],
  ["one task is worth a block", { outstanding: 1 }, 1, []],
  ["as many as the workers need", { outstanding: 21 }, 3, []],
  ["no more than the maximum", { outstanding: 1_000 }, 4, []],
  ["what is queued counts", { outstanding: 21, blocks: [queued("a"), busy("b")] }, 1, []],
  ["enough is enough", { outstanding: 10, blocks: [queued("a")] }, 0, []],
  ["half of the parallelism", { outstanding: 40, settings: { parallelism: 0.5 } }, 2, []],
  ["no parallelism is one block", { outstanding: 40, settings: { parallelism: 0 } }, 1, []],
  ["the first ones, without a task", { isFirst: true, settings: { init: 2 } }, 2, []],
  ["the first ones are started once", { settings: { init: 2 } }, 0, []],
  ["the minimum, without a task", { settings: { min: 2 }, blocks: [busy("a")] }, 1, []],
  ["an ending block takes no task", { outstanding: 5, blocks: [ending("a")] }, 1, []],
  [
    "ending blocks count for the maximum",
    { outstanding: 99, blocks: [ending("a"), ending("b"), busy("c")] },
    1,
    [],
  ],
  ["a block without time for what waits", { outstanding: 5, blocks: [short("a")] }, 1, []],
  [
    "the same where there may be no other: it goes as any that is idle",
    { outstanding: 5, settings: { max: 1 }, blocks: [short("a", IDLE)] },
    0,
    ["a"],
  ],
  [
    "the same, not idle for long enough or not at all",
    { outstanding: 5, settings: { max: 2 }, blocks: [short("a", IDLE - 1), short("b")] },
    0,
    [],
  ],
  ["idle, and not for long", { blocks: [idle("a", IDLE - 1)] }, 0, []],
  ["idle for long enough: to zero", { blocks: [idle("a", IDLE), idle("b", IDLE)] }, 0, ["a", "b"]],
  ["idle, but the minimum", { settings: { min: 1 }, blocks: [idle("a", 9 * IDLE)] }, 0, []],
  [
    "the one that was idle longest goes, the minimum stays",
    { settings: { min: 1 }, blocks: [idle("a", IDLE), idle("b", 2 * IDLE)] },
    0,
    ["b"],
  ],
  [
    "a block without nodes goes first",
    { settings: { min: 1 }, blocks: [idle("a", 9 * IDLE), unneeded("b", IDLE)] },
    0,
    ["b"],
  ],
  [
    "busy ones stay, whatever the target",
    { outstanding: 3, blocks: [busy("a"), busy("b"), busy("c")] },
    0,
    [],
  ],
  [
    "an idle one beside a busy one goes",
    { outstanding: 3, blocks: [busy("a"), idle("b", IDLE)] },
    0,
    ["b"],
  ],
  [
    "an idle one stays while there is work for it",
    { outstanding: 15, blocks: [busy("a"), idle("b", IDLE)] },
    0,
    [],
  ],
  [
    "above a lowered maximum idle ones go at once, busy ones do not",
    { outstanding: 99, settings: { max: 1 }, blocks: [busy("a"), busy("b"), idle("c", 1)] },
    0,
    ["c"],
  ],
  ["after a failure one at a time", { outstanding: 99, failures: failed(1) }, 1, []],
  [
    "after a failure not before the next has shown itself",
    { outstanding: 99, failures: failed(2), blocks: [queued("a")] },
    0,
    [],
  ],
  ["after three failures none", { outstanding: 99, failures: failed(3) }, 0, []],
  [
    "after three failures idle ones end as ever",
    { failures: failed(3), blocks: [idle("a", IDLE)] },
    0,
    ["a"],
  ],
];

for (const [what, input, start, cancel] of TABLE) {
  Deno.test(`scaler: ${what}`, () => {
    const decision = decide(input);
    assertEquals([decision.start, decision.cancel], [start, cancel]);
  });
}

Deno.test("why nothing is started is told as long as there is something to start", () => {
  const failures = withFailure(failed(2), "invalid partition");
  assertEquals(
    decide({ outstanding: 1, failures }).stopped,
    "3 blocks in a row have failed: invalid partition",
  );
  assertEquals(decide({ failures }).stopped, null);
});

Deno.test("the next time to look is when the first idle block is due", () => {
  const blocks = [idle("a", 1_000), idle("b", 3_000), busy("c")];
  assertEquals(decide({ outstanding: 1, blocks }).nextAt, NOW - 3_000 + IDLE);
  assertEquals(decide({ outstanding: 99, blocks }).nextAt, null);
});

const anyBlock = fc.record({
  state: fc.constantFrom("queued", "running", "short", "ending"),
  idleSince: fc.option(fc.integer({ min: NOW - 3 * IDLE, max: NOW })),
});

Deno.test("whatever there is, the maximum holds, and no busy block is cancelled", () => {
  fc.assert(fc.property(
    fc.array(anyBlock, { maxLength: 12 }),
    fc.nat(500),
    fc.nat(4),
    fc.integer({ min: 1, max: 8 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.boolean(),
    (made, outstanding, failures, max, parallelism, isFirst) => {
      const blocks = made.map((block, index) => ({ ...block, id: String(index) } as ScalerBlock));
      const settings = { max, parallelism, min: Math.min(1, max), init: max };
      const { start, cancel } = decide({
        blocks,
        outstanding,
        failures: failed(failures),
        isFirst,
        settings,
      });
      assertTrue(start === 0 || start + blocks.length <= max);
      assertTrue(failures < 3 || start === 0);
      assertEquals(new Set(cancel).size, cancel.length);
      for (const id of cancel) {
        const block = blocks[Number(id)];
        assertTrue(block.state !== "ending" && block.idleSince !== null);
      }
      // What was cancelled is not missing a moment later, but for what made room for another.
      const left = blocks.filter(({ id }) => !cancel.includes(id));
      const madeRoom = cancel.some((id) => blocks[Number(id)].state === "short");
      if (cancel.length > 0 && !madeRoom) {
        assertEquals(decide({ blocks: left, outstanding, isFirst, settings }).start, 0);
      }
    },
  ));
});

/** Tasks by the nodes that each takes, nodes of a block, and the blocks that they come to. */
const ON_NODES:
  readonly (readonly [onNodes: [number, number][], nodesPerBlock: number, blocks: number])[] = [
    [[], 3, 1],
    [[[2, 1]], 2, 1],
    [[[2, 3]], 2, 3],
    [[[2, 2]], 3, 2],
    [[[2, 2]], 4, 1],
    [[[1, 9]], 3, 3],
    [[[2, 1], [4, 1]], 4, 2],
  ];

for (const [onNodes, nodesPerBlock, blocks] of ON_NODES) {
  Deno.test(`tasks of ${JSON.stringify(onNodes)} nodes take ${blocks} blocks of ${nodesPerBlock}`, () => {
    const tasks = onNodes.reduce((sum, [, count]) => sum + count, 0) || 5;
    const load = { tasks, onNodes: new Map(onNodes), workersPerNode: 8, nodesPerBlock };
    const decision = decide({
      outstanding: workersNeeded(load),
      workersPerBlock: 8 * nodesPerBlock,
    });
    assertEquals(decision.start, blocks);
  });
}
