/**
 * Ends tasks whose processes use more memory than they may. It looks once a second, only while a task
 * runs that has a limit. A limit by the system, RLIMIT_AS, counts addresses instead of memory: V8 and
 * CUDA take terabytes of those.
 */
import { readIfPresent } from "../../../lib/files.ts";
import type { Assignment } from "../assignment.ts";
import { runningProcesses } from "../process_group.ts";

const INTERVAL = 1_000;

export interface MemoryWatchOptions {
  /** Tasks that run, with the leader of each one's process group. */
  running(): Iterable<{ readonly assignment: Assignment; readonly pid: number | undefined }>;
  /** The task's processes use so many bytes. */
  exceeded(assignment: Assignment, bytes: number): void;
}

export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
  }

  /** A task that has a limit has begun. */
  watch(): void {
    if (!this.#isStopped) this.#timer ??= setTimeout(() => this.#look(), INTERVAL);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = undefined;
    const watched = [...this.#options.running()].flatMap(({ assignment, pid }) =>
      assignment.memory === null || pid === undefined ? [] : [{
        assignment,
        pid,
        limit: assignment.memory,
      }]
    );
    if (watched.length === 0) return;
    this.watch();
    const members = groupMembers(new Set(watched.map(({ pid }) => pid)));
    for (const { assignment, pid, limit } of watched) {
      const bytes = usedMemory(members.get(pid) ?? [], limit);
      if (bytes > limit && assignment.endReason === null) this.#options.exceeded(assignment, bytes);
    }
  }
}

/** Process ids by the leader of their group, or of their session. */
function groupMembers(leaders: ReadonlySet<number>): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (const { pid, group, session } of runningProcesses() ?? []) {
    const leader = leaders.has(group) ? group : session;
    if (!leaders.has(leader)) continue;
    const known = members.get(leader);
    if (known === undefined) members.set(leader, [pid]);
    else known.push(pid);
  }
  return members;
}

/**
 * Bytes. Processes that were forked share pages, which the resident size of each counts, so that what
 * seems to be too much is asked for again by shares, which takes the system longer.
 */
function usedMemory(pids: readonly number[], limit: number): number {
  const resident = sum(pids, (pid) => kibibytes(`/proc/${pid}/status`, /^VmRSS:\s*(\d+) kB$/m));
  if (resident <= limit) return resident;
  return sum(pids, (pid) =>
    kibibytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s*(\d+) kB$/m) ??
      kibibytes(`/proc/${pid}/status`, /^VmRSS:\s*(\d+) kB$/m));
}

function sum(pids: readonly number[], of: (pid: number) => number | undefined): number {
  return pids.reduce((total, pid) => total + (of(pid) ?? 0) * 1024, 0);
}

/** Undefined for a process that has ended, and for a file that this system does not have. */
function kibibytes(file: string, line: RegExp): number | undefined {
  try {
    const found = line.exec(readIfPresent(file) ?? "")?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
