/** The order of a machine's processors in which neighbours share as much as they can. */
import { readCpuList } from "../../../lib/cpu_list.ts";
import { readIfPresent } from "../../../lib/files.ts";
import { join } from "../../../lib/path.ts";

/** Processors that this process may run on, by its affinity and its cgroup; none where nothing says. */
export function allowedCpus(root = "/"): number[] {
  const status = read(join(root, "proc/self/status"));
  return readCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "");
}

/**
 * By NUMA node, then by core, so that the threads of a core stand beside each other. What the system
 * does not tell is taken as one node, and as cores of one thread.
 * @param root stands for `/` in tests
 */
export function inNumaOrder(cpus: readonly number[], root = "/"): number[] {
  const nodes = nodeOfEachCpu(root);
  return cpus
    .map((cpu) => [nodes.get(cpu) ?? 0, firstThread(cpu, root), cpu] as const)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
    .map(([, , cpu]) => cpu);
}

function nodeOfEachCpu(root: string): Map<number, number> {
  const folder = join(root, "sys/devices/system/node");
  const nodes = new Map<number, number>();
  for (const name of names(folder)) {
    const node = /^node(\d+)$/.exec(name)?.[1];
    if (node === undefined) continue;
    for (const cpu of readCpuList(read(join(folder, name, "cpulist")))) {
      nodes.set(cpu, Number(node));
    }
  }
  return nodes;
}

/** The lowest number among the threads of its core. */
function firstThread(cpu: number, root: string): number {
  const file = join(root, `sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`);
  return Math.min(cpu, ...readCpuList(read(file)));
}

function names(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Some containers hide a part of these files. */
function read(file: string): string {
  try {
    return readIfPresent(file) ?? "";
  } catch {
    return "";
  }
}
