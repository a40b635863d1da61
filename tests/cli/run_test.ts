/** Functions in each runtime, from the command line to a worker and back. */
import { pack } from "../../src/contract/envelope.ts";
import { assertEquals, assertMatch, assertTrue } from "../../src/lib/assert.ts";
import { join } from "../../src/lib/path.ts";
import { GREET_SH, STATISTICS_PY, WORD_COUNT_TS } from "../helpers/functions.ts";
import { PATH_WITH_PYTHON, PYTHON } from "../helpers/python.ts";
import { type Answer, ServiceUnderTest } from "../helpers/service.ts";
import { processTest, type TestEnv } from "../helpers/test_env.ts";
import { until } from "../helpers/until.ts";

/** With an endpoint that is Active, and the three function files in the home. */
function runTest(name: string, body: (env: TestEnv) => Promise<void>, ignore = false): void {
  processTest(name, async (env) => {
    env.file("words.ts", WORD_COUNT_TS);
    env.file("stats.py", STATISTICS_PY);
    env.file("greet.sh", GREET_SH);
    await env.ok(["start"]);
    await body(env);
  }, { ignore, path: PATH_WITH_PYTHON });
}

const TO = ["--endpoint", "default"];

runTest("a TypeScript function runs on real input", async (env) => {
  assertEquals(
    await env.ok(["run", "words.ts", ...TO, "the cat and the hat"]),
    '[["the",2],["and",1],["cat",1],["hat",1]]\n',
  );
  const shouted = await env.run(["run", "words.ts:shout", ...TO, "hello"]);
  assertEquals(shouted.stdout, "HELLO\n");
  assertMatch(shouted.stderr, /shouting hello/);
  const failed = await env.run(["run", "words.ts:fail", ...TO, "too far"]);
  assertEquals(failed.code, 1);
  assertEquals(failed.stdout, "");
  assertMatch(failed.stderr, /RangeError.*too far/s);
  assertMatch(failed.stderr, /at fail .*words\.ts|fail/);
});

runTest("a Python function runs with the site's interpreter", async (env) => {
  assertEquals(
    JSON.parse(await env.ok(["run", "stats.py:summary", ...TO, "[1, 2, 3, 4]"])),
    { mean: 2.5, stdev: 1.2909944487358056 },
  );
  assertEquals(
    await env.ok(["run", "stats.py:divide", ...TO, "1", "--kwargs", '{"b": 4}']),
    "0.25\n",
  );
  const failed = await env.run(["run", "stats.py:divide", ...TO, "1", "0"]);
  assertEquals(failed.code, 1);
  assertMatch(failed.stderr, /ZeroDivisionError/);
  assertMatch(failed.stderr, /in divide/);
  assertMatch(failed.stderr, /dividing 1/);
}, PYTHON === undefined);

runTest("a function of another Python is warned of, and its failure names both", async (env) => {
  const service = await ServiceUnderTest.of(env);
  const { details, metadata } = (await service.endpoints())[0]!;
  assertMatch(String(metadata?.python_version), /^3\.\d+\.\d+$/);
  assertEquals(details?.python_version, metadata?.python_version);
  assertMatch(await env.ok(["status"]), new RegExp(`python ${details?.python_version}`));
  const [, ours] = String(metadata?.python_version).split(".");
  const register = (name: string, python_version: string): Promise<Answer> =>
    service.post("/v3/functions", {
      function_name: name,
      // A pickle that makes no function: it is read before it is loaded.
      function_code: pack([`01\n${btoa("dill._create_code")}\n`]),
      meta: { python_version, sdk_version: "2.31.0" },
    });
  await register("theirs", "3.99.1");
  const failed = await env.run(["run", "theirs", ...TO]);
  assertEquals(failed.code, 1);
  assertMatch(
    failed.stderr,
    new RegExp(`^warning: .*by Python 3\\.99\\.1 .*default has Python 3\\.${ours}\\.`, "m"),
  );
  assertMatch(failed.stderr, /^error: .*serialized by Python 3\.99\.1 as its bytecode/m);
  assertMatch(failed.stderr, /^hint: .*Two ways out/m);
  const [{ task_id }] = await env.json<{ task_id: string }[]>(["task", "list"]);
  const shown = await env.ok(["task", "show", task_id]);
  assertMatch(shown, /function's Python:? +3\.99\.1/);
  assertMatch(shown, /hint: .*Two ways out/);
  await register("ours", `3.${ours}.0`);
  const same = await env.run(["run", "ours", ...TO]);
  assertEquals([same.code, same.stderr.includes("warning")], [1, false]);
}, PYTHON === undefined);

runTest("a shell function's output and exit code come back", async (env) => {
  const good = await env.run(
    ["run", "greet.sh", ...TO, "--kwargs", '{"name": "a \'b\' $HOME; ls", "code": 0}'],
  );
  assertEquals(good.stdout, "Hello, a 'b' $HOME; ls\n");
  assertMatch(good.stderr, /to whom it may concern/);
  assertEquals(good.code, 0);
  const bad = await env.run(["run", "greet.sh", ...TO, "--kwargs", '{"name": "x", "code": 3}']);
  assertEquals(bad.code, 1);
  assertEquals(bad.stdout, "Hello, x\n");
  assertMatch(bad.stderr, /\b3\b/);
});

runTest("functions are registered, listed, shown, run by name and id, and deleted", async (env) => {
  const id = (await env.ok(["function", "register", "words.ts:square"])).trim();
  assertEquals(await env.ok(["run", id, ...TO, "7"]), "49\n");
  assertEquals(await env.ok(["run", "square", ...TO, "8"]), "64\n");
  assertMatch(await env.ok(["function", "list"]), new RegExp(`${id}.*square`));
  assertMatch(await env.ok(["function", "show", "square"]), /export function square/);
  const stdin = await env.ok(
    ["function", "register", "-", "--runtime", "shell", "--name", "kernel"],
    { input: "echo kernel\n" },
  );
  assertEquals(await env.ok(["run", stdin.trim(), ...TO]), "kernel\n");
  await env.ok(["function", "delete", "square"]);
  await env.fails(["run", id, ...TO, "7"], 65);
});

runTest("map gives results in the order of its input", async (env) => {
  const input = Array.from({ length: 500 }, (_, index) => `[${index}]\n`).join("");
  const output = await env.ok(["map", "words.ts:square", ...TO], { input });
  assertEquals(
    output.trimEnd().split("\n").map(Number),
    Array.from({ length: 500 }, (_, index) => index * index),
  );
  const shell = await env.run(["map", "greet.sh", ...TO, "--on-error", "write"], {
    input: '{"name": "a", "code": 0}\n{"name": "b", "code": 4}\n',
  });
  assertEquals(shell.code, 1);
  const results = shell.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(results.map((each) => each.returncode), [0, 4]);
  assertEquals(results.map((each) => each.stdout), ["Hello, a\n", "Hello, b\n"]);
});

runTest("a task is listed, shown with its hops, waited for and cancelled", async (env) => {
  const gate = join(env.home, "gate");
  env.file("wait.sh", `while [ ! -e ${gate} ]; do sleep 0.05; done; echo opened\n`);
  const first = (await env.ok(["run", "wait.sh", ...TO, "--no-wait"])).trim();
  await until(
    "running",
    async () => (await env.json<{ status: string }>(["task", "show", first])).status === "running",
  );
  assertMatch(await env.ok(["task", "list"]), new RegExp(`${first}.*running`));
  await env.fails(["task", "result", first], 75);
  Deno.writeTextFileSync(gate, "");
  await env.ok(["task", "wait", first]);
  assertEquals(await env.ok(["task", "result", first]), "opened\n");
  const timing = await env.ok(["task", "show", first, "--timing"]);
  for (const state of ["received", "waiting-for-launch", "running", "success"]) {
    assertMatch(timing, new RegExp(state));
  }

  env.file("sleep.sh", "sleep 600\n");
  const second = (await env.ok(["run", "sleep.sh", ...TO, "--no-wait"])).trim();
  await until(
    "running",
    async () => (await env.json<{ status: string }>(["task", "show", second])).status === "running",
  );
  await env.ok(["task", "cancel", second]);
  await env.run(["task", "wait", second]);
  assertEquals((await env.json<{ status: string }>(["task", "show", second])).status, "cancelled");
  await until(
    "the end of its process",
    () => env.processes().every(({ command }) => !command.includes("600")),
  );
});

runTest("a killed worker is named, and its slot serves again", async (env) => {
  const failed = await env.run(["run", "stats.py:die", ...TO]);
  assertEquals(failed.code, 1);
  assertMatch(failed.stderr, /SIGKILL/);
  assertMatch(failed.stderr, /memory/);
  assertEquals(await env.ok(["run", "stats.py:divide", ...TO, "6", "3"]), "2.0\n");
}, PYTHON === undefined);

runTest("run --timeout cancels the task", async (env) => {
  env.file("sleep.sh", "sleep 600\n");
  const { code } = await env.run(["run", "sleep.sh", ...TO, "--timeout", "1"]);
  assertEquals(code, 75);
  await until(
    "the end of its process",
    () => env.processes().every(({ command }) => !command.includes("600")),
  );
});

runTest("stop --now ends running tasks and leaves no child behind", async (env) => {
  env.file("sleep.sh", "sleep 600 & sleep 600\n");
  const task = (await env.ok(["run", "sleep.sh", ...TO, "--no-wait"])).trim();
  await until(
    "running",
    async () => (await env.json<{ status: string }>(["task", "show", task])).status === "running",
  );
  await env.ok(["stop", "--now"]);
  assertTrue(
    env.processes().every(({ command }) => !command.includes("600")),
    "the task's processes have ended",
  );
  const { status } = await env.json<{ status: string }>(["task", "show", task]);
  assertTrue(status !== "running", `it is ${status}`);
});

processTest(
  "a task that waits for an endpoint in trouble says so, in the endpoint's words",
  async (env) => {
    await env.ok(["init"]);
    const refuses = ["sh", "-c", "echo the queue is closed >&2; exit 1", "sh", "{script}"];
    const idle = ["true", "{jobs}"];
    const provider = { type: "exec", submit: refuses, status: idle, cancel: idle, maxBlocks: 1 };
    env.file(
      join(".funcx", "default", "config.ts"),
      `export default ${JSON.stringify({ executor: { provider } })};\n`,
    );
    env.file("greet.sh", GREET_SH);
    await env.ok(["start"]);
    await using running = env.start(["run", "greet.sh", ...TO]);
    await running.untilPrinted(/the task waits: .*the queue is closed/, "stderr");
    running.signal("SIGINT");
    const { code, stdout, stderr } = await running.finished();
    assertEquals([code, stdout], [130, ""]);
    const told = stderr.match(/the task waits: .*/g) ?? [];
    assertEquals(new Set(told).size, told.length);
  },
);
