import { assertEquals } from "../../lib/assert.ts";
import type { TaskSummary } from "../../contract/api.ts";
import {
  NO_ROWS,
  shownRows,
  type TaskRows,
  withChanges,
  withPage,
  withWindow,
} from "./task_rows.ts";

function task(number: number, changes: Partial<TaskSummary> = {}): TaskSummary {
  return {
    task_id: `t${number}`,
    task_group_id: "g",
    function_id: "f",
    function_name: "f",
    endpoint_id: "e",
    endpoint_name: "e",
    status: "running",
    attempt: 1,
    created_at: number,
    completed_at: null,
    ...changes,
  };
}

function tasks(...numbers: readonly number[]): TaskSummary[] {
  return numbers.map((number) => task(number));
}

function shown(rows: TaskRows): string {
  return shownRows(rows, () => true).map((row) => row.task_id).join(" ");
}

Deno.test("what slides out of the window stays in the list", () => {
  let rows = withWindow(NO_ROWS, tasks(3, 2, 1), 3);
  rows = withPage(rows, { items: tasks(3, 2, 1, 0), next_cursor: "next" });
  rows = withWindow(rows, tasks(5, 4, 3), 3);
  assertEquals(shown(rows), "t5 t4 t3 t2 t1 t0");
  assertEquals(rows.cursor, "next");
});

Deno.test("what leaves a window that is not full fits no more", () => {
  let rows = withWindow(NO_ROWS, tasks(3, 2, 1), 10);
  rows = withPage(rows, { items: tasks(3, 2, 1), next_cursor: null });
  assertEquals(shown(withWindow(rows, tasks(3, 1), 10)), "t3 t1");
});

Deno.test("what fits no more within a full window is not kept as an older one", () => {
  const rows = withWindow(withWindow(NO_ROWS, tasks(5, 4, 3), 3), tasks(5, 3, 2), 3);
  assertEquals(shown(rows), "t5 t3 t2");
});

Deno.test("a window that has nothing of the last one begins the list anew", () => {
  let rows = withWindow(NO_ROWS, tasks(2, 1), 2);
  rows = withPage(rows, { items: tasks(2, 1, 0), next_cursor: null });
  rows = withWindow(rows, tasks(9, 8), 2);
  assertEquals([shown(rows), rows.cursor], ["t9 t8", undefined]);
});

Deno.test("older rows show their changes, and go when they belong no more", () => {
  const rows = withPage({ ...NO_ROWS, newest: [] }, {
    items: [task(3), task(2), task(1, { status: "success", completed_at: 9 })],
    next_cursor: null,
  });
  const changes = new Map([
    ["t3", task(3, { status: "failed", completed_at: 8 })],
    ["t2", task(2, { attempt: 2 })],
    ["t1", task(1)],
  ]);
  const changed = withChanges(rows, changes);
  const states = shownRows(changed, (row) => row.status !== "failed")
    .map(({ task_id, status, attempt }) => `${task_id} ${status} ${attempt}`);
  assertEquals(states, ["t2 running 2", "t1 success 1"]);
  // They are told no more once they are out of sight.
  assertEquals(withChanges(changed, new Map()), changed);
  assertEquals(withChanges(changed, changes) === changed, true);
});
