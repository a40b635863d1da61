import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { commandRunner } from "./scheduler_command.ts";

const run = commandRunner({ seconds: 10 });
const shell = (script: string): { argv: string[] } => ({ argv: ["/bin/sh", "-c", script] });

Deno.test("what a program prints is the answer, and its input reaches it", async () => {
  assertEquals(await run({ ...shell("cat; echo b >&2"), input: "a" }), {
    kind: "ok",
    value: { stdout: "a", stderr: "b" },
  });
});

Deno.test("a refusal has the scheduler's own words, without control characters, cut off", async () => {
  const refused = await run(shell("printf 'first\\n\\033[31msecond' >&2; exit 3"));
  assertTrue(refused.kind === "fatal");
  assertEquals(refused.failure, {
    code: "SCHEDULER_REFUSED",
    message: "/bin/sh refused: first; [31msecond",
    hint: "Correct executor.provider in the profile; `start --dry-run` shows what is submitted.",
    words: "first\n[31msecond",
    mayBeDone: false,
  });
  const long = await run(shell("head -c 9999 /dev/zero | tr '\\0' x >&2; exit 1"));
  assertTrue(long.kind === "fatal" && long.failure.words.length === 2_001);
});

Deno.test("a program that hangs is ended with what it started, and may have done it", async () => {
  const impatient = commandRunner({ seconds: 0.05 });
  const outcome = await impatient(shell("sleep 1000 & sleep 1000"));
  assertTrue(outcome.kind === "retryable");
  assertEquals([outcome.failure.code, outcome.failure.mayBeDone], ["SCHEDULER_UNAVAILABLE", true]);
  assertMatch(outcome.failure.message, /did not end within 0\.05 s/);
});

Deno.test("a program that is not there is told as that", async () => {
  const outcome = await run({ argv: ["no-such-scheduler"] });
  assertTrue(outcome.kind === "fatal");
  assertEquals(outcome.failure.code, "SCHEDULER_MISSING");
  assertMatch(outcome.failure.hint ?? "", /no-such-scheduler is on PATH/);
});

Deno.test("a scheduler that is busy is asked again, and may have done it when it timed out", async () => {
  const isBusy = (words: string): boolean => /try later|timed out/.test(words);
  const later = await run({ ...shell("echo try later >&2; exit 1"), isBusy });
  assertTrue(later.kind === "retryable" && !later.failure.mayBeDone);
  const late = await run({ ...shell("echo Socket timed out >&2; exit 1"), isBusy });
  assertTrue(late.kind === "retryable" && late.failure.mayBeDone);
});

Deno.test("an answer may come with another exit code", async () => {
  const outcome = await run({
    ...shell("echo half; echo Unknown job >&2; exit 35"),
    accepts: ({ stderr }) => stderr === "Unknown job",
  });
  assertTrue(outcome.kind === "ok" && outcome.value.stdout === "half");
});
