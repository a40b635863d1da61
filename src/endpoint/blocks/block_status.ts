/** The blocks as `status` shows them. */
import type { BlockStatus, ClusterStatus } from "../../contract/control.ts";
import {
  MAX_BLOCK_NODES,
  MAX_PICTURE_BLOCKS,
  MAX_PICTURE_REASON,
  type PictureBlock,
} from "../../contract/protocol/machine_picture.ts";
import type { ManagerStatus } from "../managers/manager_pool.ts";
import { MAX_NAME_LENGTH } from "../../contract/limits.ts";
import { type Block, isLive, jobIdOf } from "./block.ts";
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
  return {
    ...factsOf(block, walltime),
    ended_at: state.kind === "ended" ? state.at : null,
    folder: block.folder,
    managers: managers.map((manager) => ({
      manager_id: manager.managerId,
      hostname: manager.hostname,
      state: manager.state,
      workers: manager.workers,
      idle_workers: manager.idleWorkers,
      outstanding_tasks: manager.outstanding,
      ...manager.hello.node,
    })),
  };
}

function factsOf(
  block: Block,
  walltime: number,
): Omit<BlockStatus, "ended_at" | "folder" | "managers"> {
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
    nodes: state.kind === "running" ? [...state.nodes] : [],
  };
}

/** The blocks for a picture, within its bounds whatever the scheduler has said. */
export function pictureOfBlocks(keeper: BlockKeeper): PictureBlock[] {
  const { blocks, walltime } = keeper;
  const ordered = [...blocks.filter(isLive), ...blocks.filter((block) => !isLive(block))];
  return ordered.slice(0, MAX_PICTURE_BLOCKS).map((block) => {
    const facts = factsOf(block, walltime);
    const nodes = facts.nodes.slice(0, MAX_BLOCK_NODES).map(bounded);
    return {
      ...facts,
      job_id: facts.job_id === null ? null : bounded(facts.job_id),
      reason: facts.reason.slice(0, MAX_PICTURE_REASON),
      nodes: nodes.length === 0 ? keeper.nodesPerBlock : nodes,
    };
  });
}

function bounded(name: string): string {
  return name.slice(0, MAX_NAME_LENGTH);
}
