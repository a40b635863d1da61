import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { finishedAttempt, LOST } from "../testing/tasks.ts";
import { cutOff, type ManagerEnd, planOf } from "./cut_off.ts";

const MINUTE = 60_000;
const END: ManagerEnd = {
  blockId: "b1",
  hostname: "node1",
  reason: "its block's walltime ended",
  plannedBy: "walltime",
  walltime: 3_600,
  openSince: 2 * MINUTE,
};

/** Of an attempt that began at `begunAt`, cut off after 60 minutes. */
function outcomeOf(begunAt: number, end: Partial<ManagerEnd> = {}): ReturnType<typeof cutOff> {
  const ended = finishedAttempt("8c01d13c-cfc1-42d9-96d2-52c51784ea16", 1, LOST);
  const timeline = [{ state: "running", at: begunAt, by: "worker", attempt: 1 }] as const;
  return cutOff({ ...END, ...end }, { ...ended, timeline }, 60 * MINUTE);
}

Deno.test("who ran from the first minutes on has outlasted the block, and is told what to do", () => {
  const { error, planned } = outcomeOf(3 * MINUTE);
  assertEquals(planned, { reason: "block b1 reached its walltime", outlasts: true });
  assertMatch(error.message, /walltime ended, which is 3600 s, and the task had run for 3420 s/);
  assertMatch(error.hint!, /longer walltime, executor\.provider\.walltime .* save its state/);
});

Deno.test("who began later might end in another block", () => {
  assertEquals(outcomeOf(30 * MINUTE).planned, { reason: "block b1 reached its walltime" });
});

Deno.test("only a walltime can be too short", () => {
  for (const plannedBy of ["scheduler", "agent"] as const) {
    const reason = planOf({ ...END, plannedBy })!;
    assertEquals(outcomeOf(3 * MINUTE, { plannedBy }).planned, { reason });
  }
});

Deno.test("an end that nobody planned says so by saying nothing", () => {
  assertEquals("planned" in outcomeOf(3 * MINUTE, { plannedBy: null }), false);
});
