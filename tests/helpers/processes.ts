/**
 * The processes that a test has started, however far removed: each has the test's folder in its
 * environment or its command line, or works in it, or has a file of it open.
 */

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** Words of the command line. */
  readonly command: readonly string[];
}

/** Living processes that have to do with `folder`; found on Linux only, none elsewhere. */
export function processesOf(folder: string): ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (const pid of pids()) {
    const command = readProc(pid, "cmdline") ?? "";
    const environ = readProc(pid, "environ") ?? "";
    const traces = [command, environ, workingFolder(pid)];
    // A program that gives itself a title writes it over its environment.
    if (!environ.includes("=")) traces.push(...openFiles(pid));
    if (traces.some((trace) => trace?.includes(folder))) {
      const stat = readProc(pid, "stat") ?? "";
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === undefined || state === "Z" || state === "X" || state === "") continue;
      found.push({ pid, parent: Number(parent), command: command.split("\0") });
    }
  }
  return found;
}

/** Sends a signal; a process that is gone is fine. */
export function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/** Bytes of resident memory. */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, "status") ?? "")?.[1];
  return Number(kilobytes ?? Number.NaN) * 1024;
}

/** Seconds of processor time that the process has used since its start. */
export function processorTime(pid: number): number {
  const stat = readProc(pid, "stat") ?? "";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // utime and stime are fields 14 and 15, in ticks of which every Linux has 100 a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function pids(): number[] {
  try {
    return [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name))
      .filter((pid) => Number.isInteger(pid) && pid !== Deno.pid);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

function workingFolder(pid: number): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function openFiles(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return [...Deno.readDirSync(folder)].map(({ name }) => Deno.readLinkSync(`${folder}/${name}`));
  } catch {
    return [];
  }
}

/** Undefined when the process has ended, or is not ours to look into. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
