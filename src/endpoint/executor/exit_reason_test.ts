import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { exitHint, exitText, isJobEndCode, isJobEndSignal } from "./exit_reason.ts";

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

Deno.test("a signal as schedulers send it is told from what programs do to themselves", () => {
  assertEquals([-15, 143, -1, 129, -2, -10, -12].map(isJobEndCode), Array(7).fill(true));
  assertEquals([0, 1, 15, 128, -9, 137, -11, 139, 255].map(isJobEndCode), Array(9).fill(false));
  assertEquals(["SIGTERM", "SIGSEGV", null].map(isJobEndSignal), [true, false, false]);
});
