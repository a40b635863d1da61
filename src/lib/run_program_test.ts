import { assertEquals, assertRejects, assertTrue } from "./assert.ts";
import { runProgram } from "./run_program.ts";

const signal = new AbortController().signal;

Deno.test("an answer comes with both streams", async () => {
  const answer = await runProgram("/bin/sh", ["-c", "echo $WHO; echo no >&2"], {
    env: { WHO: "me" },
    signal,
  });
  assertEquals(answer, { kind: "answered", stdout: "me", stderr: "no" });
});

Deno.test("a failure says how it ended and its last word", async () => {
  assertEquals(
    await runProgram("/bin/sh", ["-c", "echo a >&2; echo b >&2; exit 3"], { signal }),
    {
      kind: "failed",
      why: "it ended with code 3: b",
      ended: { code: 3, stdout: "", stderr: "a\nb" },
    },
  );
  const missing = await runProgram("/nonexistent/program", [], { signal });
  assertTrue(missing.kind === "failed" && missing.missing);
});

Deno.test("what does not end is ended, with what it started", async () => {
  const answer = await runProgram("/bin/sh", ["-c", "sleep 1000 & sleep 1000"], {
    signal,
    patience: 50,
  });
  assertEquals(answer, { kind: "failed", why: "it did not end within 0.05 s" });
});

Deno.test("a background process is ended, so that it does not hold the answer up", async () => {
  const answer = await runProgram("/bin/sh", ["-c", "sleep 1000 & echo me"], { signal });
  assertEquals(answer, { kind: "answered", stdout: "me", stderr: "" });
});

Deno.test("what became another user and cannot be ended is no failure", async () => {
  const real = Deno.kill;
  const told: number[] = [];
  Deno.kill = (pid) => {
    told.push(pid);
    throw new Deno.errors.PermissionDenied("Operation not permitted");
  };
  try {
    const answer = await runProgram("/bin/sh", ["-c", "echo done"], { signal });
    assertEquals(answer, { kind: "answered", stdout: "done", stderr: "" });
    assertTrue(told.length > 0);
  } finally {
    Deno.kill = real;
  }
});

Deno.test("an interruption ends the program and is passed on", async () => {
  const controller = new AbortController();
  const running = runProgram("/bin/sh", ["-c", "sleep 1000"], { signal: controller.signal });
  controller.abort(new Error("interrupted"));
  await assertRejects(() => running, /interrupted/);
});

Deno.test("a program is given its input, and need not read it", async () => {
  const input = "é\n".repeat(100_000);
  const answer = await runProgram("wc", ["-c"], { input });
  assertEquals(answer, { kind: "answered", stdout: "300000", stderr: "" });
  assertEquals((await runProgram("true", [], { input })).kind, "answered");
});

Deno.test("a program that prints too much is ended", async () => {
  const command = ["-c", "head -c 1001 /dev/zero; exec sleep 1000"];
  assertEquals(await runProgram("/bin/sh", command, { maxOutputBytes: 1_000 }), {
    kind: "failed",
    why: "it printed more than 1000 bytes",
  });
});
