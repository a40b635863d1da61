import { assertEquals } from "../../lib/assert.ts";
import { instant } from "../format.ts";
import { style } from "../output/style.ts";
import { formatLogLine } from "./log_line.ts";

const AT = "2026-05-09T07:29:33.000Z";

function line(record: Record<string, unknown>): string {
  return formatLogLine(
    JSON.stringify({ "@timestamp": AT, level: "INFO", logger: "funcx.agent.spool", ...record }),
    style(false),
  );
}

Deno.test("a record is told with its time, level, category and properties", () => {
  assertEquals(
    line({ message: "kept 3 tasks", properties: { count: 3, file: "a b", task: null } }),
    `${instant(Date.parse(AT))} INFO  agent.spool kept 3 tasks  file=a b  task=null`,
  );
});

Deno.test("what is no record is given as it is, without control characters", () => {
  for (const text of ["Segmentation fault", "{", '{"a":1}', "[]"]) {
    assertEquals(formatLogLine(text, style(false)), text);
  }
  assertEquals(formatLogLine("a\x1b[2Jb", style(false)), "a\ufffd[2Jb");
  assertEquals(line({ message: "x\r\x1by" }).endsWith("x \ufffdy"), true);
});
