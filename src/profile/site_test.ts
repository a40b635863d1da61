import { assertEquals, assertTrue } from "../lib/assert.ts";
import { join } from "../lib/path.ts";
import { findAccelerators } from "./accelerators.ts";
import { limitFiles, usableMemory } from "./memory.ts";
import { findProgram, findSchedulers } from "./schedulers.ts";
import { siteFacts } from "./site.ts";
import { environment } from "./testing/scratch_home.ts";

class ScratchFolder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  file(name: string, content = "", mode = 0o644): void {
    const path = join(this.path, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeTextFileSync(path, content, { mode });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function schedulersWith(programs: readonly string[], env: Record<string, string> = {}): string[] {
  using folder = new ScratchFolder();
  for (const program of programs) folder.file(program, "", 0o755);
  return findSchedulers(environment({ PATH: `/nonexistent::${folder.path}`, ...env }));
}

Deno.test("schedulers are known by their programs on PATH", () => {
  assertEquals(schedulersWith([]), []);
  assertEquals(schedulersWith(["sbatch"]), ["slurm"]);
  assertEquals(schedulersWith(["bsub", "condor_submit"]), ["lsf", "htcondor"]);
  assertEquals(schedulersWith(["kubectl"]), ["kubernetes"]);
});

Deno.test("the qsub of PBS and that of Grid Engine are told apart", () => {
  assertEquals(schedulersWith(["qsub"]), ["pbs"]);
  assertEquals(schedulersWith(["qsub", "qconf"]), ["sge"]);
  assertEquals(schedulersWith(["qsub"], { SGE_ROOT: "/opt/sge" }), ["sge"]);
});

Deno.test("a file that cannot be executed is no program", () => {
  using folder = new ScratchFolder();
  folder.file("sbatch");
  Deno.mkdirSync(join(folder.path, "bsub"));
  const env = environment({ PATH: folder.path });
  assertEquals(findProgram("sbatch", env), undefined);
  assertEquals(findProgram("bsub", env), undefined);
  assertEquals(findProgram("sh", environment({ PATH: "/bin" })), "/bin/sh");
  assertEquals(findProgram("sh", environment({})), undefined);
});

Deno.test("accelerators are read from the files of their drivers", () => {
  using root = new ScratchFolder();
  assertEquals(findAccelerators(root.path), []);
  const nvidia = "proc/driver/nvidia/gpus";
  root.file(`${nvidia}/0000:3b:00.0/information`, "Model: \t\t NVIDIA A100\nIRQ: 1\n");
  root.file(`${nvidia}/0000:d8:00.0/information`, "Model: \t\t NVIDIA A100\n");
  const nodes = "sys/class/kfd/kfd/topology/nodes";
  root.file(`${nodes}/0/properties`, "cpu_cores_count 64\nsimd_count 0\n");
  root.file(`${nodes}/1/properties`, "cpu_cores_count 0\nsimd_count 440\n");
  root.file(`${nodes}/1/name`, "aldebaran\n");
  root.file("sys/class/drm/card0/device/vendor", "0x8086\n");
  root.file("sys/class/drm/card0/device/class", "0x030000\n");
  root.file("sys/class/drm/card1/device/vendor", "0x8086\n");
  root.file("sys/class/drm/card1/device/class", "0x038000\n");
  root.file("sys/class/drm/card1-DP-1/device/vendor", "0x8086\n");
  assertEquals(findAccelerators(root.path), [
    { vendor: "nvidia", model: "NVIDIA A100" },
    { vendor: "nvidia", model: "NVIDIA A100" },
    { vendor: "amd", model: "aldebaran" },
    { vendor: "intel", model: "" },
  ]);
});

Deno.test("limits of memory are looked for in a process's group and all around it", () => {
  assertEquals(limitFiles("0::/user.slice/job_7\n"), [
    "/sys/fs/cgroup/user.slice/job_7/memory.max",
    "/sys/fs/cgroup/user.slice/memory.max",
    "/sys/fs/cgroup/memory.max",
  ]);
  assertEquals(limitFiles("9:name=systemd:/\n4:memory,hugetlb:/slurm\n0::/\n"), [
    "/sys/fs/cgroup/memory/slurm/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory.max",
  ]);
  assertEquals(limitFiles("nonsense\n\n0:\n"), []);
});

Deno.test("the facts of this machine are plausible", () => {
  const facts = siteFacts("gpu", environment({ HOME: "/home/ada" }));
  assertEquals(facts.name, "gpu");
  assertEquals(facts.home, "/home/ada");
  assertTrue(facts.cores >= 1 && Number.isInteger(facts.cores));
  assertEquals(facts.memory, usableMemory());
  assertTrue(facts.memory > 0 && facts.memory <= Deno.systemMemoryInfo().total);
  assertTrue(facts.hostname !== "" && facts.user !== "");
});
