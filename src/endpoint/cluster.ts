/** Starts what runs tasks on the nodes of a cluster: managers in blocks, and the blocks themselves. */
import { FuncxError } from "../contract/errors.ts";
import { wallClock } from "../lib/clock.ts";
import type { LinkAddress } from "../profile/manager_link.ts";
import type { BlockProvider } from "../profile/resolved_provider.ts";
import type { StartWorkforce, Workforce } from "./agent.ts";
import { BlockKeeper } from "./blocks/block_keeper.ts";
import { startManagerPool } from "./managers/start_manager_pool.ts";
import { makeProvider } from "./providers/providers.ts";

/** Throws `START_FAILED`, or the system's error when something cannot be kept on disk. */
export async function startCluster(
  { name, executor, events, stateDir }: Parameters<StartWorkforce>[0],
  settings: BlockProvider,
): Promise<Workforce> {
  const { link, hasWorkerPerCore, workersPerNode } = executor;
  const access = await startManagerPool({
    executor,
    events,
    stateDir,
    address: listeningAddress(link.address),
    portRange: link.portRange,
    reattachTimeout: link.reattachSeconds * 1_000,
  });
  const blocks = new BlockKeeper({
    provider: makeProvider(settings),
    settings,
    access,
    stateDir,
    name,
    workersPerNode: hasWorkerPerCore ? "auto" : workersPerNode,
    expectedWorkers: "node" in settings ? settings.node.cores ?? 1 : 1,
    now: wallClock,
  });
  return { executor: access.pool, blocks };
}

function listeningAddress(address: LinkAddress): string {
  switch (address.kind) {
    case "auto":
      return "auto";
    case "address":
      return address.address;
    case "interface":
      return address.name;
    case "service":
      throw new FuncxError({
        code: "START_FAILED",
        message: 'executor.address is "service", and this version cannot pass managers on',
        hint: 'Write address: "auto", or an interface that the nodes can reach.',
      });
  }
}
