/** How a manager is started on a node of a block: this program again. */
import { executablePath, programForm, selfCommand } from "../../lib/program.ts";

/**
 * @param connectionFile what tells it where its agent is; absolute, and seen by the node
 * @param walltime of its block, seconds
 */
export function managerCommand(connectionFile: string, walltime: number): string[] {
  const args = ["manager", "--connection", connectionFile, "--walltime", String(walltime)];
  // The file that the user has, and not what it was unpacked to: a node may have other caches.
  return programForm() === "source" ? selfCommand(args) : [executablePath(), ...args];
}
