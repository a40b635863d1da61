import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { delay } from "../../lib/async.ts";
import { prepareLocalNode } from "./local_executor.ts";
import { Manager } from "./manager.ts";
import {
  errorOf,
  Harness,
  isAlive,
  NO_PERMISSIONS,
  PYTHON,
  python,
  shell,
  stderrOf,
  type TaskInput,
  typescript,
  valueOf,
} from "./testing/harness.ts";

const hasPython = await new Deno.Command(PYTHON, { args: ["-c", ""], stderr: "null" }).output()
  .then(({ success }) => success, () => false);

const WAIT_TS = typescript(
  "export default (ms, x) => new Promise((done) => setTimeout(done, ms, x));",
);
const SPIN_TS = typescript("export default () => { for (;;); };");
const NOOP_TS = typescript("export default (x) => x;");
const SLEEP_PY = python("import time\ndef f(s):\n    time.sleep(s)\n");
const NOOP_PY = python("def f(x):\n    return x\n");

/** For each runtime with workers: tasks without end, silent and loud, and one that ends at once. */
const KINDS = [
  {
    name: "TypeScript",
    ignore: false,
    endless: { code: SPIN_TS },
    loud: { code: typescript("export default () => { console.log('on'); for (;;); };") },
    noop: NOOP_TS,
  },
  {
    name: "Python",
    ignore: !hasPython,
    endless: { code: SLEEP_PY, args: [1e6] },
    loud: { code: python("import time\ndef f():\n    print('on')\n    time.sleep(1e6)\n") },
    noop: NOOP_PY,
  },
] as const;

/** The process that runs the task. */
async function workerOf(harness: Harness, code: string): Promise<number> {
  return (await harness.run({ code, args: [0] })).details.pid as number;
}

Deno.test("a worker that has run dry is asked for as much as before", async () => {
  await using harness = await Harness.start();
  assertEquals(harness.executor.capacity(), 1);
  await harness.run({ code: typescript("export default () => 1;") });
  assertEquals(harness.executor.load().idle_workers, 1);
  assertTrue(harness.executor.capacity() > 1);
});

Deno.test("quick commands are asked for ahead, and given back when one takes long", async () => {
  await using harness = await Harness.start();
  const quick = { code: shell("/bin/true") };
  assertEquals(harness.executor.capacity(), 1);
  while (harness.executor.capacity() < 3) await harness.run(quick);
  const [long, next, last] = harness.give({ code: shell("sleep 1000") }, quick, quick);
  assertEquals((await harness.end(last!)).outcome.kind, "returned");
  assertTrue(!harness.finished.has(next!));
  assertEquals(harness.executor.capacity(), 0);
  harness.executor.cancel([long!]);
  assertEquals((await harness.end(next!)).outcome.kind, "success");
});

Deno.test("what has not begun is given back when it is asked for, the newest first", async () => {
  for (const endless of [typescript("export default () => { for (;;); };"), shell("sleep 1000")]) {
    let manager!: Manager;
    await using harness = await Harness.start({ prefetch: 3 }, [], undefined, async (options) => {
      manager = new Manager(await prepareLocalNode(options));
      return manager;
    });
    const [running] = harness.give({ code: endless });
    await harness.begin(running!);
    const waiting = harness.give({ code: endless }, { code: endless }, { code: endless });
    manager.giveBack(2);
    const ended = await harness.ends(waiting.slice(1));
    assertEquals(ended.map(({ outcome }) => outcome.kind), ["returned", "returned"]);
    assertTrue(!harness.finished.has(waiting[0]!) && !harness.finished.has(running!));
  }
});

Deno.test("what waits in several workers is given back by all of them", async () => {
  let manager!: Manager;
  const settings = { workersPerNode: 3, prefetch: 1 };
  await using harness = await Harness.start(settings, [], undefined, async (options) => {
    manager = new Manager(await prepareLocalNode(options));
    return manager;
  });
  const endless = typescript(`export default () => {
    console.log("on");
    return new Promise(() => setInterval(() => {}, 1e6));
  };`);
  const three = [1, 2, 3].map(() => ({ code: endless }));
  // A worker says that a task begins a moment before it does.
  const running = harness.give(...three);
  for (const taskId of running) harness.executor.follow(taskId, true);
  await harness.until(() => new Set(harness.output.map(({ taskId }) => taskId)).size === 3);
  const waiting = harness.give(...three);
  manager.giveBack(3);
  const ended = await harness.ends(waiting);
  assertEquals(ended.map(({ outcome }) => outcome.kind), ["returned", "returned", "returned"]);
});

Deno.test("a worker that has nothing to do for long is ended, and the next task starts another", async () => {
  await using harness = await Harness.start({ idleSeconds: 0.05 });
  const ended = await workerOf(harness, NOOP_TS);
  while (isAlive(ended)) await delay(10);
  assertTrue(await workerOf(harness, NOOP_TS) !== ended);
});

for (const { name, ignore, endless, loud, noop } of KINDS) {
  Deno.test(`${name}: a worker that is killed loses the task that ran, not those that waited`, {
    ignore,
  }, async () => {
    await using harness = await Harness.start({ prefetch: 4 });
    const pid = await workerOf(harness, noop);
    const [running, ...waiting] = harness.give(
      loud,
      ...[1, 2, 3].map((x) => ({ code: noop, args: [x] })),
    );
    harness.executor.follow(running!, true);
    await harness.until(() => harness.output.length > 0);
    Deno.kill(pid, "SIGKILL");
    const lost = await harness.end(running!);
    assertEquals(lost.outcome.kind, "lost");
    assertMatch(
      errorOf(lost).message,
      new RegExp(`\\(process ${pid}\\) ended with signal SIGKILL`),
    );
    assertMatch(errorOf(lost).hint ?? "", /memory/);
    const others = await harness.ends(waiting);
    assertEquals(others.map(valueOf), [1, 2, 3]);
    assertTrue(others.every((attempt) => attempt.attempt === 1 && attempt.details.pid !== pid));
  });

  Deno.test(
    `${name}: thousands of tasks end once each while their workers are killed`,
    { ignore },
    async () => {
      await using harness = await Harness.start({ workersPerNode: 2 });
      const pids = new Set([await workerOf(harness, noop)]);
      const taskIds = harness.feed(
        ...Array.from({ length: 3_000 }, (_, x): TaskInput => ({ code: noop, args: [x] })),
      );
      for (const share of [0.2, 0.5, 0.8]) {
        await harness.until(() => harness.finished.size > share * taskIds.length);
        for (const { details } of harness.finished.values()) pids.add(details.pid as number);
        for (const pid of pids) if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
      }
      const all = await harness.ends(taskIds);
      for (const [x, attempt] of all.entries()) {
        if (attempt.outcome.kind === "success") assertEquals(valueOf(attempt), x);
        else assertEquals(errorOf(attempt).code, "WORKER_LOST");
      }
      assertTrue(all.filter(({ outcome }) => outcome.kind === "success").length > 1_500);
    },
  );

  Deno.test(
    `${name}: tasks behind a long one move to a worker that is free`,
    { ignore },
    async () => {
      await using harness = await Harness.start({ workersPerNode: 2, prefetch: 20 });
      // Both workers are warm, and the endless task has short ones behind it.
      await harness.runAll(Array.from({ length: 40 }, (_, x) => ({ code: noop, args: [x] })));
      const [long, ...short] = harness.give(
        endless,
        ...Array.from({ length: 30 }, (_, x) => ({ code: noop, args: [x] })),
      );
      const ends = await harness.ends(short);
      assertEquals(ends.map(valueOf), short.map((_, x) => x));
      assertTrue(!harness.finished.has(long!));
      harness.executor.cancel([long!]);
      assertEquals((await harness.end(long!)).outcome.kind, "cancelled");
    },
  );
}

Deno.test("the last attempt of a task does not fail for what its neighbour does", async () => {
  await using harness = await Harness.start({ prefetch: 50 });
  // What takes the worker with it, once the pace is such that results are sent in batches.
  const poison = typescript(
    "export default (x) => { if (x === 'die') { const a = []; for (;;) a.push(new Array(1e5).fill(a)); } return x; };",
  );
  const harnessed = (x: unknown): TaskInput => (
    { code: poison, args: [x], attempt: 3, moved: 1 }
  );
  await harness.runAll(Array.from({ length: 200 }, (_, x) => ({ code: poison, args: [x] })));
  const pid = await workerOf(harness, poison);
  const taskIds = harness.give(
    ...Array.from({ length: 20 }, (_, x) => harnessed(x)),
    { ...harnessed("wait"), code: WAIT_TS, args: [1e6] },
    ...Array.from({ length: 20 }, (_, x) => harnessed(x)),
  );
  await harness.begin(taskIds[20]!);
  Deno.kill(pid, "SIGKILL");
  const kinds = (await harness.ends(taskIds))
    .map(({ outcome }) => outcome.kind);
  assertEquals(kinds.filter((kind) => kind !== "success"), ["lost"]);
});

Deno.test(
  "a process that ends itself is named by its exit status",
  { ignore: !hasPython },
  async () => {
    await using harness = await Harness.start();
    const code = python(
      "import os, sys\ndef f(how):\n    print('last words', file=sys.stderr, flush=True)\n" +
        "    os._exit(3) if how == 'exit' else os.kill(os.getpid(), 11)\n",
    );
    const exited = await harness.run({ code, args: ["exit"] });
    assertMatch(errorOf(exited).message, /ended with exit status 3 while it ran the task/);
    assertEquals(stderrOf(exited), "last words\n");
    const crashed = await harness.run({ code, args: ["crash"] });
    assertMatch(errorOf(crashed).message, /ended with signal SIGSEGV/);
    assertMatch(errorOf(crashed).hint ?? "", /A library .* has crashed/);
  },
);

Deno.test("a slot changes its runtime as tasks need it, and keeps both workers warm", {
  ignore: !hasPython,
}, async () => {
  await using harness = await Harness.start();
  const inputs = Array.from({ length: 12 }, (_, x): TaskInput => {
    const codes = [NOOP_TS, NOOP_PY, shell("echo {0}")];
    return { code: codes[x % 3]!, args: [x] };
  });
  const all = await harness.runAll(inputs);
  const pids = (runtime: string): number =>
    new Set(
      all.filter(({ details }) => details.runtime === runtime).map(({ details }) => details.pid),
    )
      .size;
  assertEquals([pids("typescript"), pids("python"), pids("shell")], [1, 1, 4]);
});

Deno.test("a task of another runtime does not wait for a long queue", async () => {
  await using harness = await Harness.start();
  const noops = Array.from({ length: 20_000 }, (_, x): TaskInput => ({ code: NOOP_TS, args: [x] }));
  await harness.run(noops[0]!);
  const before = harness.feed(...noops.slice(0, 10_000));
  const [other] = harness.feed({ code: shell("true") });
  const after = harness.feed(...noops.slice(10_000));
  await harness.end(other!);
  assertTrue(after.filter((taskId) => harness.finished.has(taskId)).length < 5_000);
  await harness.ends([...before, ...after]);
});

Deno.test(
  "an interpreter that does not start fails its tasks with its last words, and is not tried on",
  { ignore: !hasPython },
  async () => {
    const folder = Deno.makeTempDirSync({ prefix: "funcx-init-" });
    // Works when it is asked for its version, and never again.
    const init = `if [ -e ${folder}/asked ]; then echo no such module >&2; ` +
      `echo >> ${folder}/starts; exit 7; fi; touch ${folder}/asked`;
    {
      await using harness = await Harness.start({ workersPerNode: 4, workerInit: init });
      const all = await harness.runAll(
        Array.from({ length: 50 }, () => ({ code: NOOP_PY, args: [0] })),
      );
      for (const attempt of all) {
        assertEquals(errorOf(attempt).code, "CouldNotExecuteUserTaskError");
        assertMatch(errorOf(attempt).message, /does not start .*exit status 7.*: no such module/);
      }
      // Others go on, and further ones fail without another start.
      const starts = Deno.readTextFileSync(`${folder}/starts`).length;
      assertTrue(starts <= 12, `${starts} starts`);
      assertEquals(
        errorOf(await harness.run({ code: NOOP_PY })).code,
        "CouldNotExecuteUserTaskError",
      );
      assertEquals(Deno.readTextFileSync(`${folder}/starts`).length, starts);
      assertEquals(valueOf(await harness.run({ code: NOOP_TS, args: [1] })), 1);
    }
    Deno.removeSync(folder, { recursive: true });
  },
);

Deno.test("an interpreter that is missing or too old is left out, and its tasks are told", async () => {
  await using harness = await Harness.start({
    runtimes: { typescript: null, python: { interpreter: "no-such-python" }, shell: null },
  });
  assertEquals(harness.executor.runtimes, []);
  const python = errorOf(await harness.run({ code: NOOP_PY, args: [0] }));
  assertMatch(python.message, /cannot run Python functions: no-such-python does not run/);
  assertMatch(python.hint ?? "", /name an interpreter in the profile/);
  const other = errorOf(await harness.run({ code: NOOP_TS, args: [0] }));
  assertMatch(other.message, /its profile does not offer them/);
});

Deno.test("what runs is lost when the executor closes, what waits is given back, no process is left", async () => {
  await using harness = await Harness.start({ workersPerNode: 2, prefetch: 2 });
  const wait = {
    code: typescript("export default () => { console.log('on'); return new Promise(() => {}); };"),
  };
  const command = { code: shell("(setsid sleep 1000 &) ; sleep 1000") };
  const noop = { code: NOOP_TS, args: [1] };
  const taskIds = harness.give(wait, command, noop, noop);
  // A worker says that a task begins a moment before it does.
  harness.executor.follow(taskIds[0]!, true);
  await harness.until(() => harness.output.length > 0);
  await harness.begin(taskIds[1]!);
  await harness.executor.close();
  const ends = await harness.ends(taskIds);
  assertEquals(ends.map(({ outcome }) => outcome.kind), ["lost", "lost", "returned", "returned"]);
  assertMatch(errorOf(ends[0]!).message, /endpoint was stopped/);
  assertEquals((await harness.run(noop)).outcome.kind, "returned");
});

Deno.test("a recall gives back what has not begun; what runs goes on to its end", async () => {
  await using harness = await Harness.start({ prefetch: 5 });
  const [running, ...waiting] = harness.give(
    {
      code: typescript(`export default async () => {
      console.log("on");
      await new Promise((done) => setTimeout(done, 5_000));
      return "end";
    };`),
    },
    ...[1, 2].map((x) => ({ code: NOOP_TS, args: [x] })),
    { code: shell("true") },
  );
  harness.executor.follow(running!, true);
  await harness.until(() => harness.output.length > 0);
  harness.executor.recall!();
  for (const taskId of waiting) {
    assertEquals((await harness.end(taskId)).outcome.kind, "returned");
  }
  assertEquals(harness.executor.capacity(), 0);
  assertTrue(!harness.finished.has(running!));
  assertEquals(valueOf(await harness.end(running!)), "end");
});

Deno.test("a task that waits is cancelled at once; unknown ones are ignored", async () => {
  await using harness = await Harness.start();
  const [running, waiting] = harness.give(
    { code: WAIT_TS, args: [1e6] },
    { code: NOOP_TS, args: [1] },
  );
  await harness.begin(running!);
  harness.executor.cancel([waiting!, crypto.randomUUID()]);
  const cancelled = await harness.end(waiting!);
  assertEquals(cancelled.outcome.kind, "cancelled");
  assertEquals(cancelled.timeline.map(({ state }) => state), ["waiting-for-launch"]);
  harness.executor.cancel([running!]);
  assertEquals((await harness.end(running!)).outcome.kind, "cancelled");
});

Deno.test("a cancel of a task that waits in a worker that does not answer spares the one that runs", async () => {
  await using harness = await Harness.start({ prefetch: 1 });
  const pid = await workerOf(harness, NOOP_TS);
  const [running, waiting] = harness.give(
    { code: WAIT_TS, args: [2_000] },
    { code: NOOP_TS, args: [1] },
  );
  await harness.begin(running!);
  Deno.kill(pid, "SIGSTOP");
  harness.executor.cancel([waiting!]);
  // Longer than a worker has to give tasks back.
  await delay(1_300);
  Deno.kill(pid, "SIGCONT");
  assertEquals((await harness.end(running!)).outcome.kind, "success");
  assertTrue(["cancelled", "returned"].includes((await harness.end(waiting!)).outcome.kind));
  assertEquals((await harness.run({ code: NOOP_TS, args: [2] })).details.pid, pid);
});

Deno.test("capacity is what the slots hold, and grows with the pace", async () => {
  await using harness = await Harness.start({ workersPerNode: 2, prefetch: 1 });
  assertEquals(harness.executor.capacity(), 4);
  const [running] = harness.give({ code: WAIT_TS, args: [1e6] });
  assertEquals(harness.executor.capacity(), 3);
  assertEquals(harness.executor.load(), {
    managers: 1,
    total_workers: 2,
    idle_workers: 1,
    outstanding_tasks: 1,
  });
  const many = Array.from({ length: 2_000 }, (_, x): TaskInput => ({ code: NOOP_TS, args: [x] }));
  const taskIds = harness.give(...many);
  let most = 0;
  await harness.until(() => {
    most = Math.max(most, harness.executor.capacity() + taskIds.length - harness.finished.size);
    return taskIds.every((taskId) => harness.finished.has(taskId));
  });
  assertTrue(most > 50, `${most}`);
  harness.executor.cancel([running!]);
  await harness.end(running!);
});

Deno.test("tasks that were asked for while tasks were quick are given back when they are not", async () => {
  await using harness = await Harness.start();
  // Quick ones until it is asked for much; how many that takes depends on the machine.
  const quick = Array.from({ length: 100 }, (_, x): TaskInput => ({ code: NOOP_TS, args: [x] }));
  while (harness.executor.capacity() < 20) await harness.ends(harness.give(...quick));
  const count = harness.executor.capacity();
  const slowIds = harness.give(...Array.from({ length: count }, () => ({ code: SPIN_TS })));
  const finished = (): number => slowIds.filter((taskId) => harness.finished.has(taskId)).length;
  // Twice of what it wants when tasks are slow may stay.
  await harness.until(() => finished() >= count - 4);
  for (const { outcome, timeline } of harness.finished.values()) {
    if (outcome.kind === "returned") assertEquals(timeline.length, 1);
  }
  const left = slowIds.filter((taskId) => !harness.finished.has(taskId));
  assertEquals(left[0], slowIds[0]);
  harness.executor.cancel(left);
  await harness.ends(left);
});

for (
  const { name, ignore, code } of [
    {
      name: "TypeScript",
      ignore: false,
      code: typescript(`export default (file, x, ms) => {
      Deno.writeTextFileSync(file, x + "\\n", { append: true });
      for (const end = performance.now() + ms; performance.now() < end;);
    };`),
    },
    {
      name: "Python",
      ignore: !hasPython,
      code: python(
        "import time\ndef f(file, x, ms):\n    with open(file, 'a') as to:\n" +
          "        to.write('%d\\n' % x)\n    time.sleep(ms / 1000)\n",
      ),
    },
  ]
) {
  Deno.test(`${name}: each task runs once while many are taken back from slow workers`, {
    ignore,
  }, async () => {
    await using harness = await Harness.start({
      workersPerNode: 3,
      prefetch: 3,
      runtimes: {
        typescript: { permissions: { ...NO_PERMISSIONS, write: true } },
        python: { interpreter: PYTHON },
        shell: null,
      },
    });
    const file = `${harness.folder}/ledger`;
    // Mostly short ones, and now and then one behind which others wait.
    const durations = Array.from({ length: 600 }, (_, x) => x % 37 === 0 ? 40 : x % 3);
    const taskIds = harness.feed(...durations.map((ms, x) => ({ code, args: [file, x, ms] })));
    const all = await harness.ends(taskIds);
    assertTrue(all.every(({ outcome }) => outcome.kind === "success"));
    const ledger = Deno.readTextFileSync(file).trim().split("\n").map(Number);
    assertEquals(ledger.sort((left, right) => left - right), durations.map((_, x) => x));
  });
}
