import { assertEquals, assertMatch, assertTrue } from "../../../lib/assert.ts";
import { MAX_RESULT_BYTES, MAX_TASK_OUTPUT_BYTES } from "../../../contract/limits.ts";
import {
  errorOf,
  Harness,
  isAlive,
  NO_PERMISSIONS,
  stderrOf,
  stdoutOf,
  typescript,
  valueOf,
} from "../testing/harness.ts";

Deno.test("TypeScript: values come back, by position and by keyword", async () => {
  await using harness = await Harness.start();
  const add = typescript(`
    interface Options { scale?: number }
    export default (a: number, b: number, { scale = 1 }: Options = {}): number => (a + b) * scale;
  `);
  assertEquals(valueOf(await harness.run({ code: add, args: [1, 2] })), 3);
  assertEquals(valueOf(await harness.run({ code: add, args: [1, 2], kwargs: { scale: 10 } })), 30);

  const named = typescript(
    "export async function twice(x) { await null; return [x, x]; }",
    "twice",
  );
  assertEquals(valueOf(await harness.run({ code: named, args: ["é😀"] })), ["é😀", "é😀"]);

  const nothing = typescript("export default () => {};");
  assertEquals(valueOf(await harness.run({ code: nothing })), null);

  const done = await harness.run({ code: nothing });
  assertEquals(done.timeline.map(({ state, by }) => [state, by]), [
    ["waiting-for-launch", "manager"],
    ["running", "worker"],
  ]);
  assertTrue(done.timeline[0]!.at <= done.timeline[1]!.at + 1);
  assertEquals(done.details.runtime, "typescript");
  assertTrue(typeof done.details.pid === "number" && typeof done.details.duration === "number");
});

Deno.test("TypeScript: what a function throws comes back with its own frames only", async () => {
  await using harness = await Harness.start();
  const failing = typescript(`
    interface A { a: number }

    function inner(x: A): never { throw new RangeError("too much: " + x.a); }
    export default (a: number): never => inner({ a });
  `);
  const error = errorOf(await harness.run({ code: failing, args: [7] }));
  assertEquals([error.code, error.type, error.message], [
    "RemoteExecutionError",
    "RangeError",
    "too much: 7",
  ]);
  assertMatch(error.traceback, /^RangeError: too much: 7\n {4}at inner \(function\.ts:4:/);
  assertTrue(!error.traceback.includes("typescript_guest"), error.traceback);
  assertTrue(!error.traceback.includes("base64"), error.traceback);

  const chained = typescript(`export default async () => {
    await null;
    throw new Error("outer", { cause: new TypeError("inner") });
  };`);
  assertMatch(
    errorOf(await harness.run({ code: chained })).traceback,
    /Error: outer[^]*Caused by: TypeError: inner/,
  );

  const odd = typescript("export default () => { throw { status: 404 }; };");
  assertEquals(errorOf(await harness.run({ code: odd })).message, '{"status":404}');
  const hostile = typescript(`export default () => {
    throw Object.defineProperty(new Error("x"), "message", { get() { throw new Error("no") } });
  };`);
  assertEquals(errorOf(await harness.run({ code: hostile })).code, "RemoteExecutionError");
});

Deno.test("TypeScript: code that cannot be run says why", async () => {
  await using harness = await Harness.start();
  const syntax = errorOf(await harness.run({ code: typescript("export default (") }));
  assertEquals([syntax.code, syntax.type], ["CouldNotExecuteUserTaskError", "SyntaxError"]);

  const missing = await harness.run({ code: typescript("export const g = 1;", "f") });
  assertMatch(errorOf(missing).message, /no export f; it exports g/);
  const notFunction = await harness.run({ code: typescript("export const f = 1;", "f") });
  assertMatch(errorOf(notFunction).message, /f is not a function but of type number/);

  const topLevel = typescript("throw new Error('at import'); export default () => 1;");
  assertEquals(errorOf(await harness.run({ code: topLevel })).code, "CouldNotExecuteUserTaskError");
  assertEquals(errorOf(await harness.run({ code: topLevel })).message, "at import");

  const ok = typescript("export default () => 1;");
  const dill = await harness.run({ code: ok, payload: "5\n00\nAA5\n00\nAA" });
  assertMatch(errorOf(dill).message, /serialized for Python/);
  assertEquals(errorOf(await harness.run({ code: ok, payload: "broken" })).type, "EnvelopeError");
  assertEquals(valueOf(await harness.run({ code: ok })), 1);
});

Deno.test("TypeScript: results that JSON cannot hold, and large ones", async () => {
  await using harness = await Harness.start();
  const bigint = await harness.run({ code: typescript("export default () => ({ a: 1n });") });
  assertMatch(errorOf(bigint).message, /a bigint cannot be written as JSON \(at a\)/);

  const long = typescript("export default (n) => 'é'.repeat(n / 2);");
  const large = await harness.run({ code: long, args: [4_000_000] });
  assertEquals((valueOf(large) as string).length, 2_000_000);
  const after = harness.runAll([10, 1_000_000, 10].map((n) => ({ code: long, args: [n] })));
  assertEquals((await after).map((attempt) => (valueOf(attempt) as string).length), [
    5,
    500_000,
    5,
  ]);

  const error = errorOf(await harness.run({ code: long, args: [MAX_RESULT_BYTES] }));
  assertEquals(error.code, "MaxResultSizeExceeded");
  assertMatch(error.message, /10485765 bytes, at most 10485760/);
});

Deno.test("TypeScript: output goes to its own task, the last of it is kept", async () => {
  await using harness = await Harness.start();
  const print = typescript(`export default async (x) => {
    console.log("out", x, { a: [1] });
    console.error("err %d", x);
    await Deno.stdout.write(new TextEncoder().encode("raw\\n"));
  };`);
  const all = await harness.runAll([1, 2, 3].map((x) => ({ code: print, args: [x] })));
  assertEquals(all.map(stdoutOf), [1, 2, 3].map((x) => `out ${x} { a: [ 1 ] }\nraw\n`));
  assertEquals(all.map(stderrOf), [1, 2, 3].map((x) => `err ${x}\n`));

  const flood = typescript(`export default () => {
    for (let line = 0; line < 100_000; line++) console.log("line", line);
  };`);
  const flooded = await harness.run({ code: flood });
  assertTrue(flooded.output.stdout.length <= MAX_TASK_OUTPUT_BYTES);
  assertMatch(stdoutOf(flooded), /line 99999\n$/);
});

Deno.test("TypeScript: user code may do nothing that the profile does not grant", async () => {
  await using harness = await Harness.start();
  const attempts = [
    `Deno.readTextFileSync("/etc/hostname")`,
    `Deno.writeTextFileSync("/tmp/x", "")`,
    `Deno.env.get("HOME")`,
    `Deno.hostname()`,
    `new Deno.Command("id").outputSync()`,
    `await fetch("http://127.0.0.1:5000")`,
    `await Deno.connect({ port: 9 })`,
    `Deno.kill(1, "SIGTERM")`,
    `await import("file:///etc/hostname")`,
    `await import("npm:left-pad")`,
    `await import("jsr:@std/path")`,
    `await import("https://deno.land/x/a.ts")`,
    `(await import("node:fs")).readFileSync("/etc/hostname")`,
    `(await import("node:process")).env.HOME`,
    `new Worker("data:,", { type: "module", deno: { permissions: { read: true } } })`,
  ];
  const all = await harness.runAll(attempts.map((expression) => ({
    code: typescript(`export default async () => { return ${expression}; };`),
  })));
  for (const [index, attempt] of all.entries()) {
    const { type, message, hint } = errorOf(attempt);
    assertMatch(`${type} ${message}`, /NotCapable|Requires|--no-npm/);
    if (message.includes("--no-npm")) assertMatch(hint!, /can import/);
    if (type === "NotCapable") assertMatch(hint ?? attempts[index]!, /permissions/);
  }
  // A static import is refused like a dynamic one.
  const fixed = typescript(
    `import secret from "file:///etc/hostname" with { type: "text" }; export default () => secret;`,
  );
  assertEquals(errorOf(await harness.run({ code: fixed })).code, "CouldNotExecuteUserTaskError");
});

Deno.test("TypeScript: what the profile grants is granted", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-executor-" });
  const readable = `${folder}/readable`;
  Deno.writeTextFileSync(readable, "text");
  const changes = {
    runtimes: {
      typescript: { permissions: { ...NO_PERMISSIONS, read: [readable], env: ["GREETING"] } },
      python: null,
      shell: null,
    },
    environment: { GREETING: "hello" },
  };
  await using harness = await Harness.start(changes, [], folder);
  const read = typescript(`export default (path) => Deno.readTextFileSync(path).length;`);
  assertEquals(valueOf(await harness.run({ code: read, args: [readable] })), 4);
  assertEquals(
    errorOf(await harness.run({ code: read, args: ["/etc/passwd"] })).type,
    "NotCapable",
  );
  const env = typescript(`export default () => Deno.env.get("GREETING");`);
  assertEquals(valueOf(await harness.run({ code: env })), "hello");
});

Deno.test("TypeScript: a function cannot end its worker, now or later", async () => {
  await using harness = await Harness.start();
  const pids = new Set<unknown>();
  for (
    const body of [
      "Deno.exit(3)",
      "self.close()",
      "setTimeout(() => { throw new Error('late') }, 0); return 1",
      "Promise.reject(new Error('floating')); return 2",
      "self.postMessage('x'); self.onmessage = null; return 3",
    ]
  ) {
    const attempt = await harness.run({ code: typescript(`export default () => { ${body} };`) });
    pids.add(attempt.details.pid);
  }
  const after = await harness.run({ code: typescript("export default () => 'still here';") });
  pids.add(after.details.pid);
  assertEquals(valueOf(after), "still here");
  assertEquals(pids.size, 1);
});

Deno.test("TypeScript: an endless loop ends at its walltime, the slot goes on", async () => {
  await using harness = await Harness.start();
  const loop = typescript("export default () => { for (;;); };");
  const [endless, next] = await harness.runAll([
    { code: loop, options: { walltime_seconds: 0.3 } },
    { code: typescript("export default () => 'next';") },
  ]);
  assertEquals(errorOf(endless!).code, "WALLTIME_EXCEEDED");
  assertMatch(errorOf(endless!).message, /0\.3 s/);
  assertEquals(valueOf(next!), "next");
});

Deno.test("TypeScript: a task is cancelled while it runs, its neighbours are not", async () => {
  await using harness = await Harness.start({ prefetch: 5 });
  const wait = typescript(
    "export default (ms) => new Promise((done) => setTimeout(done, ms, ms));",
  );
  const [endless, ...others] = harness.give(
    { code: wait, args: [1e9] },
    ...[1, 2, 3].map((ms) => ({ code: wait, args: [ms] })),
  );
  await harness.begin(endless!);
  harness.executor.cancel([endless!, others[2]!]);
  assertEquals((await harness.end(endless!)).outcome.kind, "cancelled");
  assertEquals((await harness.end(others[2]!)).outcome.kind, "cancelled");
  assertEquals(valueOf(await harness.end(others[0]!)), 1);
  assertEquals(valueOf(await harness.end(others[1]!)), 2);
});

Deno.test("TypeScript: running out of memory is noticed, and named", async () => {
  await using harness = await Harness.start({}, ["--max-old-space-size=64"]);
  const hungry = typescript(`export default () => {
    const all = [];
    for (;;) all.push(new Array(1e6).fill(Math.random()));
  };`);
  const attempt = await harness.run({ code: hungry });
  assertEquals(attempt.outcome.kind, "lost");
  assertEquals(errorOf(attempt).code, "WORKER_LOST");
  assertMatch(errorOf(attempt).hint ?? "", /ran out of memory/);
  assertTrue(!isAlive(attempt.details.pid as number));
});

Deno.test("TypeScript: a function that breaks its worker does not make later ones wait", async () => {
  await using harness = await Harness.start();
  const breaking = typescript("export default () => { Map.prototype.get = undefined; };");
  const next = { code: typescript("export default () => 1;") };
  await harness.run({ code: breaking });
  const broken = await harness.run(next);
  assertMatch(errorOf(broken).message, /TypeScript worker .* ended with exit status 1/);
  assertEquals(valueOf(await harness.run(next)), 1);
});

Deno.test("TypeScript: with a sandbox each task has an empty folder", async () => {
  await using harness = await Harness.start({ sandbox: true });
  const code = typescript("export default () => Deno.cwd();");
  const all = await harness.runAll([1, 2, 3].map(() => ({ code })));
  const folders = new Set(all.map((attempt) => valueOf(attempt) as string));
  assertEquals(folders.size, 3);
  assertTrue([...folders].every((folder) => folder.startsWith(`${harness.folder}/tasks/task-`)));
});
