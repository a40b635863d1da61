/** Starts what runs tasks on the nodes of a cluster: managers in blocks, and the blocks themselves. */
import { wallClock } from "../lib/clock.ts";
import type { BlockProvider } from "../profile/resolved_provider.ts";
import type { ResolvedExecutor } from "../profile/schema.ts";
import type { StartWorkforce, Workforce } from "./agent.ts";
import { BlockKeeper } from "./blocks/block_keeper.ts";
import { workersFor } from "./executor/resources/slot_plan.ts";
import { startManagerPool } from "./managers/start_manager_pool.ts";
import { makeProvider } from "./providers/providers.ts";

/** Between two looks at which blocks there are and which are needed, milliseconds; asks nobody. */
const LOOK_INTERVAL = 500;

/** Throws `START_FAILED`, or the system's error when something cannot be kept on disk. */
export async function startCluster(
  { name, executor, events, stateDir }: Parameters<StartWorkforce>[0],
  settings: BlockProvider,
): Promise<Workforce> {
  const access = await startManagerPool({ executor, events, stateDir });
  const blocks = new BlockKeeper({
    provider: makeProvider(settings),
    settings,
    access,
    stateDir,
    name,
    workersPerNode: executor.workersPerNode,
    expectedWorkers: expectedWorkers(executor, settings),
    now: wallClock,
    repeat: (look) => {
      const timer = setInterval(look, LOOK_INTERVAL);
      return () => clearInterval(timer);
    },
  });
  return { executor: access.pool, blocks, relay: access.relay };
}

/** What `workersPerNode: "auto"` comes to on a node that is as the profile asks for it. */
function expectedWorkers({ slot }: ResolvedExecutor, settings: BlockProvider): number {
  if (!("node" in settings) || settings.node.cores === null) return 1;
  const { cores, memoryMebibytes, gpus } = settings.node;
  const memory = memoryMebibytes === null ? Infinity : memoryMebibytes * 1024 ** 2;
  return workersFor(slot, { cores, memory, accelerators: slot.accelerators === 0 ? 0 : gpus ?? 0 });
}
