import { assertEquals } from "../lib/assert.ts";
import { MOVED, movesIn, movesText, type TaskEvent } from "./task_state.ts";

function back(detail?: string): TaskEvent {
  return { state: "waiting-for-nodes", at: 1, by: "agent", attempt: 1, detail };
}

Deno.test("a move back counts as one that cost nothing when it says so, and then only", () => {
  const timeline = [back(), back(`${MOVED}block b reached its walltime`), back("it was moved: no")];
  assertEquals(movesIn(timeline), 1);
  assertEquals([0, 1, 2].map(movesText), ["", ", moved once", ", moved 2 times"]);
});
