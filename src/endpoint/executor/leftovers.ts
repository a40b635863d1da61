/**
 * Processes of workers that outlived what should have ended them: of an agent that was killed, or
 * ones that left their process group. All carry the manager's id in their environment.
 */
import process from "node:process";
import { delay } from "../../lib/async.ts";
import { isWithin, MANAGER_VARIABLE } from "./worker_environment.ts";

/** Between looking for what is left, milliseconds, and how often: then it is the system that keeps it. */
const LOOK_AGAIN = 10;
const MAX_LOOKS = 200;

/** Resolves when none is left: one that is killed takes a moment to go, and may have started another. */
export async function endLeftovers(managerId: string): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    if (killLeftovers(managerId).length === 0) return;
    await delay(LOOK_AGAIN);
  }
}

/**
 * Kills them, also of parts of the manager; @returns their process ids. Knows how to find them where
 * there is `/proc`.
 */
export function killLeftovers(managerId: string): number[] {
  // Started from a task of its own: whoever restarts the endpoint there would be among them.
  if (isWithin(process.env[MANAGER_VARIABLE], managerId)) return [];
  const found = processIds().filter((pid) => pid !== process.pid && belongs(pid, managerId));
  for (const pid of found) kill(pid);
  return found;
}

function processIds(): number[] {
  try {
    return [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter(
      Number.isInteger,
    );
  } catch {
    return [];
  }
}

function belongs(pid: number, managerId: string): boolean {
  try {
    const environment = Deno.readTextFileSync(`/proc/${pid}/environ`);
    const own = environment.split("\0").find((each) => each.startsWith(`${MANAGER_VARIABLE}=`));
    return isWithin(own?.slice(MANAGER_VARIABLE.length + 1), managerId);
  } catch {
    // Of another user, or gone.
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone in the meantime.
  }
}
