/**
 * `deno task test:containers`: tasks in real containers, of podman, Charliecloud and Bubblewrap, which
 * take root and Debian's packages. The image is made of what this machine has.
 */
import { blobBuffer, filesBuffer } from "../../../src/contract/blob_reference.ts";
import { jsonBuffer, pack, withContainer } from "../../../src/contract/envelope.ts";
import {
  errorOf,
  Harness,
  isAlive,
  python,
  shell,
  stdoutOf,
  valueOf,
} from "../../../src/endpoint/executor/testing/harness.ts";
import { PoolStage } from "../../../src/endpoint/managers/testing/pool_stage.ts";
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { messageOf } from "../../../src/lib/outcome.ts";
import { fromFileUrl, join } from "../../../src/lib/path.ts";
import type { ResolvedContainer } from "../../../src/profile/container.ts";
import { capture } from "../../../scripts/build/command.ts";
import { until } from "../../helpers/until.ts";

const SCRIPT = fromFileUrl(new URL("image.sh", import.meta.url));
const IMAGE = "localhost/funcx-test-image:1";
/** What works inside a container too: without control groups, raised limits and network. */
const PODMAN_OPTIONS = [
  "--runtime=runc",
  "--network=none",
  "--ulimit=nofile=1024:1024",
  "--ulimit=nproc=1024:1024",
];

/** ch-run(1) asks for the name of the user. */
const environment = { USER: "root", SETTING: "a value" };

const folder = Deno.makeTempDirSync({ prefix: "funcx-image-" });
const root = join(folder, "root");
const obstacle = await prepare();
if (obstacle !== undefined) console.log(`There can be no containers here: ${obstacle}`);

/** Why there can be none; undefined when there can. */
async function prepare(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "it takes root on Linux";
  try {
    await capture(SCRIPT, ["install"]);
    await capture(SCRIPT, ["rootfs", root]);
    const archive = join(folder, "root.tar");
    await capture("tar", ["-C", root, "-cf", archive, "."]);
    await capture("podman", ["import", archive, IMAGE]);
    await capture("podman", ["run", "--rm", ...PODMAN_OPTIONS, IMAGE, "/bin/true"]);
    await capture("ch-run", [root, "--", "/bin/true"], { env: environment });
    await capture("bwrap", [
      "--unshare-pid",
      "--ro-bind",
      root,
      "/",
      "--proc",
      "/proc",
      "/bin/true",
    ]);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown).split("\n").at(-1);
  }
}

Deno.test.afterAll(async () => {
  if (obstacle === undefined) await capture("podman", ["rmi", "--force", IMAGE]);
  Deno.removeSync(folder, { recursive: true });
});

function container(changes: Partial<ResolvedContainer>): ResolvedContainer {
  return {
    type: "podman",
    image: IMAGE,
    options: [],
    command: [],
    mount: [],
    allow: [],
    ...changes,
  };
}

const PROGRAMS: Readonly<Record<string, ResolvedContainer>> = {
  podman: container({ options: PODMAN_OPTIONS }),
  charliecloud: container({ type: "charliecloud", image: root }),
  bubblewrap: container({
    type: "custom",
    image: root,
    options: ["--unshare-pid", "--die-with-parent"],
    command: [
      ..."bwrap --ro-bind {image} / --dev /dev --proc /proc --tmpfs /tmp".split(" "),
      ..."{mounts} {options} {command}".split(" "),
    ],
    mount: ["--bind", "{folder}", "{folder}"],
  }),
};

/** Those of these tests. */
async function podmanContainers(): Promise<string[]> {
  const listed = await capture("podman", ["ps", "--all", "--quiet", `--filter=ancestor=${IMAGE}`]);
  return listed.split("\n").filter((line) => line !== "");
}

for (const [name, settings] of Object.entries(PROGRAMS)) {
  const start = (changes: Parameters<typeof Harness.start>[0] = {}): Promise<Harness> =>
    Harness.start({ container: settings, environment, ...changes });

  containerTest(`${name}: what runs inside is bound to the cores of its worker`, async () => {
    const slot = { cores: 1, memory: null, accelerators: 0, cpuAffinity: "block" } as const;
    await using harness = await start({ workersPerNode: 1, slot });
    const code = python("def f():\n  import os\n  return len(os.sched_getaffinity(0))");
    assertEquals(valueOf(await harness.run({ code })), 1);
    const command = shell("/bin/busybox grep Cpus_allowed_list /proc/self/status");
    assertMatch(stdoutOf(await harness.run({ code: command })), /^Cpus_allowed_list:\s+\d+\n$/);
  });

  containerTest(
    `${name}: functions run in the image, with what they need and nothing else`,
    async () => {
      await using harness = await start();
      const look = python(`
def f(path):
    import os, sys
    print("printed")
    open("written", "w").close()
    return [os.path.exists(path), os.path.exists("/bin/busybox"), os.environ["SETTING"], os.getpid()]
`.trim());
      const outside = "/etc/os-release";
      assertTrue(Deno.statSync(outside).size > 0);
      const first = await harness.run({ code: look, args: [outside] });
      const [sees, isInside, setting, pid] = valueOf(first) as unknown[];
      assertEquals([sees, isInside, setting], [false, true, "a value"]);
      assertEquals(stdoutOf(first), "printed\n");
      assertTrue(Deno.statSync(join(harness.folder, "tasks", "written")).isFile);
      const again = valueOf(await harness.run({ code: look, args: [outside] })) as unknown[];
      assertEquals(again[3], pid);
      const command = await harness.run({
        code: shell("cat {0} || echo none; echo $SETTING; pwd; exit 7"),
        args: [outside],
      });
      const { returncode, stdout } = valueOf(command) as { returncode: number; stdout: string };
      assertEquals(returncode, 7);
      assertEquals(stdout, `none\na value\n${join(harness.folder, "tasks")}\n`);
      const large = python("def f():\n  return 'x' * 2000000");
      assertEquals((valueOf(await harness.run({ code: large })) as string).length, 2_000_000);
    },
  );

  containerTest(`${name}: a cancel, a walltime and the end leave nothing`, async () => {
    const marker = `${600 + Math.floor(Math.random() * 1e6)}`;
    {
      await using harness = await start({ workersPerNode: 3 });
      const stubborn = python(
        "def f(seconds):\n  import os, signal, time\n  signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" +
          "  print('begun', flush=True)\n  os.system('sleep %s' % seconds)\n  time.sleep(600)",
      );
      const [task, command] = harness.give(
        { code: stubborn, args: [marker] },
        { code: shell("echo begun; sleep {0}; :"), args: [marker] },
      );
      harness.executor.follow(task!, true);
      harness.executor.follow(command!, true);
      await harness.until(() => new Set(harness.output.map(({ taskId }) => taskId)).size === 2);
      harness.executor.cancel([task!]);
      assertEquals((await harness.end(task!)).outcome.kind, "cancelled");
      const short = {
        code: shell("sleep {0}; :"),
        args: [marker],
        options: { walltime_seconds: 1 },
      };
      assertEquals(errorOf(await harness.run(short)).code, "WALLTIME_EXCEEDED");
    }
    assertEquals(sleeping(marker), []);
    assertEquals(await podmanContainers(), []);
  });

  containerTest(`${name}: what cannot be started is told with its own words`, async () => {
    const image = settings.type === "podman"
      ? "localhost/no-such-image:1"
      : `${folder}/no-such-image`;
    await using harness = await start({ container: { ...settings, image } });
    for (const code of [python("def f(): pass"), shell("true")]) {
      const error = errorOf(await harness.run({ code }));
      assertMatch(error.message, /^the container does not start .*no-such-image/);
      assertMatch(error.hint!, /^See that .*no-such-image:?1? is there/);
    }
  });
}

containerTest("an image without what is to run in it is told of", async () => {
  const runtimes = {
    typescript: null,
    python: { interpreter: "python9" },
    shell: { shell: "/bin/no-such-shell" },
  };
  for (const settings of Object.values(PROGRAMS)) {
    await using harness = await Harness.start({ container: settings, environment, runtimes });
    for (const code of [python("def f(): pass"), shell("true")]) {
      const error = errorOf(await harness.run({ code }));
      assertMatch(error.hint!, /^The image needs (python9|\/bin\/no-such-shell)/);
    }
  }
});

containerTest("large arguments reach a function inside, as values and as files", async () => {
  const settings = PROGRAMS.podman!;
  await using stage = await PoolStage.start({ executor: { container: settings, environment } });
  await stage.attached();
  const bytes = new TextEncoder().encode(jsonBuffer(["x".repeat(1_000_000)]));
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const path = join(stage.folder, "argument");
  Deno.writeFileSync(path, bytes);
  const reference = { sha256, size: bytes.length };
  const files = { value: [null], files: { "0": { ...reference, name: "data.json" } } };
  const [value, file] = stage.run(
    {
      code: python("def f(text):\n  return len(text)"),
      payload: pack([blobBuffer(reference), jsonBuffer({})]),
      blobs: { [sha256]: path },
    },
    {
      code: shell("cat {0} | wc -c"),
      payload: pack([filesBuffer(files), jsonBuffer({})]),
      blobs: { [`${sha256}/data.json`]: path },
    },
  );
  assertEquals(valueOf(await stage.end(value!)), 1_000_000);
  assertEquals(stdoutOf(await stage.end(file!)).trim(), String(bytes.length));
});

containerTest("nothing is left of a manager that was killed, once another one starts", async () => {
  const settings = { ...PROGRAMS.podman!, image: null, allow: ["localhost/*"] };
  await using stage = await PoolStage.start({ executor: { container: settings, environment } });
  const first = await stage.attached();
  const code = withContainer(shell("sleep 600; :"), IMAGE);
  const [task] = stage.run({ code, options: { max_attempts: 1 } });
  await until("a container", async () => (await podmanContainers()).length === 1);
  first.kill("SIGKILL");
  await first.status;
  await stage.end(task!);
  await stage.attached();
  assertEquals(await podmanContainers(), []);
});

function containerTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: obstacle !== undefined, fn });
}

/** Processes whose last word is that. */
function sleeping(word: string): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    if (!Number.isInteger(pid) || !isAlive(pid)) return false;
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").includes(word);
    } catch {
      return false;
    }
  });
}
