import fc from "fast-check";
import * as v from "valibot";
import { assertEquals, assertTrue } from "../lib/assert.ts";
import { ROUTES } from "./api.ts";
import { valuesOf } from "./testing/schema_values.ts";
import { spoilt } from "./testing/spoilt.ts";
import { isUsualTaskPage } from "./usual_task_page.ts";

const PAGES = valuesOf(ROUTES.listTasks.answer);

/** As it comes in an answer. */
function received(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? "null");
}

Deno.test("whatever is taken, the schema takes and gives back as it was", () => {
  fc.assert(
    fc.property(fc.oneof(spoilt(PAGES), PAGES), (value) => {
      for (const one of [value, received(value)]) {
        if (!isUsualTaskPage(one)) continue;
        const parsed = v.safeParse(ROUTES.listTasks.answer, one);
        assertTrue(parsed.success, "the schema refuses it");
        assertEquals(parsed.output, one);
      }
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("pages of this version are taken", () => {
  fc.assert(fc.property(PAGES, (value) => isUsualTaskPage(received(value))));
});

Deno.test("one wrong place among many is enough", () => {
  const id = "0190a5b4-7c1e-7000-8000-000000000000";
  const task = {
    task_id: id,
    task_group_id: id,
    function_id: id,
    function_name: "double",
    endpoint_id: id,
    endpoint_name: "default",
    status: "success",
    attempt: 1,
    created_at: 1.5,
    completed_at: 2,
  };
  const takes = (change: Record<string, unknown>): boolean =>
    isUsualTaskPage({ items: [task, { ...task, ...change }], next_cursor: "x" });
  assertTrue(takes({ completed_at: null }));
  const wrong: readonly Record<string, unknown>[] = [
    { task_id: "1" },
    { task_group_id: null },
    { function_id: undefined },
    { function_name: 1 },
    { endpoint_id: `${id}0` },
    { endpoint_name: null },
    { status: "gone" },
    { attempt: "1" },
    { created_at: NaN },
    { completed_at: "2" },
    { more: 1 },
  ];
  assertEquals(wrong.filter(takes), []);
  assertTrue(!isUsualTaskPage({ items: [task], next_cursor: 1 }));
  assertTrue(!isUsualTaskPage({ items: {}, next_cursor: null }));
  assertTrue(!isUsualTaskPage({ items: [task], next_cursor: null, more: 1 }));
});
