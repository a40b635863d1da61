/**
 * A manager's folder on its node, for results and arguments that are files: 0700, removed at the end.
 * One whose process is gone is removed by the next manager of the user on the node, which also ends
 * what that one's tasks have left running.
 */
import { ensurePrivateFolder, readIfPresent, writePrivateFile } from "../../lib/files.ts";
import { logger } from "../../lib/log.ts";
import { messageOf } from "../../lib/outcome.ts";
import { join } from "../../lib/path.ts";
import { ownIdentity, type ProcessIdentity, standingOf } from "../../lib/process_identity.ts";
import { killLeftovers } from "../executor/leftovers.ts";

const log = logger("manager");

const IDENTITY = "process.json";

/** Where managers of this user have their folders: below `TMPDIR`, which is a node's own disk. */
export function nodeFolder(env: (name: string) => string | undefined): string {
  return join(env("TMPDIR") || "/tmp", `funcx-managers-${Deno.uid() ?? "user"}`);
}

/** @returns the manager's folder, absolute. Throws the system's error, or `UnsafeFolderError`. */
export function makeNodeFolder(parent: string, managerId: string): string {
  ensurePrivateFolder(parent);
  removeLeft(parent);
  const folder = join(parent, managerId);
  ensurePrivateFolder(folder);
  writePrivateFile(join(folder, IDENTITY), JSON.stringify(ownIdentity()));
  return folder;
}

function removeLeft(parent: string): void {
  for (const { name } of Deno.readDirSync(parent)) {
    const folder = join(parent, name);
    try {
      if (!isLeft(folder)) continue;
      const killed = killLeftovers(name);
      Deno.removeSync(folder, { recursive: true });
      log.warning("removed {folder}, whose manager is gone", { folder, killed });
    } catch (thrown) {
      log.warning("{folder} stays: {reason}", { folder, reason: messageOf(thrown) });
    }
  }
}

/** One without a name is just being made. */
function isLeft(folder: string): boolean {
  const text = readIfPresent(join(folder, IDENTITY));
  return text !== undefined && standingOf(JSON.parse(text) as ProcessIdentity) === "gone";
}
