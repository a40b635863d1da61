/** Ending all processes that a worker or a shell command has started. */
import process from "node:process";
import { KILL_GRACE } from "../../contract/limits.ts";
import { delay, withTimeout } from "../../lib/async.ts";

/** Between two looks whether a group whose leader has ended is empty. */
const LOOK_INTERVAL = 10;

/** @returns whether there was a process in the group; signal 0 only asks. */
export function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL" | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    // No such group; or one that is no longer ours to signal.
    return false;
  }
}

/**
 * Asks the group to end, and kills what is left of it after `KILL_GRACE`. Resolves when nothing of
 * it is left, or nothing that a signal can reach.
 * @param exited settles when the leader has ended and was waited for
 */
export async function endGroup(leader: number, exited: Promise<unknown>): Promise<void> {
  const deadline = performance.now() + KILL_GRACE;
  if (!signalGroup(leader, "SIGTERM")) {
    // Gone; or so young that it has not made its group yet.
    await withTimeout(exited, LOOK_INTERVAL);
    signalGroup(leader, "SIGTERM");
  }
  if (await withTimeout(exited, KILL_GRACE) === "timeout") {
    signalGroup(leader, "SIGKILL");
    await exited;
  }
  await emptied(leader, deadline);
  if (signalGroup(leader, "SIGKILL")) await emptied(leader, performance.now() + KILL_GRACE);
}

/** Resolves when the group is empty, or at the deadline by `performance.now()`. */
async function emptied(leader: number, deadline: number): Promise<void> {
  while (hasLiveMember(leader) && performance.now() < deadline) await delay(LOOK_INTERVAL);
}

/** A group of zombies is gone too: in a container there may be nobody who waits for them. */
function hasLiveMember(leader: number): boolean {
  if (!signalGroup(leader, 0)) return false;
  const states = groupStates(leader);
  return states === null || states.some((state) => state !== "Z" && state !== "X");
}

/** One letter for each process of the group; null where the system does not tell. */
function groupStates(leader: number): string[] | null {
  const processes = runningProcesses();
  if (processes === null) return null;
  return processes.filter(({ group }) => group === leader).map(({ state }) => state);
}

export interface ProcessStat {
  readonly pid: number;
  /** One letter. */
  readonly state: string;
  /** Leader of its process group. */
  readonly group: number;
  /** Leader of its session. */
  readonly session: number;
}

/** All processes that can be seen; null where the system does not tell. */
export function runningProcesses(): ProcessStat[] | null {
  try {
    return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
      const stat = /^\d+$/.test(name) ? statOf(name) : null;
      return stat === null ? [] : [stat];
    });
  } catch {
    return null;
  }
}

function statOf(pid: string): ProcessStat | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The command, in parentheses, may hold anything.
    const [state, , group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pid: Number(pid), state: state!, group: Number(group), session: Number(session) };
  } catch {
    return null;
  }
}
