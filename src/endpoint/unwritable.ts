/** What a file or folder of the endpoint that cannot be written is told as. */
import { FuncxError } from "../contract/errors.ts";
import { isDiskFull } from "../lib/files.ts";
import { messageOf } from "../lib/outcome.ts";

/** `STORAGE_FULL` where room is all that is missing, which may be there later. */
export function unwritable(
  what: string,
  thrown: unknown,
  hint = "Check the folder's owner and the disk's room, or set stateDir in the profile.",
): FuncxError {
  return new FuncxError({
    code: isDiskFull(thrown) ? "STORAGE_FULL" : "DIRECTORY_UNUSABLE",
    message: `${what}: ${messageOf(thrown)}`,
    hint,
  }, { cause: thrown });
}
