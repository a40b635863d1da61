import { assertEquals, assertThrows } from "../lib/assert.ts";
import { resultOf, resultTextOf } from "./pending_task.ts";

const TASK = { task_id: "1e999502-b434-49a2-a2e0-d925383d2dd4", status: "success" as const };

Deno.test("a result's text keeps the numbers that JavaScript would round", () => {
  const task = { ...TASK, result: '11\n{"half": 2.0, "long": 9007199254740993}' };
  assertEquals(resultTextOf(task), '{"half": 2.0, "long": 9007199254740993}');
  assertEquals(resultOf(task), { half: 2, long: 9007199254740992 });
});

Deno.test("a result in a form of Python's alone is refused with the way out", () => {
  for (const read of [resultOf, resultTextOf]) {
    assertThrows(() => read({ ...TASK, result: "00\ngARLAC4=" }), /its form is "00"/);
  }
});
