/** What a provider is asked for: the block of a profile. */
import { CONNECTION_FILE } from "../../contract/manager_connection.ts";
import { join } from "../../lib/path.ts";
import type { BlockProvider } from "../../profile/resolved_provider.ts";
import { BLOCK_FOLDER } from "../cluster_folders.ts";
import { managerCommand } from "./manager_command.ts";
import type { BlockRequest } from "./provider.ts";

export interface BlockOptions {
  /** Of the endpoint. */
  readonly name: string;
  /** Absolute. */
  readonly stateDir: string;
  readonly blockId: string;
  readonly provider: BlockProvider;
}

/** Pure; makes no folder. */
export function blockRequest({ name, stateDir, blockId, provider }: BlockOptions): BlockRequest {
  const folder = join(stateDir, BLOCK_FOLDER, blockId);
  const connectionFile = join(folder, CONNECTION_FILE);
  return {
    blockId,
    name: `funcx-${name}`,
    folder,
    nodes: provider.blocks.nodesPerBlock,
    manager: managerCommand(connectionFile, provider.blocks.walltimeSeconds),
    files: [connectionFile],
  };
}
