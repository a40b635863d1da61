import { assertEquals } from "../../../lib/assert.ts";
import type { ResolvedSlot } from "../../../profile/schema.ts";
import { type Machine, planSlots, together, workersFor } from "./slot_plan.ts";

const GIB = 1024 ** 3;
const PLAIN: ResolvedSlot = { cores: null, memory: null, accelerators: 0, cpuAffinity: "none" };
/** Two NUMA nodes, the first with the processors of even numbers. */
const MACHINE: Machine = {
  cores: 8,
  memory: 16 * GIB,
  cpus: [0, 2, 4, 6, 1, 3, 5, 7],
  accelerators: [],
};

function plan(
  workersPerNode: number | "auto",
  slot: Partial<ResolvedSlot>,
  machine: Partial<Machine> = {},
): ReturnType<typeof planSlots> {
  return planSlots({ workersPerNode, slot: { ...PLAIN, ...slot } }, { ...MACHINE, ...machine });
}

Deno.test("auto is as many workers as there are cores, memory and accelerators for", () => {
  const node = { cores: 64, memory: 256 * GIB, accelerators: 0 };
  const cases = [
    [{}, {}, 64],
    [{ cores: 4 }, {}, 16],
    [{ cores: 0.5 }, {}, 128],
    [{ cores: 5 }, {}, 12],
    [{ memory: 32 * GIB }, {}, 8],
    [{ cores: 16, memory: 32 * GIB }, {}, 4],
    [{}, { accelerators: 6 }, 6],
    [{ cores: 16 }, { accelerators: 6 }, 4],
    // One always, even if it is short of something.
    [{ cores: 100 }, {}, 1],
    [{ memory: 512 * GIB }, {}, 1],
    [{}, { cores: 5_000 }, 1_024],
    [{ cpuAffinity: ["0-3", "4-7", "8"] }, {}, 3],
  ] as const;
  for (const [slot, other, expected] of cases) {
    assertEquals(workersFor({ ...PLAIN, ...slot }, { ...node, ...other }), expected);
  }
});

Deno.test("cores are one each with auto, and an even share of a given number of workers", () => {
  const cores = (...args: Parameters<typeof plan>): number[] => plan(...args).map((s) => s.cores);
  assertEquals(cores("auto", {}, { cores: 2 }), [1, 1]);
  assertEquals(cores(3, {}), [2, 2, 2]);
  assertEquals(cores(3, { cores: 1 }), [1, 1, 1]);
  assertEquals(cores(4, {}, { cores: 2 }), [0.5, 0.5, 0.5, 0.5]);
});

Deno.test("memory is what the profile says, else an even share", () => {
  assertEquals(plan(2, {}).map(({ memory }) => memory), [8 * GIB, 8 * GIB]);
  assertEquals(plan(2, { memory: GIB }).map(({ memory }) => memory), [GIB, GIB]);
});

Deno.test("accelerators are shared out, and shared where there are fewer than workers", () => {
  const ids = ["0", "1", "2", "3"];
  const shares = (workers: number | "auto"): string[] =>
    plan(workers, {}, { accelerators: ids }).map((slot) => slot.accelerators.join("+"));
  assertEquals(shares("auto"), ["0", "1", "2", "3"]);
  assertEquals(shares(2), ["0+1", "2+3"]);
  assertEquals(shares(3), ["0", "1", "2+3"]);
  assertEquals(shares(8), ["0", "0", "1", "1", "2", "2", "3", "3"]);
});

Deno.test("each affinity binds workers to other cores", () => {
  const cpus = (...args: Parameters<typeof plan>): (string | undefined)[] =>
    plan(...args).map((slot) => slot.cpus?.join(","));
  assertEquals(cpus(2, {}), [undefined, undefined]);
  assertEquals(cpus(2, { cpuAffinity: "block" }), ["0,2,4,6", "1,3,5,7"]);
  assertEquals(cpus(2, { cpuAffinity: "block-reverse" }), ["1,3,5,7", "0,2,4,6"]);
  assertEquals(cpus(2, { cpuAffinity: "alternating" }), ["0,1,4,5", "2,3,6,7"]);
  assertEquals(cpus(2, { cpuAffinity: "block", cores: 1 }), ["0", "2"]);
  assertEquals(cpus(2, { cpuAffinity: "alternating", cores: 1 }), ["0", "2"]);
  assertEquals(cpus(2, { cpuAffinity: ["0-1", "4,7,99"] }), ["0,1", "4,7"]);
  assertEquals(cpus(2, { cpuAffinity: ["99"] }), [undefined, undefined]);
  assertEquals(cpus(3, { cpuAffinity: ["0", "1"] }), ["0", "1", "0"]);
  // More than there are.
  const two = { cores: 2, cpus: [0, 1] };
  for (const cpuAffinity of ["block", "alternating"] as const) {
    for (const list of cpus(4, { cpuAffinity }, two)) assertEquals(list?.length, 1);
  }
  assertEquals(cpus(2, { cpuAffinity: "block", cores: 3 }, two), ["0,1", "0,1"]);
  // Where the system cannot bind.
  assertEquals(cpus(1, { cpuAffinity: "block" }, { cpus: [] }), [undefined]);
});

Deno.test("a list of cores says how many a worker has", () => {
  assertEquals(plan("auto", { cpuAffinity: ["0-2", "7"] }).map(({ cores }) => cores), [3, 1]);
});

Deno.test("slots together have what each of them has, once", () => {
  const slots = plan(4, { cpuAffinity: "block" }, { accelerators: ["0", "1"] });
  assertEquals(together(slots.slice(0, 3)), {
    cores: 6,
    memory: 12 * GIB,
    accelerators: ["0", "1"],
    cpus: [0, 1, 2, 3, 4, 6],
  });
  assertEquals(together(plan(2, {})).cpus, null);
});
