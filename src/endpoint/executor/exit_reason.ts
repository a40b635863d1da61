/** Why a process ended, in words, and whether its node may be ending. */
import { constants } from "node:os";
import { readIfPresent } from "../../lib/files.ts";

/** How a process ended; one of the two is null. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** "exit status 3" or "signal SIGSEGV". */
export function exitText({ code, signal }: ProcessExit): string {
  return signal === null ? `exit status ${code}` : `signal ${signal}`;
}

/**
 * What schedulers send to all processes of a job that is to end, managers and tasks alike; the last two
 * some time before, where they are asked to.
 */
export const JOB_END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

const JOB_END_NUMBERS: ReadonlySet<number> = new Set(
  JOB_END_SIGNALS.map((name) => constants.signals[name]),
);

/** Shells and container programs end with this and the number of the signal that ended their child. */
const SIGNAL_STATUS = 128;

export function isJobEndSignal(name: string | null): boolean {
  return JOB_END_SIGNALS.some((each) => each === name);
}

/** @param returncode of a command; minus the number of the signal that ended it */
export function isJobEndCode(returncode: number): boolean {
  return JOB_END_NUMBERS.has(-returncode) || JOB_END_NUMBERS.has(returncode - SIGNAL_STATUS);
}

/** Exit status of `python_worker/worker.py`. */
const DESCRIPTORS_CLOSED = 113;

const OUT_OF_MEMORY = /out of memory|cannot allocate memory|bad_alloc|MemoryError/i;

const MEMORY_HINT = "Let the task use less memory, run fewer workers on the node, or raise the " +
  "memory limit of the session or job.";

/**
 * What a user can do about it.
 * @param oomKills how many processes the kernel killed for want of memory while this one ran
 * @param lastWords the end of its stderr
 */
export function exitHint(exit: ProcessExit, oomKills: number, lastWords: string): string {
  if (oomKills > 0 && exit.signal === "SIGKILL") {
    return `The system killed it because it ran out of memory. ${MEMORY_HINT}`;
  }
  if (exit.signal === "SIGKILL") {
    return `Something killed it, most often the system when memory runs out. ${MEMORY_HINT}`;
  }
  if (OUT_OF_MEMORY.test(lastWords)) return `It ran out of memory. ${MEMORY_HINT}`;
  if (exit.code === DESCRIPTORS_CLOSED) {
    return "The function closed descriptors that its worker needs, as os.closerange(3, …) does: " +
      "close only what it has opened itself.";
  }
  switch (exit.signal) {
    case null:
      return "The function, or a library it calls, ended the process; see the task's stderr.";
    case "SIGSEGV":
    case "SIGBUS":
    case "SIGILL":
    case "SIGFPE":
    case "SIGABRT":
    case "SIGTRAP":
      return "A library that the function calls, or that reads its arguments, has crashed, or it " +
        "recursed deeper than its stack (sys.setrecursionlimit); see the task's stderr.";
    case "SIGXCPU":
      return "It used up the processor time that this session or job may use.";
    default:
      return "The function, an administrator or the system sent it this signal.";
  }
}

/** Processes that the kernel has killed for want of memory since boot; 0 where it does not say. */
export function oomKillCount(): number {
  const count = /^oom_kill (\d+)$/m.exec(vmstat())?.[1];
  return count === undefined ? 0 : Number(count);
}

function vmstat(): string {
  try {
    return readIfPresent("/proc/vmstat") ?? "";
  } catch {
    return "";
  }
}
