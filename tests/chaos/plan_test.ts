import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { INLINE_BYTES } from "../../src/contract/limits.ts";
import { makePlan, type Plan } from "./plan.ts";
import { tasksOf } from "./workload.ts";

const ALL = { mounts: true, clocks: true };

function plans(count: number, means = ALL): Plan[] {
  return Array.from({ length: count }, (_, seed) => makePlan({ seed, tasks: 300, means }));
}

Deno.test("the same seed makes the same plan, another one another", () => {
  const plan = makePlan({ seed: 7, tasks: 300, means: ALL });
  assertEquals(makePlan({ seed: 7, tasks: 300, means: ALL }), plan);
  assertTrue(
    JSON.stringify(makePlan({ seed: 8, tasks: 300, means: ALL })) !== JSON.stringify(plan),
  );
});

Deno.test("every kind of fault and every target comes up", () => {
  const faults = plans(200).flatMap((plan) => plan.faults);
  const kinds = new Set(faults.map(({ kind }) => kind));
  assertEquals(
    [...kinds].toSorted(),
    ["clock", "damage", "disk full", "freeze", "kill", "link", "restart", "second agent"],
  );
  const killed = new Set(faults.filter(({ kind }) => kind === "kill").map(({ lane }) => lane));
  assertEquals([...killed].toSorted(), ["agent", "client 0", "client 1", "service", "worker"]);
});

Deno.test("what the machine does not allow is not planned", () => {
  const faults = plans(100, { mounts: false, clocks: false }).flatMap((plan) => plan.faults);
  assertEquals(faults.filter(({ kind }) => kind === "disk full" || kind === "clock"), []);
});

Deno.test("freezes last from 1 to 90 seconds, most of them a few", () => {
  const pauses = plans(500).flatMap((plan) => plan.faults)
    .flatMap((fault) => fault.kind === "freeze" ? [fault.pause] : []).toSorted((a, b) => a - b);
  assertTrue(pauses[0]! >= 1_000 && pauses.at(-1)! <= 90_000, `${pauses[0]} to ${pauses.at(-1)}`);
  assertTrue(pauses.at(-1)! > 60_000, `at most ${pauses.at(-1)}`);
  assertTrue(pauses[Math.floor(pauses.length / 2)]! < 5_000, "half of them are short");
});

Deno.test("the workload has as many tasks as were asked for, of every sort", () => {
  for (const tasks of [1, 50, 300]) {
    const { workload } = makePlan({ seed: tasks, tasks, means: ALL });
    assertEquals(tasksOf(workload).length, tasks);
  }
  const all = plans(20).flatMap((plan) => tasksOf(plan.workload));
  assertEquals(new Set(all.map(({ batch }) => batch.runtime)).size, 3);
  assertEquals(new Set(all.map(({ batch }) => batch.maxAttempts)), new Set([1, 2, 3]));
  assertTrue(all.some(({ task }) => task.fails) && all.some(({ task }) => task.cancelled), "both");
  assertTrue(all.some(({ task }) => task.argument > 0), "arguments that go by reference");
  assertTrue(all.some(({ task }) => task.size >= INLINE_BYTES), "results that go by reference");
  const [one] = plans(1);
  const keys = tasksOf(one!.workload).map(({ task }) => task.key);
  assertEquals(new Set(keys).size, keys.length);
});
