import { assertEquals } from "../../lib/assert.ts";
import { Assignment } from "./assignment.ts";
import { Placement } from "./resources/placement.ts";
import { Slot } from "./slot.ts";
import { WideTasks } from "./wide_tasks.ts";

const NOTHING = new Uint8Array(0);
const PLACEMENT = new Placement(
  { cores: 1, memory: 1, accelerators: [], cpus: null },
  { acceleratorVariables: [], affinity: null },
);

function task(order: number, slots: number): Assignment {
  return new Assignment({
    attempt: {
      taskId: `task-${order}`,
      attempt: 1,
      functionId: "function",
      code: NOTHING,
      payload: NOTHING,
      options: {},
    },
    environment: "shell",
    order,
    givenAt: 0,
    walltime: null,
    alone: false,
    needs: { slots, memory: null },
  });
}

/** Three slots of which the first has something else. */
function stage(): { readonly slots: readonly Slot[]; readonly other: Assignment; wide: WideTasks } {
  const slots = [1, 2, 3].map(() => new Slot(PLACEMENT));
  const other = task(0, 1);
  slots[0]!.hold(other);
  return { slots, other, wide: new WideTasks(slots) };
}

function held(slots: readonly Slot[]): (number | undefined)[] {
  return slots.map(({ heldFor }) => heldFor?.order);
}

Deno.test("free slots are held until there are enough", () => {
  const { slots, wide } = stage();
  const [first, second] = [task(1, 3), task(2, 2)];
  wide.queue.push(first);
  wide.queue.push(second);
  assertEquals(wide.gather(), null);
  assertEquals(held(slots), [0, 1, 1]);
  slots[0]!.release();
  // In their own order, whichever came first.
  assertEquals(wide.gather()?.slots, slots);
  assertEquals(held(slots), [1, 1, 1]);
  assertEquals(wide.next, second);
  // It runs: they are not held for a turn that has gone.
  wide.settle([]);
  assertEquals(held(slots), [1, 1, 1]);
  wide.release(first);
  assertEquals(wide.gather()?.assignment, second);
  assertEquals(held(slots), [2, 2, undefined]);
});

Deno.test("slots that are held go to an older task, and from one that does not wait any more", () => {
  const { slots, wide } = stage();
  const [first, second] = [task(5, 3), task(6, 3)];
  wide.queue.push(first);
  wide.queue.push(second);
  wide.gather();
  wide.settle([undefined, task(7, 1)]);
  assertEquals(held(slots), [0, 5, 5]);
  wide.settle([undefined, task(3, 1)]);
  assertEquals(held(slots), [0, undefined, undefined]);
  wide.gather();
  first.isFinished = true;
  wide.queue.forgetOne();
  wide.settle([]);
  assertEquals(held(slots), [0, undefined, undefined]);
  assertEquals(wide.gather(), null);
  assertEquals(held(slots), [0, 6, 6]);
});
