/** Of what use a block is, from what its managers say. Pure. */
import type { ManagerStatus } from "../managers/manager_pool.ts";
import { type Load, workersNeeded } from "../providers/scaler.ts";

type Manager = Pick<ManagerStatus, "outlook" | "outstanding" | "hasWholeNodes">;

/** That of the manager with the best prospects; null where there is none. */
export function outlookOf(managers: readonly Manager[]): ManagerStatus["outlook"] | null {
  if (managers.length === 0) return null;
  const has = (outlook: ManagerStatus["outlook"]): boolean =>
    managers.some((manager) => manager.outlook === outlook);
  return has("open") ? "open" : has("short") ? "short" : "ending";
}

/**
 * How many workers all tasks need but those that run in blocks which take no more of them.
 * @param closed the managers of each such block
 */
export function workersWanted(load: Load, closed: readonly (readonly Manager[])[]): number {
  const { tasks, workersPerNode, nodesPerBlock } = load;
  let busy = 0;
  let elsewhere = tasks;
  for (const managers of closed) {
    const held = managers.reduce((sum, { outstanding }) => sum + outstanding, 0);
    elsewhere -= held;
    const isWhole = managers.some(({ hasWholeNodes }) => hasWholeNodes);
    busy += isWhole ? Math.max(held, workersPerNode * nodesPerBlock) : held;
  }
  return Math.max(0, elsewhere, workersNeeded(load) - busy);
}
