/** Managers with programs that imitate those which start containers; the real ones: `test:containers`. */
import { assertEquals, assertMatch, assertTrue } from "../../../lib/assert.ts";
import { withContainer } from "../../../contract/envelope.ts";
import { readIfPresent } from "../../../lib/files.ts";
import { fromFileUrl, join } from "../../../lib/path.ts";
import type { ContainerType, ResolvedContainer } from "../../../profile/container.ts";
import {
  errorOf,
  Harness,
  hasPython,
  isAlive,
  python,
  shell,
  stderrOf,
  stdoutOf,
  typescript,
  valueOf,
} from "../testing/harness.ts";

const PROGRAM = fromFileUrl(new URL("testing/container_program.sh", import.meta.url));
const PROGRAMS = {
  apptainer: "apptainer",
  singularity: "singularity",
  podman: "podman",
  docker: "docker",
  charliecloud: "ch-run",
  shifter: "shifter",
} as const;
type Imitated = keyof typeof PROGRAMS;

class Imitation implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-imitation-" });

  constructor() {
    for (const name of Object.values(PROGRAMS)) Deno.symlinkSync(PROGRAM, join(this.folder, name));
  }

  /** For a profile. */
  get environment(): Record<string, string> {
    const path = `${this.folder}:${Deno.env.get("PATH")}`;
    return { PATH: path, IMITATION_FOLDER: this.folder, SETTING: "a value" };
  }

  get calls(): string[] {
    return (readIfPresent(join(this.folder, "calls")) ?? "").split("\n").filter((line) =>
      line !== ""
    );
  }

  /** Files of containers that were not removed. */
  get containers(): string[] {
    try {
      return [...Deno.readDirSync(join(this.folder, "containers"))].map(({ name }) => name);
    } catch {
      return [];
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function container(
  type: ContainerType,
  changes: Partial<ResolvedContainer> = {},
): ResolvedContainer {
  return { type, image: "the-image", options: [], command: [], mount: [], allow: [], ...changes };
}

const IDENTIFY = python("def f():\n  import os\n  return os.getpid()");

for (const type of Object.keys(PROGRAMS) as Imitated[]) {
  Deno.test(`${type}: Python functions share a warm worker, commands run each for themselves`, {
    ignore: !hasPython,
  }, async () => {
    using imitation = new Imitation();
    const { environment } = imitation;
    await using harness = await Harness.start({ container: container(type), environment });
    const first = await harness.run({ code: IDENTIFY });
    assertEquals(valueOf(await harness.run({ code: IDENTIFY })), valueOf(first));
    const printing = python("def f(x):\n  import os\n  print(x)\n  return os.environ['SETTING']");
    const printed = await harness.run({ code: printing, args: ["é"] });
    assertEquals([valueOf(printed), stdoutOf(printed)], ["a value", "é\n"]);
    const command = await harness.run({
      code: shell("echo {0} $SETTING; pwd; exit 3"),
      args: ["a 'b"],
    });
    const { returncode, stdout } = valueOf(command) as { returncode: number; stdout: string };
    assertEquals(returncode, 3);
    assertEquals(stdout, `a 'b a value\n${join(harness.folder, "tasks")}\n`);
    const starts = imitation.calls.filter((call) => call.includes("the-image"));
    assertEquals(starts.length, 2);
    assertTrue(!imitation.calls.some((call) => call.includes("a value")));
  });

  Deno.test(`${type}: an image that cannot be had fails its tasks with the program's words`, async () => {
    using imitation = new Imitation();
    const { environment } = imitation;
    const changes = { container: container(type, { image: "missing" }), environment };
    await using harness = await Harness.start(changes);
    for (const code of [IDENTIFY, shell("echo x")]) {
      const error = errorOf(await harness.run({ code }));
      assertMatch(error.message, /^the container does not start .*missing/);
      assertMatch(error.hint!, /missing is there|registry of missing/);
    }
  });

  Deno.test(`${type}: an option that it does not have is told with its words`, async () => {
    using imitation = new Imitation();
    const { environment } = imitation;
    const options = ["--no-such-option"];
    await using harness = await Harness.start({
      container: container(type, { options }),
      environment,
    });
    const error = errorOf(await harness.run({ code: shell("echo x") }));
    assertMatch(error.message, /--no-such-option/);
  });

  Deno.test(
    `${type}: a cancel, a walltime and the end leave no process`,
    { ignore: !hasPython },
    async () => {
      using imitation = new Imitation();
      const { environment } = imitation;
      const pids: number[] = [];
      {
        await using harness = await Harness.start({
          container: container(type),
          environment,
          workersPerNode: 4,
        });
        const endless = python(
          "def f():\n  import os, time\n  print(os.getpid(), flush=True)\n  time.sleep(600)",
        );
        const sleeping = shell("echo $$; sleep 600 & wait");
        const tasks = harness.give(
          ...[endless, endless, sleeping, sleeping].map((code) => ({ code })),
        );
        for (const task of tasks) harness.executor.follow(task, true);
        const [late] = harness.give({ code: endless, options: { walltime_seconds: 1 } });
        await harness.until(() => new Set(harness.output.map(({ taskId }) => taskId)).size === 4);
        pids.push(...harness.output.map(({ data }) => Number(new TextDecoder().decode(data))));
        harness.executor.cancel([tasks[0]!, tasks[2]!]);
        assertEquals((await harness.end(tasks[0]!)).outcome.kind, "cancelled");
        assertEquals((await harness.end(tasks[2]!)).outcome.kind, "cancelled");
        assertEquals(errorOf(await harness.end(late!)).code, "WALLTIME_EXCEEDED");
      }
      assertEquals(pids.filter(isAlive), []);
      assertEquals(imitation.containers, []);
    },
  );
}

Deno.test("functions name images that the profile allows, and share workers by image", {
  ignore: !hasPython,
}, async () => {
  using imitation = new Imitation();
  const { environment } = imitation;
  const settings = container("apptainer", { image: null, allow: ["python:*"] });
  await using harness = await Harness.start({ container: settings, environment });
  const inside = (image: string): string => withContainer(IDENTIFY, image);
  const outside = valueOf(await harness.run({ code: IDENTIFY }));
  assertEquals(imitation.calls, []);
  const one = valueOf(await harness.run({ code: inside("python:3.11") }));
  const other = valueOf(await harness.run({ code: inside("python:3.12") }));
  assertEquals(new Set([outside, one, other]).size, 3);
  const again = withContainer(
    python("def f():\n  import os\n  return os.getpid() + 0"),
    "python:3.12",
  );
  assertEquals(valueOf(await harness.run({ code: again })), other);
  for (const image of ["ruby", "python", "python:../x", "--python:1"]) {
    const error = errorOf(await harness.run({ code: inside(image) }));
    assertEquals(error.code, "FUNCTION_NOT_ALLOWED");
  }
  assertEquals(imitation.calls.length, 2);
  const code = withContainer(typescript("export default () => 1"), "python:3.12");
  assertMatch(errorOf(await harness.run({ code })).message, /TypeScript functions do not run/);
});

Deno.test("without a container in the profile a function that names one is refused", async () => {
  await using harness = await Harness.start();
  for (const code of [IDENTIFY, shell("echo x"), typescript("export default () => 1")]) {
    const error = errorOf(await harness.run({ code: withContainer(code, "python") }));
    assertEquals(error.code, "FUNCTION_NOT_ALLOWED");
    assertMatch(error.hint!, /executor\.container/);
  }
});

Deno.test("a profile whose functions are all in containers runs no TypeScript", async () => {
  using imitation = new Imitation();
  const { environment } = imitation;
  await using harness = await Harness.start({ container: container("shifter"), environment });
  assertEquals(harness.executor.runtimes, ["python", "shell"]);
  const error = errorOf(await harness.run({ code: typescript("export default () => 1") }));
  assertMatch(error.message, /TypeScript/);
});

Deno.test("a program that is not there fails tasks with how to mend it", async () => {
  const settings = container("custom", { command: ["no-such-program", "{image}", "{command}"] });
  await using harness = await Harness.start({ container: settings });
  for (const code of [IDENTIFY, shell("echo x")]) {
    const error = errorOf(await harness.run({ code }));
    assertMatch(error.message, /no-such-program.*not found/);
    assertMatch(error.hint!, /^Install no-such-program/);
  }
});

Deno.test("worker_init runs outside, before the program", { ignore: !hasPython }, async () => {
  using imitation = new Imitation();
  const { PATH: _, ...environment } = imitation.environment;
  const workerInit = `export PATH="${imitation.folder}:$PATH" FROM_INIT=yes`;
  await using harness = await Harness.start({
    container: container("apptainer"),
    environment,
    workerInit,
  });
  const code = shell("echo $FROM_INIT");
  const result = await harness.run({ code });
  assertEquals([stdoutOf(result), stderrOf(result)], ["yes\n", ""]);
  assertEquals((await harness.run({ code: IDENTIFY })).outcome.kind, "success");
});

Deno.test("what a worker has of its node is told inside, for one slot and for two", {
  ignore: !hasPython,
}, async () => {
  using imitation = new Imitation();
  await using harness = await Harness.start({
    container: container("podman"),
    workersPerNode: 2,
    slot: { cores: 1, memory: null, accelerators: ["7", "8"], cpuAffinity: "none" },
    environment: { ...imitation.environment, CUDA_VISIBLE_DEVICES: "7,8" },
  });
  const names = ["OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"] as const;
  const code = python(
    `def f():\n  import os\n  return [os.environ[n] for n in ${JSON.stringify(names)}]`,
  );
  const [threads, device] = valueOf(await harness.run({ code })) as string[];
  assertEquals(threads, "1");
  assertTrue(["7", "8"].includes(device!));
  const options = { resource_specification: { cores: 2 } };
  assertEquals(valueOf(await harness.run({ code, options })), ["2", "7,8"]);
  const command = shell("echo $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES");
  assertEquals(stdoutOf(await harness.run({ code: command, options })), "2 7,8\n");
});

Deno.test("a task that has the machine for itself runs in its container, and leaves nothing", {
  ignore: !hasPython,
}, async () => {
  using imitation = new Imitation();
  const { environment } = imitation;
  await using harness = await Harness.start({ container: container("podman"), environment });
  const options = { resource_specification: { num_nodes: 1, ranks_per_node: 2 } };
  const prefix = python("def f():\n  import os\n  return os.environ['FUNCX_MPI_PREFIX']");
  assertMatch(String(valueOf(await harness.run({ code: prefix, options }))), /mpiexec/);
  const command = shell("echo $FUNCX_MPI_PREFIX");
  assertMatch(stdoutOf(await harness.run({ code: command, options })), /mpiexec/);
  assertEquals(imitation.containers, []);
  // Workers of the machine still start theirs in the same folder.
  assertEquals(typeof valueOf(await harness.run({ code: IDENTIFY })), "number");
});

Deno.test(
  "a large result and a sandbox are seen from both sides",
  { ignore: !hasPython },
  async () => {
    using imitation = new Imitation();
    const { environment } = imitation;
    const changes = { container: container("docker"), environment, sandbox: true };
    await using harness = await Harness.start({ ...changes, maxResultBytes: 10_000_000 });
    const code = python("def f():\n  import os\n  return [os.getcwd(), 'x' * 2000000]");
    const [folder, text] = valueOf(await harness.run({ code })) as string[];
    assertMatch(folder!, /tasks\/task-/);
    assertEquals(text!.length, 2_000_000);
  },
);

Deno.test("what a manager that was killed has left is removed by the next one", {
  ignore: !hasPython,
}, async () => {
  using imitation = new Imitation();
  const { environment } = imitation;
  const settings = { container: container("docker"), environment };
  const folder = Deno.makeTempDirSync({ prefix: "funcx-executor-" });
  const script = `
    import { Harness, shell } from ${
    JSON.stringify(new URL("../testing/harness.ts", import.meta.url))
  };
    const harness = await Harness.start(${JSON.stringify(settings)}, [], ${JSON.stringify(folder)});
    const [task] = harness.give({ code: shell("echo $$ > {0}; sleep 600 & wait"), args: [
      ${JSON.stringify(join(folder, "tasks", "pid"))}] });
    await harness.begin(task);
    while (!(await Deno.readTextFile(${
    JSON.stringify(join(folder, "tasks", "pid"))
  }).catch(() => ""))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    Deno.kill(Deno.pid, "SIGKILL");
  `;
  const { signal } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    stdin: "null",
  }).output();
  assertEquals(signal, "SIGKILL");
  const pid = Number(Deno.readTextFileSync(join(folder, "tasks", "pid")));
  assertEquals(imitation.containers.length, 2);
  await using _harness = await Harness.start(settings, [], folder);
  assertTrue(!isAlive(pid));
  assertEquals(imitation.containers, []);
});
