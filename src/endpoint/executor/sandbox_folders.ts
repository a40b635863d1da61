/** An empty folder for each task, removed after it. */
import { join } from "../../lib/path.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { TaskAttempt } from "./executor.ts";

const log = logger("executor", "sandbox");

/** @returns the folder, which only this user can enter. Throws the system's error. */
export function makeSandbox(workingFolder: string, { taskId, attempt }: TaskAttempt): string {
  const folder = join(workingFolder, `task-${taskId}-${attempt}`);
  Deno.mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Never rejects: what cannot be removed is told in the log. */
export async function removeSandbox(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (thrown) {
    log.warn("cannot remove {folder}: {reason}", { folder, reason: messageOf(thrown) });
  }
}
