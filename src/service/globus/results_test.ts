import { assertEquals } from "../../lib/assert.ts";
import { resultOf } from "./results.ts";

const TASK = "01a21baf-dbe2-7000-857e-8058ed881481";
const MOVES = [
  { timestamp: 1_795_332_563_723_041_053, state: "execution-start", actor: "worker" },
  { timestamp: 1_795_332_564_723_041_053, state: "execution-end", actor: "worker" },
];

Deno.test("a result keeps its buffer and becomes a timeline", () => {
  const given = { task_id: TASK.toUpperCase(), data: "11\n49", task_statuses: MOVES };
  const { task_id, state, result, timeline } = resultOf(given, 2, 5);
  assertEquals([task_id, state, new TextDecoder().decode(result)], [TASK, "success", "11\n49"]);
  assertEquals(timeline.map(({ state, by, attempt, at }) => [state, by, attempt, Math.floor(at)]), [
    ["running", "worker", 2, 1_795_332_563_723],
    ["success", "worker", 2, 1_795_332_564_723],
  ]);
});

Deno.test("a traceback's last line names the exception", () => {
  const traceback = "Traceback (most recent call last):\n" +
    '  File "<string>", line 2, in bad\nZeroDivisionError: division by zero\n';
  const details = { code: "RemoteExecutionError", user_message: "An error occurred" };
  const { error, state, timeline } = resultOf(
    { task_id: TASK, data: traceback, error_details: details },
    1,
    5,
  );
  assertEquals([state, error?.code, error?.type, error?.message, error?.traceback], [
    "failed",
    "RemoteExecutionError",
    "ZeroDivisionError",
    "division by zero",
    traceback,
  ]);
  assertEquals(timeline, [{ state: "failed", at: 5, by: "agent", attempt: 1 }]);
});

Deno.test("an error that is no traceback has the agent's words", () => {
  const details = { code: "MaxResultSizeExceeded", user_message: "remote error: 11 > 10" };
  const given = { task_id: TASK, data: "MaxResultSizeExceeded(11, 10)", error_details: details };
  const { error } = resultOf(given, 1, 5);
  assertEquals([error?.type, error?.message], ["MaxResultSizeExceeded", "remote error: 11 > 10"]);
});
