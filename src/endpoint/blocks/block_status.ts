/** The blocks as `status` shows them. */
import type { BlockStatus, ClusterStatus } from "../../contract/control.ts";
import type { ManagerStatus } from "../managers/manager_pool.ts";
import { type Block, jobIdOf } from "./block.ts";
import type { BlockKeeper } from "./block_keeper.ts";

export function blockStatus(keeper: BlockKeeper): ClusterStatus {
  const managers = Map.groupBy(keeper.managers, ({ blockId }) => blockId);
  return {
    provider: keeper.scheduler.type,
    blocks: keeper.blocks.map((block) =>
      statusOf(block, managers.get(block.blockId) ?? [], keeper.walltime)
    ),
    last_answer: keeper.scheduler.answer,
    scheduler_commands: keeper.scheduler.commands,
  };
}

function statusOf(
  block: Block,
  managers: readonly ManagerStatus[],
  walltime: number,
): BlockStatus {
  const { state } = block;
  const since = state.kind === "running" ? state.since : null;
  return {
    block_id: block.blockId,
    job_id: jobIdOf(block),
    state: state.kind,
    reason: "reason" in state ? state.reason : "",
    submitted_at: block.submittedAt,
    running_since: since,
    ends_at: since === null ? null : since + walltime,
    ended_at: state.kind === "ended" ? state.at : null,
    nodes: state.kind === "running" ? [...state.nodes] : [],
    folder: block.folder,
    managers: managers.map(({ managerId, hostname, state, workers, idleWorkers, outstanding }) => ({
      manager_id: managerId,
      hostname,
      state,
      workers,
      idle_workers: idleWorkers,
      outstanding_tasks: outstanding,
    })),
  };
}
