import { assertEquals, assertMatch, assertTrue } from "../../../lib/assert.ts";
import { readCpuList } from "../../../lib/cpu_list.ts";
import type { ResolvedSlot } from "../../../profile/schema.ts";
import {
  errorOf,
  Harness,
  NO_PERMISSIONS,
  PYTHON,
  python,
  shell,
  stdoutOf,
  type TaskInput,
  typescript,
  valueOf,
} from "../testing/harness.ts";
import { allowedCpus, inNumaOrder } from "./cpu_order.ts";

const hasPython = await new Deno.Command(PYTHON, { args: ["-c", ""], stderr: "null" }).output()
  .then(({ success }) => success, () => false);
const CPUS = inNumaOrder(allowedCpus());
const isLinux = Deno.build.os === "linux";
const NEEDS_TWO_CORES = { ignore: CPUS.length < 2 };

function slot(changes: Partial<ResolvedSlot>): { readonly slot: ResolvedSlot } {
  return { slot: { cores: null, memory: null, accelerators: 0, cpuAffinity: "none", ...changes } };
}

const CPUS_LINE = "grep Cpus_allowed_list /proc/self/status | cut -f2";
const CPUS_PY = python(
  "import os, subprocess\ndef f(s):\n    import time\n    time.sleep(s)\n" +
    "    child = subprocess.check_output(['nproc']).decode().strip()\n" +
    "    return [sorted(os.sched_getaffinity(0)), child, os.environ['OMP_NUM_THREADS']]\n",
);

/** Runs one task in each slot at the same time: each waits for the others to have begun. */
async function inEach(harness: Harness, count: number, script: string): Promise<string[]> {
  const together = `touch begun-$$; until [ $(ls begun-* | wc -l) -ge ${count} ]; do :; done; `;
  const tasks = Array.from({ length: count }, () => ({ code: shell(together + script) }));
  return (await harness.ends(harness.give(...tasks))).map((end) => stdoutOf(end).trim()).sort();
}

Deno.test("commands are bound to the cores of their slot", NEEDS_TWO_CORES, async () => {
  const count = CPUS.length;
  for (const cpuAffinity of ["block", "block-reverse", "alternating"] as const) {
    await using harness = await Harness.start({ workersPerNode: count, ...slot({ cpuAffinity }) });
    const found = await inEach(harness, count, CPUS_LINE);
    assertEquals(found.map(Number).sort((a, b) => a - b), CPUS.toSorted((a, b) => a - b));
  }
});

Deno.test("cores that the profile lists are those of its workers", NEEDS_TWO_CORES, async () => {
  const cpuAffinity = [String(CPUS[1]), `${CPUS[0]},${CPUS[1]}`];
  await using harness = await Harness.start({ workersPerNode: "auto", ...slot({ cpuAffinity }) });
  assertEquals(harness.executor.load().total_workers, 2);
  const found = await inEach(harness, 2, "nproc; echo $OMP_NUM_THREADS");
  assertEquals(found, ["1\n1", "2\n2"]);
});

Deno.test("a Python worker and what it starts are bound", {
  ignore: !hasPython || CPUS.length < 2,
}, async () => {
  await using harness = await Harness.start({
    workersPerNode: 1,
    ...slot({ cores: 1, cpuAffinity: "block-reverse" }),
  });
  const value = valueOf(await harness.run({ code: CPUS_PY, args: [0] }));
  assertEquals(value, [[CPUS.at(-1)!], "1", "1"]);
});

Deno.test("a TypeScript worker is bound with all its threads", NEEDS_TWO_CORES, async () => {
  await using harness = await Harness.start({
    workersPerNode: 1,
    ...slot({ cores: 1, cpuAffinity: "block" }),
    runtimes: {
      typescript: { permissions: { ...NO_PERMISSIONS, env: true } },
      python: null,
      shell: null,
    },
  });
  const code = typescript(`export default () =>
    [navigator.hardwareConcurrency, Deno.env.get("OMP_NUM_THREADS")];`);
  const ended = await harness.run({ code });
  assertEquals(valueOf(ended), [1, "1"]);
  const threads = `/proc/${ended.details.pid}/task`;
  const lists = [...Deno.readDirSync(threads)].map(({ name }) =>
    /Cpus_allowed_list:\s*(\S+)/.exec(Deno.readTextFileSync(`${threads}/${name}/status`))![1]!
  );
  assertTrue(lists.length > 1);
  for (const list of lists) assertEquals(readCpuList(list), [CPUS[0]!]);
});

Deno.test("without an affinity nothing is bound", { ignore: !isLinux }, async () => {
  await using harness = await Harness.start();
  const found = stdoutOf(await harness.run({ code: shell(CPUS_LINE) }));
  assertEquals(readCpuList(found), allowedCpus());
});

Deno.test("OMP_NUM_THREADS is the cores of a worker, unless the profile sets it", async () => {
  const code = shell("echo $OMP_NUM_THREADS");
  await using share = await Harness.start(slot({ cores: 3 }));
  assertEquals(stdoutOf(await share.run({ code })), "3\n");
  await using set = await Harness.start({
    ...slot({ cores: 3 }),
    environment: { OMP_NUM_THREADS: "7" },
  });
  assertEquals(stdoutOf(await set.run({ code })), "7\n");
  await using part = await Harness.start(slot({ cores: 0.5 }));
  assertEquals(stdoutOf(await part.run({ code })), "1\n");
});

Deno.test("each worker sees its own accelerators", async () => {
  await using harness = await Harness.start({
    workersPerNode: "auto",
    ...slot({ cores: 0.5, accelerators: ["GPU-a", "0.1"] }),
  });
  assertEquals(harness.executor.load().total_workers, 2);
  const echo = "echo $CUDA_VISIBLE_DEVICES $ROCR_VISIBLE_DEVICES $ZE_AFFINITY_MASK";
  assertEquals(await inEach(harness, 2, echo), ["0.1 0.1 0.1", "GPU-a GPU-a GPU-a"]);
});

Deno.test("accelerators are those that the job was given, each told once", async () => {
  await using harness = await Harness.start({
    workersPerNode: 2,
    ...slot({ accelerators: 2 }),
    environment: { CUDA_VISIBLE_DEVICES: "5,7,9" },
  });
  const found = await inEach(harness, 2, "env | grep -E 'VISIBLE|ZE_AFF'");
  assertEquals(found, ["CUDA_VISIBLE_DEVICES=5", "CUDA_VISIBLE_DEVICES=7"]);
});

Deno.test("without accelerators in the profile the job's are left to all workers", async () => {
  await using harness = await Harness.start({ environment: { CUDA_VISIBLE_DEVICES: "5,7" } });
  const ended = await harness.run({ code: shell("echo $CUDA_VISIBLE_DEVICES") });
  assertEquals(stdoutOf(ended), "5,7\n");
});

// -- memory ------------------------------------------------------------------------------------------

const MIB = 1024 ** 2;
const GROW_PY = python(
  "import time\ndef f(megabytes):\n    x = b'x' * megabytes * 1000000\n    time.sleep(1000)\n",
);
const FORK_PY = python(
  "import os, time\ndef f():\n    x = b'x' * 60000000\n" +
    "    children = [os.fork() for _ in range(3)]\n" +
    "    if 0 in children:\n        time.sleep(3)\n        os._exit(0)\n" +
    "    for child in children:\n        os.waitpid(child, 0)\n    return len(x)\n",
);

Deno.test("a task that uses more memory than a worker has is ended, and told by how much", {
  ignore: !hasPython || !isLinux,
}, async () => {
  await using harness = await Harness.start(slot({ memory: 150 * MIB }));
  const ended = await harness.run({ code: GROW_PY, args: [300] });
  assertEquals(ended.outcome.kind, "failed");
  const error = errorOf(ended);
  assertEquals(error.code, "MEMORY_EXCEEDED");
  assertMatch(error.message, /used (1[5-9]|2|3)\d+ MiB of memory; 150 MiB are allowed/);
  // The next one has a new worker.
  const small = await harness.run({ code: python("def f():\n    return 1\n") });
  assertEquals(valueOf(small), 1);
});

Deno.test("memory that a task asks for is its limit, and counts what its command starts", {
  ignore: !hasPython || !isLinux,
}, async () => {
  await using harness = await Harness.start();
  const program = "import time; x = b'x' * 300000000; time.sleep(1000)";
  const ended = await harness.run({
    code: shell(`${PYTHON} -c "${program}" & wait`),
    options: { resource_specification: { memory: 100 } },
  });
  assertEquals(errorOf(ended).code, "MEMORY_EXCEEDED");
  assertMatch(errorOf(ended).message, /100 MiB are allowed/);
});

Deno.test("pages that forked processes share count once", {
  ignore: !hasPython || !isLinux,
}, async () => {
  await using harness = await Harness.start(slot({ memory: 200 * MIB }));
  assertEquals(valueOf(await harness.run({ code: FORK_PY })), 60_000_000);
});

// -- tasks that take several slots -------------------------------------------------------------------

function wide(code: string, cores: number, args: readonly unknown[] = []): TaskInput {
  return { code, args, options: { resource_specification: { cores } } };
}

Deno.test(
  "a command that asks for more cores than a slot has gets those of several",
  NEEDS_TWO_CORES,
  async () => {
    await using harness = await Harness.start({
      workersPerNode: 2,
      ...slot({ cores: 1, cpuAffinity: "block", accelerators: ["a", "b"] }),
    });
    const echo = shell("nproc; echo $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES");
    assertEquals(stdoutOf(await harness.run(wide(echo, 2))), "2\n2 a,b\n");
    assertEquals(stdoutOf(await harness.run(wide(echo, 1))), "1\n1 a\n");
    assertEquals(harness.executor.load().idle_workers, 2);
  },
);

Deno.test("a Python task gets a worker with the cores of several slots", {
  ignore: !hasPython || CPUS.length < 2,
}, async () => {
  await using harness = await Harness.start({
    workersPerNode: 2,
    ...slot({ cores: 1, cpuAffinity: "block" }),
  });
  for (let times = 0; times < 2; times++) {
    const value = valueOf(await harness.run(wide(CPUS_PY, 2, [0])));
    assertEquals(value, [CPUS.slice(0, 2).toSorted((a, b) => a - b), "2", "2"]);
  }
  // Others go on in workers of one slot.
  const [cpus, , threads] = valueOf(await harness.run({ code: CPUS_PY, args: [0] })) as unknown[];
  assertEquals([(cpus as number[]).length, threads], [1, "1"]);
});

Deno.test("while it runs nothing else does, and what came later waits for it", async () => {
  await using harness = await Harness.start({ workersPerNode: 2, ...slot({ cores: 1 }) });
  const folder = `${harness.folder}/tasks`;
  const narrow = { code: shell(`until [ -e ${folder}/go ]; do :; done; echo narrow >> order`) };
  const [first] = harness.give(narrow);
  await harness.begin(first!);
  const [both] = harness.give(wide(shell("echo wide >> order; ls running-* 2>/dev/null"), 2));
  const later = Array.from({ length: 5 }, () => ({
    code: shell("touch running-$$; echo later >> order; rm running-$$"),
  }));
  const laterIds = harness.give(...later);
  // Its slot is held though it could run one of those.
  assertEquals(harness.executor.load().idle_workers, 0);
  assertEquals(harness.finished.size, 0);
  Deno.writeTextFileSync(`${folder}/go`, "");
  assertEquals(stdoutOf(await harness.end(both!)), "");
  await harness.ends(laterIds);
  const order = Deno.readTextFileSync(`${folder}/order`).trim().split("\n");
  assertEquals(order.slice(0, 2), ["narrow", "wide"]);
});

Deno.test("a stream of quick tasks does not keep it waiting", { ignore: !hasPython }, async () => {
  await using harness = await Harness.start({ workersPerNode: 2, ...slot({ cores: 1 }) });
  const noop = { code: python("def f():\n    return 1\n") };
  await harness.runAll(Array.from({ length: 200 }, () => noop));
  harness.feed(...Array.from({ length: 2_000 }, () => noop));
  const [both] = harness.give(wide(shell("echo wide"), 2));
  const after = harness.feed(...Array.from({ length: 2_000 }, () => noop));
  await harness.end(both!);
  assertTrue(after.some((taskId) => !harness.finished.has(taskId)));
  await harness.ends(after);
});

Deno.test("one that is cancelled while it waits lets go of the slots that were held", async () => {
  await using harness = await Harness.start({ workersPerNode: 2, ...slot({ cores: 1 }) });
  const [long] = harness.give({ code: shell("sleep 1000") });
  await harness.begin(long!);
  const [both, behind] = harness.give(wide(shell("true"), 2), { code: shell("echo behind") });
  harness.executor.cancel([both!]);
  assertEquals((await harness.end(both!)).outcome.kind, "cancelled");
  assertEquals(stdoutOf(await harness.end(behind!)), "behind\n");
  harness.executor.cancel([long!]);
  await harness.end(long!);
});

Deno.test(
  "one that runs is ended by a cancel, and by its walltime",
  { ignore: !hasPython },
  async () => {
    await using harness = await Harness.start({ workersPerNode: 2, ...slot({ cores: 1 }) });
    const sleep = python("import time\ndef f():\n    time.sleep(1000)\n");
    // Its worker has not started yet.
    const [early] = harness.give(wide(sleep, 2));
    harness.executor.cancel([early!]);
    assertEquals((await harness.end(early!)).outcome.kind, "cancelled");
    for (const code of [sleep, shell("sleep 1000")]) {
      const [running] = harness.give(wide(code, 2));
      await harness.begin(running!);
      harness.executor.cancel([running!]);
      assertEquals((await harness.end(running!)).outcome.kind, "cancelled");
      const expired = await harness.run({
        code,
        options: { resource_specification: { cores: 2 }, walltime_seconds: 0.2 },
      });
      assertEquals(errorOf(expired).code, "WALLTIME_EXCEEDED");
    }
    assertEquals(stdoutOf(await harness.run(wide(shell("echo on"), 2))), "on\n");
  },
);

Deno.test("a worker for it that is killed is a loss, and its slots are free again", {
  ignore: !hasPython,
}, async () => {
  await using harness = await Harness.start({ workersPerNode: 2, ...slot({ cores: 1 }) });
  const die = python("import os\ndef f():\n    os.kill(os.getpid(), 9)\n");
  assertEquals(errorOf(await harness.run(wide(die, 2))).code, "WORKER_LOST");
  assertEquals(valueOf(await harness.run(wide(python("def f():\n    return 1\n"), 2))), 1);
});

Deno.test("those that wait are given back with the others", async () => {
  await using harness = await Harness.start({ workersPerNode: 2, ...slot({ cores: 1 }) });
  const [long] = harness.give({ code: shell("sleep 1000") });
  await harness.begin(long!);
  const [both] = harness.give(wide(shell("true"), 2));
  harness.executor.recall!();
  assertEquals((await harness.end(both!)).outcome.kind, "returned");
  harness.executor.cancel([long!]);
  await harness.end(long!);
});

Deno.test("a task that asks for more than the node has fails at once, and so does nonsense", async () => {
  await using harness = await Harness.start({ workersPerNode: 2, ...slot({ cores: 1 }) });
  const much = errorOf(await harness.run(wide(shell("true"), 3)));
  assertEquals(much.code, "RESOURCES_UNAVAILABLE");
  assertMatch(much.message, /3 cores, and \S+ has 2 for it/);
  const options = { resource_specification: { cores: "two" } };
  const wrong = errorOf(await harness.run({ code: shell("true"), options }));
  assertEquals(wrong.code, "InvalidResourceSpecification");
});
