/** Results that a worker was writing into files when it ended. */
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { join } from "../../lib/path.ts";

const log = logger("executor", "worker");

/** Removes what the worker has left; what it has named is whole, and somebody else's by now. */
export function removeUnfinished(folder: string, pid: number): void {
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.startsWith(`${pid}-`) || !name.endsWith(".part")) continue;
      Deno.removeSync(join(folder, name));
    }
  } catch (thrown) {
    log.warning("what worker {pid} has left in {folder} stays: {reason}", {
      pid,
      folder,
      reason: messageOf(thrown),
    });
  }
}
