import { EXIT, FuncxError } from "../contract/errors.ts";
import { assertEquals, assertTrue } from "../lib/assert.ts";
import { UnsafeFolderError } from "../lib/files.ts";
import { fatal, ok, retryable } from "../lib/outcome.ts";
import { describeFailure, failureLines, reportFailure, unwrap } from "./failure.ts";
import type { TextSink } from "./terminal.ts";

function memorySink(): TextSink & { text: string } {
  return {
    text: "",
    isTerminal: false,
    color: false,
    columns: 80,
    write(text: string): void {
      this.text += text;
    },
  };
}

Deno.test("every kind of failure has an exit code and a hint", () => {
  const diskFull = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  const storeFull = Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  const cases: [unknown, number][] = [
    [new FuncxError({ code: "PROFILE_INVALID", message: "x" }), EXIT.configuration],
    [new FuncxError({ code: "USAGE", message: "x" }), EXIT.usage],
    [new FuncxError({ code: "ALREADY_RUNNING", message: "x" }), EXIT.runningElsewhere],
    [new UnsafeFolderError("x"), EXIT.permission],
    [new Deno.errors.PermissionDenied("x"), EXIT.permission],
    [new Deno.errors.NotADirectory("x"), EXIT.permission],
    [new Deno.errors.NotFound("x"), EXIT.data],
    [diskFull, EXIT.tryAgain],
    [storeFull, EXIT.tryAgain],
    [new TypeError("x is undefined"), EXIT.internal],
    ["a string", EXIT.internal],
    [undefined, EXIT.internal],
  ];
  for (const [thrown, exit] of cases) {
    const described = describeFailure(thrown);
    assertEquals(described.exit, exit);
    assertTrue(described.hint.length > 10);
  }
});

Deno.test("a failure is two lines, whatever its text holds", () => {
  const lines = failureLines({ message: "a\nb\x1b[2J", hint: "c\r\nd" }, false);
  assertEquals(lines, "error: a b\ufffd[2J\nhint: c d\n");
  assertEquals(
    failureLines({ message: "\x1b[1m\x1b[31mred\x1b[0m", hint: "x" }, false),
    "error: red\nhint: x\n",
  );
});

Deno.test("the stack is shown only with --debug", () => {
  const thrown = new Error("outer", { cause: new Error("inner") });
  const quiet = memorySink();
  assertEquals(reportFailure(thrown, quiet, false), EXIT.internal);
  assertEquals(quiet.text.split("\n").length, 3);
  const loud = memorySink();
  reportFailure(thrown, loud, true);
  assertTrue(
    loud.text.includes("failure_test.ts") && loud.text.includes("Caused by: Error: inner"),
  );
});

Deno.test("an outcome is its value, or thrown with its code", () => {
  assertEquals(unwrap(ok(3)), 3);
  const codeOf = (action: () => unknown): string => {
    try {
      action();
      return "nothing thrown";
    } catch (thrown) {
      return (thrown as FuncxError).code;
    }
  };
  assertEquals(
    codeOf(() => unwrap(fatal({ code: "PROFILE_TIMEOUT", message: "x" }))),
    "PROFILE_TIMEOUT",
  );
  assertEquals(codeOf(() => unwrap(retryable({ code: "odd", message: "x" }))), "INTERNAL_ERROR");
});
