import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { Assignment } from "./assignment.ts";
import { HeldTasks } from "./held_tasks.ts";

function assignment(name: string): Assignment {
  return new Assignment({
    attempt: {
      taskId: name,
      attempt: 1,
      functionId: "f",
      code: new Uint8Array(),
      payload: new Uint8Array(10),
      options: {},
    },
    environment: "python",
    order: 0,
    givenAt: 0,
    walltime: null,
    alone: false,
    needs: { slots: 1, memory: null },
  });
}

function names(assignments: readonly Assignment[]): string[] {
  return assignments.map(({ attempt }) => attempt.taskId);
}

const REPORT = { outcome: { kind: "cancelled" }, duration: 1 } as const;

/** Tasks a to e with sequences 0 to 4, of which a is reported and b may have begun. */
function held(): HeldTasks {
  const tasks = new HeldTasks();
  for (const name of ["a", "b", "c", "d", "e"]) tasks.add(assignment(name));
  tasks.report(tasks.unreportedAt(0)!, REPORT);
  tasks.beganBelow(2);
  return tasks;
}

Deno.test("the end of a worker tells what ran from what did not", () => {
  const tasks = held();
  assertEquals([tasks.size, tasks.unreported, tasks.unreportedBytes], [5, 4, 40]);
  const { reported, begun, notBegun } = tasks.abandon(true);
  assertEquals(names(reported.map(({ assignment }) => assignment)), ["a"]);
  assertEquals([names(begun), names(notBegun)], [["b"], ["c", "d", "e"]]);
  assertEquals([tasks.size, tasks.unreported, tasks.unreportedBytes], [0, 0, 0]);
});

Deno.test("all that a worker held may have run when it may have said more than was read", () => {
  const { reported, begun, notBegun } = held().abandon(false);
  assertEquals(names(reported.map(({ assignment }) => assignment)), ["a"]);
  assertEquals([names(begun), notBegun], [["b", "c", "d", "e"], []]);
});

Deno.test("what is given back leaves the rest, and sequences go on", () => {
  const tasks = held();
  assertEquals(names(tasks.takeBack(2)), ["c", "d", "e"]);
  assertEquals([tasks.size, tasks.unreported, tasks.next], [2, 1, 5]);
  assertEquals(tasks.add(assignment("f")).sequence, 5);
  assertEquals(tasks.firstAfter(1)?.assignment.attempt.taskId, "f");
  assertEquals(tasks.firstUnreported()?.assignment.attempt.taskId, "b");
});

Deno.test("a task is complete when its output is, in order", () => {
  const tasks = held();
  tasks.report(tasks.unreportedAt(2)!, REPORT);
  assertEquals(tasks.takeComplete(-1), []);
  assertEquals(tasks.takeComplete(4).map(({ sequence }) => sequence), [0]);
  tasks.report(tasks.unreportedAt(1)!, REPORT);
  assertEquals(tasks.unreportedAt(1), undefined);
  assertEquals(tasks.takeComplete(Infinity).map(({ sequence }) => sequence), [1, 2]);
  assertTrue(tasks.firstUnreported()?.sequence === 3);
});
