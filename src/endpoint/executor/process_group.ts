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
  while (signalGroup(leader, 0) && performance.now() < deadline) await delay(LOOK_INTERVAL);
  signalGroup(leader, "SIGKILL");
}
