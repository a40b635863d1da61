/** Starts the manager of this machine. */
import { logger } from "../../lib/log.ts";
import { join } from "../../lib/path.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import type { Executor, ExecutorEvents } from "./executor.ts";
import { killLeftovers } from "./leftovers.ts";
import type { NodeExecutorOptions } from "./node_executor.ts";
import { ARGUMENT_FOLDER, RESULT_FOLDER } from "../result_folder.ts";
import { LocalNode } from "../parallel/local_node.ts";
import { containerFolder } from "./containers/container_folder.ts";
import { slotPlacements } from "./resources/slot_placements.ts";
import { availableRuntimes, detectRuntimes, managerIdOf } from "./runtime_set.ts";
import { RUNTIMES } from "./runtimes/runtime.ts";

const log = logger("executor");

export interface LocalExecutorOptions {
  readonly executor: ResolvedExecutor;
  readonly events: ExecutorEvents;
  /** Absolute; its path tells this manager's processes from those of others. */
  readonly stateDir: string;
  /** Starts a TypeScript worker; this program's hidden command `worker` unless replaced. */
  readonly workerCommand?: readonly string[];
}

/** Takes tasks; rejects as `prepareLocalNode` does. */
export async function startLocalExecutor(options: LocalExecutorOptions): Promise<Executor> {
  return new LocalNode(await prepareLocalNode(options));
}

/**
 * Finds the runtimes that work here, and ends what an agent that was killed has left behind. Rejects
 * with the system's error when the working folder cannot be made.
 */
export async function prepareLocalNode(
  options: LocalExecutorOptions,
): Promise<NodeExecutorOptions> {
  const { executor, events, stateDir, workerCommand } = options;
  Deno.mkdirSync(executor.workingFolder, { recursive: true, mode: 0o700 });
  const managerId = managerIdOf(stateDir);
  const killed = killLeftovers(managerId);
  if (killed.length > 0) log.warn("killed what an earlier agent left: {killed}", { killed });
  const resultFolder = join(stateDir, ...RESULT_FOLDER);
  Deno.mkdirSync(resultFolder, { recursive: true, mode: 0o700 });
  const containerFolders = {
    own: containerFolder(managerId),
    results: resultFolder,
    arguments: join(stateDir, ...ARGUMENT_FOLDER),
  };
  const runtimes = await detectRuntimes({ executor, managerId, containerFolders, workerCommand });
  const available = availableRuntimes(runtimes);
  for (const name of RUNTIMES) {
    const detected = runtimes[name];
    if (detected.kind === "missing" && !available.includes(name)) {
      log.info("no {name}: {reason}", { name, ...detected });
    }
  }
  return {
    executor,
    events,
    runtimes,
    placements: slotPlacements(executor),
    managerId,
    resultFolder,
    env: Deno.env.toObject(),
  };
}
