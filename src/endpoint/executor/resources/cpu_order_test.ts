import { assertEquals } from "../../../lib/assert.ts";
import { join } from "../../../lib/path.ts";
import { allowedCpus, inNumaOrder } from "./cpu_order.ts";

/** A folder that stands for `/`, with these files. */
class ScratchRoot implements Disposable {
  readonly path = Deno.makeTempDirSync();

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.path, name);
      Deno.mkdirSync(join(path, ".."), { recursive: true });
      Deno.writeTextFileSync(path, content);
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const CPU = "sys/devices/system/cpu/cpu";
const SIBLINGS = "topology/thread_siblings_list";

/** Two nodes of two cores with two threads each, numbered as Linux does: threads come last. */
const TWO_SOCKETS = {
  "sys/devices/system/node/node0/cpulist": "0-1,4-5\n",
  "sys/devices/system/node/node1/cpulist": "2-3,6-7\n",
  "sys/devices/system/node/possible": "0-1\n",
  ...Object.fromEntries(
    [0, 1, 2, 3].flatMap((core) =>
      [core, core + 4].map((cpu) => [`${CPU}${cpu}/${SIBLINGS}`, `${core},${core + 4}\n`])
    ),
  ),
};

Deno.test("threads of a core stand beside each other, and cores of a node", () => {
  using root = new ScratchRoot(TWO_SOCKETS);
  assertEquals(inNumaOrder([0, 1, 2, 3, 4, 5, 6, 7], root.path), [0, 4, 1, 5, 2, 6, 3, 7]);
  // A job that has a part of them.
  assertEquals(inNumaOrder([7, 3, 4, 1], root.path), [4, 1, 3, 7]);
});

Deno.test("nodes whose processors are interleaved are taken one after the other", () => {
  using root = new ScratchRoot({
    "sys/devices/system/node/node1/cpulist": "1,3\n",
    "sys/devices/system/node/node0/cpulist": "0,2\n",
    // One with memory only.
    "sys/devices/system/node/node2/cpulist": "\n",
  });
  assertEquals(inNumaOrder([0, 1, 2, 3], root.path), [0, 2, 1, 3]);
});

Deno.test("where the system tells nothing, processors are in the order of their numbers", () => {
  using root = new ScratchRoot({});
  assertEquals(inNumaOrder([3, 1, 2], root.path), [1, 2, 3]);
  assertEquals(allowedCpus(root.path), []);
});

Deno.test("the processors that this process may use are those of its status", () => {
  using root = new ScratchRoot({
    "proc/self/status": "Cpus_allowed:\tff0f\nCpus_allowed_list:\t0-3,8-10\nMems_allowed:\t1\n",
  });
  assertEquals(allowedCpus(root.path), [0, 1, 2, 3, 8, 9, 10]);
  const here = Deno.build.os === "linux" ? navigator.hardwareConcurrency : 0;
  assertEquals(allowedCpus().length >= here, true);
});
