/**
 * An agent with a pool of managers and one block, for tests that kill it. Arguments: the folder
 * `~/.funcx`, its profile as JSON, and the block's folder.
 */
import { FuncxHome } from "../../../contract/home_folder.ts";
import { CONNECTION_FILE } from "../../../contract/manager_connection.ts";
import { readIfPresent } from "../../../lib/files.ts";
import { join } from "../../../lib/path.ts";
import type { ResolvedProfile } from "../../../profile/schema.ts";
import { serveAgent } from "../../agent.ts";
import { startManagerPool } from "../start_manager_pool.ts";

const [root, profile, folder] = Deno.args;

Deno.exit(
  await serveAgent({
    home: new FuncxHome(root!),
    name: "default",
    profile: JSON.parse(profile!) as ResolvedProfile,
    signal: new AbortController().signal,
  }, async (options) => {
    const access = await startManagerPool({ ...options, heartbeatInterval: 1_500 });
    const isKnown = readIfPresent(join(folder!, CONNECTION_FILE)) !== undefined;
    if (!isKnown) access.open("block-1", folder!, 2);
    return { executor: access.pool, relay: access.relay };
  }),
);
