/** Tasks that take the whole machine, at an endpoint without a scheduler. */
import { hostname } from "node:os";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { readCpuList } from "../../lib/cpu_list.ts";
import { allowedCpus } from "../executor/resources/cpu_order.ts";
import {
  errorOf,
  Harness,
  hasPython,
  isAlive,
  python,
  shell,
  stdoutOf,
  valueOf,
} from "../executor/testing/harness.ts";

const WHOLE = { resource_specification: { num_nodes: 1, num_ranks: 3, launcher: "mpiexec" } };
const hasMpiexec = mpiexecVersion() !== null;

function mpiexecVersion(): string | null {
  try {
    const { stdout } = new Deno.Command("mpiexec", { args: ["--version"] }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return null;
  }
}

Deno.test(
  "a task finds its launcher's words in every runtime",
  { ignore: !hasPython },
  async () => {
    await using harness = await Harness.start();
    const command = shell('echo "$FUNCX_NODES $FUNCX_NUM_RANKS $PARSL_MPI_PREFIX"');
    const printed = stdoutOf(await harness.run({ code: command, options: WHOLE }));
    assertMatch(printed, new RegExp(`^${hostname()} 3 mpiexec -n 3 `));
    const code = python("import os\ndef f():\n    return os.environ['PARSL_MPI_PREFIX']\n", "f");
    const words = valueOf(await harness.run({ code, options: WHOLE }));
    assertEquals(`${hostname()} 3 ${words}\n`, printed);
  },
);

Deno.test({
  name: "mpiexec starts the ranks, and all of them end with the task",
  ignore: !hasMpiexec,
  fn: async () => {
    const environment = {
      OMPI_ALLOW_RUN_AS_ROOT: "1",
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
    };
    await using harness = await Harness.start({ environment });
    const code = shell("$FUNCX_MPI_PREFIX sh -c 'echo rank ${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}'");
    const ended = await harness.run({ code, options: WHOLE });
    assertEquals(stdoutOf(ended).trim().split("\n").sort(), ["rank 0", "rank 1", "rank 2"]);
    const [long] = harness.give({
      code: shell("$FUNCX_MPI_PREFIX sh -c 'trap : TERM; echo $$; while :; do sleep 1000; done'"),
      options: { ...WHOLE, walltime_seconds: 20 },
    });
    const late = await harness.end(long!);
    assertEquals(errorOf(late).code, "WALLTIME_EXCEEDED");
    const pids = stdoutOf(late).trim().split("\n");
    assertEquals(pids.length, 3);
    for (const pid of pids) assertTrue(!isAlive(Number(pid)), `rank ${pid} is left`);
  },
});

Deno.test({
  name: "what a worker has of the machine does not bound a task that has it whole",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using harness = await Harness.start({
      workersPerNode: 2,
      slot: { cores: 1, memory: 1, accelerators: ["a", "b"], cpuAffinity: "block" },
      environment: { CUDA_VISIBLE_DEVICES: "a,b,c" },
    });
    const code = shell(
      "grep Cpus_allowed_list /proc/self/status | cut -f2; sleep 2; " +
        "echo $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES",
    );
    const options = { resource_specification: { num_nodes: 1, ranks_per_node: 2 } };
    const [cpus, rest] = stdoutOf(await harness.run({ code, options })).split("\n");
    assertEquals(readCpuList(cpus!), allowedCpus());
    const threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / 2));
    assertEquals(rest, `${threads} a,b,c`);
  },
});

Deno.test("the machine is shared with nobody, and nobody waits for it in vain", async () => {
  await using harness = await Harness.start({ workersPerNode: 2 });
  const fifo = `${harness.folder}/go`;
  assertTrue(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().success);
  const waits = { code: shell(`read line <${fifo}; :`) };
  const [before] = harness.feed(waits);
  await harness.begin(before!);
  const [whole, after] = harness.feed({ ...waits, options: WHOLE }, { code: shell("true") });
  assertEquals(harness.executor.capacity(), 0);
  assertTrue(!harness.started.has(whole!));
  write(fifo);
  await harness.end(before!);
  await harness.begin(whole!);
  assertEquals(harness.executor.capacity(), 0);
  write(fifo);
  await harness.ends([whole!, after!]);
  const endOfWhole = harness.finished.get(whole!)!.timeline.at(-1)!.at;
  assertTrue(endOfWhole >= harness.finished.get(before!)!.timeline.at(-1)!.at);
  await harness.until(() => harness.executor.capacity() > 0);
});

function write(fifo: string): void {
  using file = Deno.openSync(fifo, { write: true });
  file.writeSync(new TextEncoder().encode("go\n"));
}

Deno.test("one that waits for the machine is cancelled, and more than one node is refused", async () => {
  await using harness = await Harness.start();
  const [long] = harness.feed({ code: shell("sleep 1000; :") });
  await harness.begin(long!);
  const [whole] = harness.give({ code: shell("true"), options: WHOLE });
  harness.executor.cancel([whole!]);
  assertEquals((await harness.end(whole!)).outcome.kind, "cancelled");
  const options = { resource_specification: { num_nodes: 2 } };
  const refused = await harness.run({ code: shell("true"), options });
  assertMatch(errorOf(refused).message, /asks for 2 nodes/);
  harness.executor.cancel([long!]);
  await harness.end(long!);
});

Deno.test("the picture of the machine shows what its slots run, and what has all of it", async () => {
  await using harness = await Harness.start({ workersPerNode: 2 });
  const tasks = (): (string | null)[] =>
    harness.executor.nodes!()[0]!.slots.map(({ task_id }) => task_id);
  assertEquals(tasks(), [null, null]);
  const [one] = harness.give({ code: shell("exec sleep 1000") });
  await harness.begin(one!);
  assertEquals(tasks().toSorted(), [null, one!].toSorted());
  harness.executor.cancel([one!]);
  await harness.end(one!);
  const [whole] = harness.give({ code: shell("exec sleep 1000"), options: WHOLE });
  await harness.begin(whole!);
  assertEquals(tasks(), [whole!, whole!]);
  harness.executor.cancel([whole!]);
  await harness.end(whole!);
  assertEquals(tasks(), [null, null]);
});
