/** Processor time and memory of processes, as the kernel tells them. */

/** Kernel ticks a second, of which every Linux has 100 for programs. */
const TICKS = 100;

/** Seconds of processor time, user and system, of a process and of its children that have ended. */
export function processorSeconds(pid: number | "self"): number {
  const fields = statFields(pid);
  // utime, stime, cutime and cstime are fields 14 to 17; what is left begins with field 3.
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / TICKS;
}

/** The process and all that descend from it and live. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)[1]);
    children.set(parent, [...children.get(parent) ?? [], pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...children.get(pid) ?? []);
  return found;
}

/** What a thread used since it began. */
export interface ThreadUse {
  readonly thread: string;
  /** Of processor time. */
  readonly milliseconds: number;
  /** How often it got a processor. */
  readonly turns: number;
}

/** The threads of a process that live; empty when it is gone. */
export function threadUses(pid: number): ThreadUse[] {
  const folder = `/proc/${pid}/task`;
  return [...Deno.readDirSync(folder)].map(({ name }) => {
    const [nanoseconds, , turns] = read(`${folder}/${name}/schedstat`).split(" ").map(Number);
    return {
      thread: read(`${folder}/${name}/comm`).trim(),
      milliseconds: (nanoseconds ?? 0) / 1e6,
      turns: turns ?? 0,
    };
  });
}

/** Megabytes (10^6 bytes) of a process. */
export interface MemoryUse {
  readonly resident: number;
  /** With shared pages divided among those who share them. */
  readonly proportional: number;
  /** The highest resident memory of its life. */
  readonly peak: number;
}

/** Throws when the process is gone. */
export function memoryUse(pid: number): MemoryUse {
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return {
    resident: kilobytes(rollup, "Rss"),
    proportional: kilobytes(rollup, "Pss"),
    peak: kilobytes(status, "VmHWM"),
  };
}

/** Words of the command line; empty when the process is gone. */
export function commandLine(pid: number): string[] {
  return read(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * 1024 / 1e6;
}

/** From the state on; empty when the process is gone. */
function statFields(pid: number | "self"): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return "";
    // A process that ends while it is read.
    if (thrown instanceof Error && /ESRCH|No such process/.test(thrown.message)) return "";
    throw thrown;
  }
}
