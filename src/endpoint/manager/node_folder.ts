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
import { workerEnvironment } from "../executor/worker_environment.ts";
import { containerFolder, removeContainerFolder } from "../executor/containers/container_folder.ts";
import { isEngine, removeLeftContainers } from "../executor/containers/left_containers.ts";
import { killLeftovers } from "../executor/leftovers.ts";

const log = logger("manager");

const IDENTITY = "process.json";
/** Names the program whose containers are no children of the manager. */
const ENGINE = "container-engine";

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
      const containers = removeContainers(folder, name);
      Deno.removeSync(folder, { recursive: true });
      log.warning("removed {folder}, whose manager is gone", { folder, killed, containers });
    } catch (thrown) {
      log.warning("{folder} stays: {reason}", { folder, reason: messageOf(thrown) });
    }
  }
}

/** For whoever finds the folder of this manager without it. */
export function noteEngine(folder: string, containerType: string | undefined): void {
  if (containerType === undefined || !isEngine(containerType)) return;
  writePrivateFile(join(folder, ENGINE), containerType);
}

function removeContainers(folder: string, managerId: string): string[] {
  removeContainerFolder(containerFolder(managerId));
  const engine = readIfPresent(join(folder, ENGINE));
  if (engine === undefined || !isEngine(engine)) return [];
  const inherited = Deno.env.toObject();
  const environment = workerEnvironment({ inherited, added: {}, managerId: "" });
  return removeLeftContainers(engine, managerId, environment);
}

/** One without a name is just being made. */
function isLeft(folder: string): boolean {
  const text = readIfPresent(join(folder, IDENTITY));
  return text !== undefined && standingOf(JSON.parse(text) as ProcessIdentity) === "gone";
}
