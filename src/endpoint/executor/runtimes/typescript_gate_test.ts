import { assertEquals } from "../../../lib/assert.ts";
import { Gate } from "./typescript_gate.ts";

Deno.test("a task is claimed once, by the guest or by the host", () => {
  const gate = new Gate();
  gate.open(5);
  assertEquals([0, 1].map((sequence) => gate.claim(sequence)), [true, true]);
  // The host takes back what the guest has in its hands, up to the last that was sent.
  assertEquals(gate.takeBack(7), 2);
  assertEquals([2, 3, 7].map((sequence) => gate.claim(sequence)), [false, false, false]);
  assertEquals(gate.claim(8), true);
  assertEquals(gate.takeBack(7), 9);
});

Deno.test("a claimed task runs until it has ended, one that was taken back does not", () => {
  const gate = new Gate();
  gate.claim(0);
  assertEquals(gate.isRunning, true);
  gate.ended();
  gate.takeBack(1);
  gate.claim(1);
  assertEquals(gate.isRunning, false);
});

Deno.test("the task that runs is the first one, however many behind it were taken back", () => {
  const gate = new Gate();
  gate.claim(0);
  gate.ended();
  assertEquals(gate.first, 1);
  gate.claim(1);
  gate.takeBack(9);
  assertEquals([gate.first, gate.next], [1, 10]);
  gate.ended();
  assertEquals(gate.first, 10);
});

Deno.test("only what is below the limit may begin", () => {
  const gate = new Gate();
  assertEquals(gate.allows(0), false);
  gate.open(2);
  assertEquals([0, 1, 2].map((sequence) => gate.allows(sequence)), [true, true, false]);
});

Deno.test("the host is woken once, unless it watches", () => {
  const gate = new Gate();
  assertEquals([gate.needsWaking(), gate.needsWaking()], [true, false]);
  gate.watch(false);
  assertEquals(gate.needsWaking(), true);
  gate.watch(true);
  assertEquals(gate.needsWaking(), false);
});
