import { assertEquals, assertMatch, assertRejects, assertTrue } from "../../lib/assert.ts";
import { readCpuList } from "../../lib/cpu_list.ts";
import { type Binding, ThreadAffinity } from "../../lib/thread_affinity.ts";
import { type CommandLine, type CommandSpawner, NativeSpawner } from "./command_spawner.ts";
import { DenoSpawner } from "./deno_spawner.ts";
import { endGroup } from "./process_group.ts";
import { allowedCpus } from "./resources/cpu_order.ts";

const ENVIRONMENT = { A: "é", PATH: "/usr/bin:/bin" };

interface Ended {
  readonly returncode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param stall milliseconds in which this process does nothing once the command has ended. */
async function sh(
  spawner: CommandSpawner,
  script: string,
  stall = 0,
  more: Pick<CommandLine, "environment" | "binding"> = {},
): Promise<Ended> {
  const output = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const command = await spawner.start({
    file: "/bin/sh",
    words: ["sh", "-c", script],
    folder: "/",
    variables: { B: "b" },
    ...more,
  }, (stream, data) => {
    output[stream] += decoders[stream].decode(data, { stream: true });
  });
  const { returncode } = await command.exited;
  if (command.hasGroup()) await endGroup(command.pid, command.exited);
  const drained = command.drained();
  for (const end = performance.now() + stall; performance.now() < end;);
  await drained;
  return { returncode, ...output };
}

// Both ways give the same; the second one is for systems that lack the first.
for (
  const [name, open] of [
    ["natively", () => NativeSpawner.open(ENVIRONMENT)],
    ["by Deno", () => new DenoSpawner(ENVIRONMENT)],
  ] as const
) {
  Deno.test(`a command that is started ${name}`, {
    ignore: name === "natively" && Deno.build.os !== "linux",
  }, async (test) => {
    const spawner = open()!;
    await test.step("has its folder, environment and streams, and leads its group", async () => {
      const script = "echo $A $B $(pwd); echo err >&2; cat; kill -0 -$$ && exit 3";
      const expected = { returncode: 3, stdout: "é b /\n", stderr: "err\n" };
      assertEquals(await sh(spawner, script), expected);
    });
    await test.step("has an environment of its own instead, once and again", async () => {
      const environment = { C: "c", PATH: ENVIRONMENT.PATH };
      for (let times = 0; times < 2; times++) {
        assertEquals((await sh(spawner, "echo $A $B $C", 0, { environment })).stdout, "b c\n");
      }
      assertEquals((await sh(spawner, "echo $A $B $C")).stdout, "é b\n");
    });
    await test.step("is heard to its end by a process that stalls meanwhile", async () => {
      const script = "sleep 0.1; head -c 50000 /dev/zero";
      const { returncode, stdout } = await sh(spawner, script, 1_000);
      assertEquals([returncode, stdout.length], [0, 50_000]);
    });
    await test.step("can write more than a pipe holds, at once and after a while", async () => {
      const script = "head -c 300000 /dev/zero; sleep 0.05; head -c 300000 /dev/zero >&2; kill $$";
      const { returncode, stdout, stderr } = await sh(spawner, script);
      assertEquals([returncode, stdout.length, stderr.length], [-15, 300_000, 300_000]);
    });
    await test.step("may close its output long before it ends", async () => {
      const script = "echo a; exec >&- 2>&-; sleep 0.05; exit 4";
      assertEquals(await sh(spawner, script), { returncode: 4, stdout: "a\n", stderr: "" });
    });
    await test.step("does not wait for what has left its group and holds its output", async () => {
      const script = `file=$(mktemp); setsid sh -c "echo \\$\\$ > $file; exec sleep 100" &
        while [ ! -s $file ]; do sleep 0.01; done; cat $file; rm $file; exit 5`;
      const { returncode, stdout } = await sh(spawner, script);
      assertEquals(returncode, 5);
      assertMatch(stdout, /^\d+\n$/);
      Deno.kill(Number(stdout), "SIGKILL");
    });
    await test.step({
      name: "is bound where that is asked for, and none that starts at the same time",
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        const affinity = ThreadAffinity.open()!;
        const all = allowedCpus();
        const last = all.at(-1)!;
        const cpus = async (binding?: Binding): Promise<number[]> => {
          const script = "grep Cpus_allowed_list /proc/self/status | cut -f2";
          return readCpuList((await sh(spawner, script, 0, { binding })).stdout);
        };
        const bind: Binding = (start) => affinity.during([last], start);
        const found = await Promise.all([cpus(), cpus(bind), cpus(), cpus(bind), cpus()]);
        assertEquals(found, [all, [last], all, [last], all]);
        affinity.close();
      },
    });
    await test.step("is refused when it cannot be loaded", async () => {
      assertTrue(spawner.isExecutable("/bin/sh") && !spawner.isExecutable("/etc/passwd"));
      const command = { file: "/bin/sh", words: ["sh"], folder: "/none", variables: {} };
      await assertRejects(() => spawner.start(command, () => {}), /no such|cwd|not found/i);
    });
    spawner.close();
  });
}

Deno.test("commands that end before their start is told leave nothing that keeps this process", {
  ignore: Deno.build.os !== "linux",
  sanitizeOps: true,
  sanitizeResources: true,
}, async () => {
  const spawner = NativeSpawner.open(ENVIRONMENT)!;
  const line = { file: "/bin/true", words: ["true"], folder: "/", variables: {} };
  for (let count = 0; count < 50; count++) {
    const starting = spawner.start(line, () => {});
    // Long enough for it to end, with nobody to hear of it.
    for (const until = performance.now() + 5; performance.now() < until;);
    const command = await starting;
    await command.exited;
    await command.drained();
  }
  spawner.close();
});
