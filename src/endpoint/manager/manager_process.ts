/**
 * The process that runs an agent's tasks on another node: the manager as an agent has it for its own
 * machine, at the other end of a link.
 */
import type { ExitCode } from "../../contract/errors.ts";
import { newId } from "../../contract/ids.ts";
import { logger } from "../../lib/log.ts";
import { openLogFile } from "../../lib/log_file.ts";
import { dirname, join, resolve } from "../../lib/path.ts";
import { VERSION } from "../../lib/version.ts";
import { readConnection } from "./block_connection.ts";
import { ManagerNode, type ManagerProcessOptions } from "./manager_node.ts";
import { makeNodeFolder, nodeFolder } from "./node_folder.ts";

const log = logger("manager");

/** Runs until its agent, its block's walltime, a signal or a long silence ends it. */
export async function runManagerProcess(options: ManagerProcessOptions): Promise<ExitCode> {
  const connectionFile = resolve(options.connectionFile);
  const connection = readConnection(connectionFile);
  const managerId = newId();
  await using open = new AsyncDisposableStack();
  const logFile = join(
    dirname(connectionFile),
    "logs",
    `manager-${Deno.hostname()}-${managerId}.log`,
  );
  open.use(await openLogFile(logFile, "info"));
  const folder = makeNodeFolder(nodeFolder(options.env), managerId);
  open.defer(() => Deno.removeSync(folder, { recursive: true }));
  const node = await ManagerNode.start({
    ...options,
    connectionFile,
    connection,
    managerId,
    folder,
  });
  log.info("manager {managerId} of block {block} starts", {
    managerId,
    block: connection.block_id,
    pid: Deno.pid,
    version: VERSION,
  });
  return await node.run();
}
