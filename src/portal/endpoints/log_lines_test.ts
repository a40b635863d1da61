import { assertEquals } from "../../lib/assert.ts";
import { logLineText } from "./log_lines.ts";

Deno.test("a record of the log is a line with its time, level and message", () => {
  const record = {
    "@timestamp": "2026-11-27T02:57:35.112Z",
    level: "INFO",
    message: '"lab" starts',
    logger: "funcx.agent",
  };
  assertEquals(logLineText(JSON.stringify(record)), '2026-11-27 02:57:35.112 INFO    "lab" starts');
});

Deno.test("what is no record stays as it is", () => {
  for (const line of ["", "error: out of memory", "null", "[1]", '{"level":"INFO"}', '{"lev']) {
    assertEquals(logLineText(line), line);
  }
});
