import { assertEquals } from "../../lib/assert.ts";
import { logLineText } from "./log_lines.ts";

Deno.test("a record of the log is a line with its time here, level and message", () => {
  const record = { level: "INFO", message: '"lab" starts', logger: "funcx.agent" };
  const line = (at: string): string => logLineText(JSON.stringify({ "@timestamp": at, ...record }));
  const zone = Deno.env.get("TZ");
  Deno.env.set("TZ", "Asia/Tokyo");
  try {
    assertEquals(
      line("2026-11-26T17:57:35.012Z"),
      '2026-11-27 02:57:35.012 INFO    "lab" starts',
    );
    assertEquals(line("just now"), 'just now INFO    "lab" starts');
  } finally {
    if (zone === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", zone);
  }
});

Deno.test("what is no record stays as it is", () => {
  for (const line of ["", "error: out of memory", "null", "[1]", '{"level":"INFO"}', '{"lev']) {
    assertEquals(logLineText(line), line);
  }
});
