import { assertEquals, assertRejects, assertTrue } from "./assert.ts";
import { readCpuList } from "./cpu_list.ts";
import { StringVector } from "./libc.ts";
import { PosixSpawner, type Usage } from "./posix_spawn.ts";
import { type Binding, ThreadAffinity } from "./thread_affinity.ts";

const ignore = Deno.build.os !== "linux";

/** Waits for the end of a process, told by the signal of the system. */
async function ended(spawner: PosixSpawner, pid: number): Promise<Usage> {
  const { promise, resolve } = Promise.withResolvers<Usage>();
  const look = (): void => {
    const usage = spawner.wait(pid);
    if (usage !== null) resolve(usage);
  };
  Deno.addSignalListener("SIGCHLD", look);
  // A listener for signals alone does not keep the event loop going.
  const hold = setInterval(() => {}, 2 ** 31 - 1);
  look();
  try {
    return await promise;
  } finally {
    clearInterval(hold);
    Deno.removeSignalListener("SIGCHLD", look);
  }
}

function everything(spawner: PosixSpawner, descriptor: number): string {
  let text = "";
  for (let found = spawner.read(descriptor);; found = spawner.read(descriptor)) {
    if (found === "open") throw new Error("somebody holds the pipe open");
    if (found === "ended") break;
    text += new TextDecoder().decode(found);
  }
  spawner.closeDescriptor(descriptor);
  return text;
}

async function sh(
  spawner: PosixSpawner,
  script: string,
  binding?: Binding,
): Promise<Usage & { readonly stdout: string; readonly stderr: string }> {
  const { pid, stdout, stderr } = await spawner.spawn({
    file: "/bin/sh",
    words: ["name", "-c", script],
    folder: "/",
    environment: new StringVector(["B=two words"], new StringVector(["A=é"])),
    binding,
  });
  const usage = await ended(spawner, pid);
  return { ...usage, stdout: everything(spawner, stdout), stderr: everything(spawner, stderr) };
}

function open(): PosixSpawner & Disposable {
  const spawner = PosixSpawner.open()!;
  return Object.assign(spawner, { [Symbol.dispose]: () => spawner.close() });
}

Deno.test("a program gets its words, environment and folder, and leads a session", {
  ignore,
}, async () => {
  using spawner = open();
  const script = `echo "$0|$A|$B|$PWD|$(cut -d ' ' -f 5,6 /proc/$$/stat)|$$"; echo err >&2; cat`;
  const { code, stdout, stderr } = await sh(spawner, script);
  const [name, a, b, folder, ids, pid] = stdout.trim().split("|");
  assertEquals([code, name, a, b, folder, stderr], [0, "name", "é", "two words", "/", "err\n"]);
  assertEquals(ids, `${pid} ${pid}`);
});

Deno.test("signals have their usual effect in it, whatever this process does with them", {
  ignore,
}, async () => {
  using spawner = open();
  const { stdout } = await sh(spawner, "exec grep -E '^Sig(Blk|Ign)' /proc/self/status");
  assertEquals(stdout.match(/0{16}/g)?.length, 2);
});

Deno.test("its end is told with what it used", { ignore }, async () => {
  using spawner = open();
  const failed = await sh(spawner, "exit 7");
  assertEquals([failed.code, failed.signal], [7, null]);
  const killed = await sh(spawner, "kill -9 $$");
  assertEquals([killed.code, killed.signal], [null, 9]);
  const busy = await sh(spawner, "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done");
  assertTrue(busy.processorTime > 0.01, `${busy.processorTime}`);
});

Deno.test("a program is bound where that is asked for, and the next one is not", {
  ignore,
}, async () => {
  using spawner = open();
  const affinity = ThreadAffinity.open()!;
  const cpus = async (binding?: Binding): Promise<number[]> => {
    const script = "grep Cpus_allowed_list /proc/self/status | cut -f2";
    return readCpuList((await sh(spawner, script, binding)).stdout);
  };
  const all = await cpus();
  const last = all.at(-1)!;
  assertEquals(await cpus((start) => affinity.during([last], start)), [last]);
  assertEquals(await cpus(), all);
  affinity.close();
});

Deno.test("a program that cannot be loaded is refused with the system's words", {
  ignore,
}, async () => {
  using spawner = open();
  const start = (file: string, folder: string) => (): Promise<unknown> =>
    spawner.spawn({ file, words: ["x"], folder, environment: new StringVector([]) });
  await assertRejects(start("/no/such/program", "/"), /SpawnError: no such file or directory/);
  await assertRejects(start("/etc/passwd", "/"), /SpawnError: permission denied/);
  await assertRejects(start("/bin/true", "/no/such/folder"), /SpawnError: no such file/);
  const bound = { file: "/no/such/program", words: ["x"], folder: "/" };
  const environment = new StringVector([]);
  await assertRejects(
    () => spawner.spawn({ ...bound, environment, binding: (start) => start() }),
    /SpawnError: no such file/,
  );
  assertTrue(spawner.isExecutable("/bin/true") && !spawner.isExecutable("/etc/passwd"));
});
