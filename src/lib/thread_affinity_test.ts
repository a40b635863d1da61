import { assertEquals } from "./assert.ts";
import { readCpuList } from "./cpu_list.ts";
import { ThreadAffinity } from "./thread_affinity.ts";

const SCRIPT = "grep Cpus_allowed_list /proc/self/status | cut -f2";

async function cpusOf(child: Deno.ChildProcess): Promise<number[]> {
  return readCpuList(new TextDecoder().decode((await child.output()).stdout));
}

function start(): Deno.ChildProcess {
  return new Deno.Command("/bin/sh", { args: ["-c", SCRIPT], stdout: "piped" }).spawn();
}

Deno.test("children that are started meanwhile are bound, later ones are not", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const affinity = ThreadAffinity.open()!;
  const all = await cpusOf(start());
  const last = all.at(-1)!;
  const bound = affinity.during([last], start);
  const free = start();
  assertEquals(await cpusOf(bound), [last]);
  assertEquals(await cpusOf(free), all);
  // None of which is there.
  assertEquals(await cpusOf(affinity.during([8_000, 100_000], start)), all);
  affinity.close();
});

Deno.test("a start that fails leaves this thread as it was", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const affinity = ThreadAffinity.open()!;
  const all = await cpusOf(start());
  let thrown: unknown;
  try {
    affinity.during([all[0]!], () => {
      throw new Error("no");
    });
  } catch (error) {
    thrown = error;
  }
  assertEquals((thrown as Error).message, "no");
  assertEquals(await cpusOf(start()), all);
  affinity.close();
});
