import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { exitHint, exitText } from "./exit_reason.ts";

Deno.test("the exit status or the signal is named", () => {
  assertEquals(exitText({ code: 3, signal: null }), "exit status 3");
  assertEquals(exitText({ code: null, signal: "SIGSEGV" }), "signal SIGSEGV");
});

Deno.test("what a user can do depends on how it ended", () => {
  const killed = { code: null, signal: "SIGKILL" };
  assertMatch(exitHint(killed, 1, ""), /^The system killed it because it ran out of memory/);
  assertMatch(exitHint(killed, 0, ""), /most often the system when memory runs out/);
  const aborted = { code: null, signal: "SIGABRT" };
  assertMatch(exitHint(aborted, 0, "terminate: std::bad_alloc"), /^It ran out of memory/);
  assertMatch(exitHint(aborted, 0, "assertion failed"), /library .* has crashed/);
  assertMatch(exitHint({ code: 1, signal: null }, 0, ""), /ended the process/);
  assertMatch(exitHint({ code: null, signal: "SIGTERM" }, 0, ""), /sent it this signal/);
});
