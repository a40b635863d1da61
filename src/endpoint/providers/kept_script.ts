/** The script of a block is kept beside its output, for people and for `logs`. */
import { writePrivateFile } from "../../lib/files.ts";
import { messageOf, ok, retryable } from "../../lib/outcome.ts";
import { join } from "../../lib/path.ts";
import type { BlockRequest, SchedulerOutcome } from "./provider.ts";
import { unavailable } from "./scheduler_command.ts";
import { SCRIPT_FILE } from "./submit_script.ts";

/** The script's path; a full disk is a failure as of a scheduler that is away. */
export function keepScript({ folder }: BlockRequest, text: string): SchedulerOutcome<string> {
  const file = join(folder, SCRIPT_FILE);
  try {
    writePrivateFile(file, text);
    // Some commands of `exec` start it as it is.
    Deno.chmodSync(file, 0o700);
    return ok(file);
  } catch (thrown) {
    return retryable(unavailable(`writing ${file}`, messageOf(thrown), false));
  }
}
