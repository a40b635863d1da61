import { assertEquals, assertMatch, assertTrue } from "../../../lib/assert.ts";
import { pack } from "../../../contract/envelope.ts";
import { MAX_TASK_OUTPUT_BYTES } from "../../../contract/limits.ts";
import { errorOf, Harness, isAlive, shell, stdoutOf, valueOf } from "../testing/harness.ts";

interface ShellResult {
  readonly returncode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly cmd: string;
}

Deno.test("shell: the result has the exit code, both streams and the command", async () => {
  await using harness = await Harness.start();
  const code = shell("echo {what}; echo {0} >&2; exit {code}");
  const attempt = await harness.run({ code, args: ["é"], kwargs: { what: "it's", code: 3 } });
  assertEquals(valueOf(attempt), {
    returncode: 3,
    stdout: "it's\n",
    stderr: "é\n",
    cmd: `echo 'it'\\''s'; echo 'é' >&2; exit '3'`,
  });
  assertEquals(stdoutOf(attempt), "it's\n");
  assertEquals(attempt.timeline.map(({ state, by }) => [state, by]), [
    ["waiting-for-launch", "manager"],
    ["running", "worker"],
  ]);
  assertEquals(attempt.details.runtime, "shell");
  assertTrue(Deno.build.os !== "linux" || typeof attempt.details.cpu_seconds === "number");
});

Deno.test("shell: a number is written as it was sent", async () => {
  await using harness = await Harness.start();
  const payload = pack(["11\n[2.0]", '11\n{"long": 9007199254740993}']);
  const attempt = await harness.run({ code: shell("echo {0} {long}"), payload });
  assertEquals(stdoutOf(attempt), "2.0 9007199254740993\n");
});

Deno.test("shell: no value is ever read as shell", async () => {
  await using harness = await Harness.start();
  const values = [
    "$(echo no)",
    "`echo no`",
    "'; echo no; '",
    '"; echo no; "',
    "a  *\n b\\",
    "$HOME",
  ];
  const template =
    `printf '%s|' {x}; printf '%s|' "{x}"; printf '%s|' '{x}'; printf '%s|' "$(printf %s {x})"`;
  const all = await harness.runAll(values.map((x) => ({ code: shell(template), kwargs: { x } })));
  assertEquals(
    all.map((attempt) => (valueOf(attempt) as ShellResult).stdout),
    values.map((x) => `${x}|`.repeat(4)),
  );
});

Deno.test("shell: values that the template lacks, and malformed templates, are told", async () => {
  await using harness = await Harness.start();
  const missing = errorOf(await harness.run({ code: shell("echo {name}") }));
  assertEquals(missing.code, "CouldNotExecuteUserTaskError");
  assertMatch(missing.message, /no argument name was given/);
  assertMatch(
    errorOf(await harness.run({ code: shell("echo {1}"), args: [0] })).message,
    /has \{1\}/,
  );
  assertMatch(errorOf(await harness.run({ code: shell("echo }") })).message, /single }/);
  const braces = await harness.run({ code: shell("a=b; echo ${{a}}") });
  assertEquals((valueOf(braces) as ShellResult).stdout, "b\n");
  const long = await harness.run({ code: shell("echo {x}"), kwargs: { x: "y".repeat(200_000) } });
  assertMatch(errorOf(long).message, /longer than this system takes/);
});

Deno.test("shell: a plain command is started without the shell, with the same outcome", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-shell-" });
  const counted = `${folder}/sh`;
  Deno.writeTextFileSync(counted, `#!/bin/sh\necho >> ${folder}/starts\nexec /bin/sh "$@"\n`);
  Deno.chmodSync(counted, 0o755);
  {
    await using harness = await Harness.start({
      runtimes: { typescript: null, python: null, shell: { shell: counted } },
    });
    const starts = (): number => {
      try {
        return Deno.readTextFileSync(`${folder}/starts`).length;
      } catch {
        return 0;
      }
    };
    const run = async (template: string, ...args: unknown[]): Promise<ShellResult> =>
      valueOf(await harness.run({ code: shell(template), args })) as ShellResult;
    assertEquals(
      (await run("env printf %s|{0}|%s {0}".replaceAll("|", ","), "a b")).stdout,
      "a b,a b,",
    );
    assertEquals((await run("pwd")).stdout, `${harness.folder}/tasks\n`);
    assertEquals((await run("env sh -c {0}", "exit 7")).returncode, 7);
    assertEquals(starts(), 1);
    const missing = await run("no-such-program {0}", 1);
    assertEquals([missing.returncode, starts()], [127, 2]);
    assertMatch(missing.stderr, /no-such-program: not found/);
    assertEquals([(await run("/no/such/program")).returncode, starts()], [127, 3]);
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("shell: nothing of a command outlives it", async () => {
  await using harness = await Harness.start();
  const code = shell("sleep 1000 & echo $!; trap '' TERM; sleep 1000 & echo $!");
  const { stdout } = valueOf(await harness.run({ code })) as ShellResult;
  const children = stdout.trim().split("\n").map(Number);
  assertEquals(children.length, 2);
  assertEquals(children.filter(isAlive), []);
});

Deno.test("shell: a command that is being started when it is cancelled, or all is closed, ends", async () => {
  await using harness = await Harness.start();
  const code = shell("sleep 1000");
  const [cancelled] = harness.give({ code });
  // Now it is on its way to the system.
  await null;
  harness.executor.cancel([cancelled!]);
  assertEquals((await harness.end(cancelled!)).outcome.kind, "cancelled");
  const [closed] = harness.give({ code });
  await null;
  await harness.executor.close();
  assertEquals((await harness.end(closed!)).outcome.kind, "lost");
});

Deno.test("shell: walltime and cancel end the whole group", async () => {
  await using harness = await Harness.start({ workersPerNode: 2 });
  const code = shell("sleep 1000 & echo $!; wait");
  const [timed, cancelled] = harness.give({ code, options: { walltime_seconds: 0.3 } }, { code });
  harness.executor.follow(cancelled!, true);
  await harness.until(() => harness.output.length > 0);
  harness.executor.cancel([cancelled!]);
  const ended = await harness.end(cancelled!);
  assertEquals(ended.outcome.kind, "cancelled");
  assertTrue(!isAlive(Number(stdoutOf(ended))));
  const over = await harness.end(timed!);
  assertEquals(errorOf(over).code, "WALLTIME_EXCEEDED");
  assertTrue(!isAlive(Number(stdoutOf(over))));
});

Deno.test("shell: what left its group cannot write into the next task", async () => {
  await using harness = await Harness.start();
  // Its group is ended with the task, so it has left that before.
  const leaving = shell(
    "setsid sh -c 'echo $$ >stray.pid; sleep 0.5; echo stray' & " +
      "while ! [ -s stray.pid ]; do sleep 0.01; done; cat stray.pid",
  );
  const first = valueOf(await harness.run({ code: leaving })) as ShellResult;
  // Where nobody waits for it, it stays as a zombie.
  const status = `/proc/${first.stdout.trim()}/status`;
  const next = shell(`while grep -qs '^State:.[^ZX]' ${status}; do sleep 0.1; done`);
  assertEquals(stdoutOf(await harness.run({ code: next })), "");
});

Deno.test("shell: a command that a signal ends has its negative number", async () => {
  await using harness = await Harness.start();
  const result = valueOf(await harness.run({ code: shell("kill -9 $$") })) as ShellResult;
  assertEquals(result.returncode, -9);
});

Deno.test("shell: worker_init comes first, stdin is empty, the last output is kept", async () => {
  await using harness = await Harness.start({
    workerInit: "greet() { echo hello; }",
    environment: { ADDED: "yes" },
  });
  const code = shell('greet; cat; echo "$ADDED$FUNCX_TOKEN_FILE"');
  assertEquals((valueOf(await harness.run({ code })) as ShellResult).stdout, "hello\nyes\n");
  const flood = await harness.run({ code: shell("yes | head -c 20000000; echo end") });
  assertEquals(flood.output.stdout.length, MAX_TASK_OUTPUT_BYTES);
  assertMatch(stdoutOf(flood), /y\nend\n$/);
});

Deno.test("shell: a profile without it says so", async () => {
  await using harness = await Harness.start({
    runtimes: { typescript: null, python: null, shell: { shell: "/no/such/sh" } },
  });
  assertEquals(harness.executor.runtimes, []);
  const error = errorOf(await harness.run({ code: shell("true") }));
  assertMatch(error.message, /cannot run shell functions: there is no shell at \/no\/such\/sh/);
});
