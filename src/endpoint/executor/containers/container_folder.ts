/** Where a manager keeps what belongs to its containers. */
import { join } from "../../../lib/path.ts";

/**
 * Of the manager of this machine: not in its state folder, whose path may be too long for a socket, or
 * on a disk that has none.
 */
export function localContainerFolder(managerId: string): string {
  const parent = Deno.env.get("TMPDIR") || "/tmp";
  return join(parent, `funcx-containers-${Deno.uid() ?? "user"}-${managerId.slice(0, 16)}`);
}
