/** Builds what an agent needs for managers on other nodes: credentials, listener, pool. */
import { FuncxError } from "../../contract/errors.ts";
import { MANAGER_HEARTBEAT_INTERVAL } from "../../contract/limits.ts";
import { AGENT_SERVER_NAME, type ManagerConnection } from "../../contract/manager_connection.ts";
import { logger } from "../../lib/log.ts";
import { ensurePrivateFolder } from "../../lib/files.ts";
import { messageOf } from "../../lib/outcome.ts";
import { join } from "../../lib/path.ts";
import type { LinkAddress } from "../../profile/manager_link.ts";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import type { Executor, ExecutorEvents } from "../executor/executor.ts";
import { RUNTIMES } from "../executor/runtimes/runtime.ts";
import { RelayDoor } from "../relay/relay_door.ts";
import { MANAGER_FOLDER } from "../cluster_folders.ts";
import { RESULT_FOLDER } from "../result_folder.ts";
import { type AddressChoice, chooseAddress } from "./addresses.ts";
import { greet } from "./greeting.ts";
import { KnownManagers } from "./known_managers.ts";
import { type LinkBlock, LinkFile, writeConnectionFile } from "./link_file.ts";
import { ManagerListener } from "./manager_listener.ts";
import { ManagerPool } from "./manager_pool.ts";

const log = logger("managers");

export interface ManagerPoolSettings {
  readonly executor: ResolvedExecutor;
  readonly events: ExecutorEvents;
  /** Absolute. */
  readonly stateDir: string;
  /** Milliseconds; for tests. */
  readonly heartbeatInterval?: number;
  readonly local?: Executor;
}

type Workers = ManagerConnection["workers"];

/** What the keeper of blocks does with the pool. */
export interface BlockAccess {
  readonly pool: ManagerPool;
  readonly address: AddressChoice & { readonly kind: "chosen" };
  readonly port: number;
  /** Where managers come by the service; it has to be started when the service is known. */
  readonly relay: RelayDoor | undefined;
  /**
   * Lets managers of the block in. @param folder absolute, where every node can read it
   * @returns the path of the connection file there. Throws the system's error.
   */
  open(blockId: string, folder: string, workers: Workers): string;
  /**
   * The block has ended: its token opens nothing any more, and its managers are gone.
   * @param planned why it was to end, where that was planned, in the words of a task's story
   */
  ended(blockId: string, reason: string, planned?: string): void;
}

/** Throws `START_FAILED` when it cannot be listened, or the system's error. */
export async function startManagerPool(settings: ManagerPoolSettings): Promise<BlockAccess> {
  const { stateDir, executor, events } = settings;
  const interval = settings.heartbeatInterval ?? MANAGER_HEARTBEAT_INTERVAL;
  const { link } = executor;
  const reattachTimeout = link.reattachSeconds * 1_000;
  const address = usableAddress(link.address);
  const file = await LinkFile.open(join(stateDir, MANAGER_FOLDER, "link.json"));
  const resultFolder = join(stateDir, ...RESULT_FOLDER);
  ensurePrivateFolder(resultFolder);
  const pool = new ManagerPool({
    events,
    local: settings.local,
    known: new KnownManagers(join(stateDir, MANAGER_FOLDER, "known.jsonl")),
    runtimes: RUNTIMES.filter((name) => executor.runtimes[name] !== null),
    resultFolder,
    reattachTimeout,
    returnTime: 2 * interval,
    walltime: executor.walltimeSeconds === null ? null : executor.walltimeSeconds * 1_000,
    blockWalltime: executor.provider.type === "local"
      ? null
      : executor.provider.blocks.walltimeSeconds * 1_000,
    nodesPerBlock: executor.provider.type === "local" ? 1 : executor.provider.blocks.nodesPerBlock,
    container: executor.container,
    closed: async () => {
      relay?.close();
      await listener.close();
    },
  });
  const listener = await ManagerListener.listen({
    hostnames: address.addresses,
    ports: portsToTry(file.port, link.portRange),
    credentials: file.credentials,
    tokenOf: (blockId) => file.tokenOf(blockId),
    opened: (socket, blockId) => {
      greet(socket, blockId, { pool, heartbeatInterval: interval, reattachTimeout });
    },
  });
  const { port } = listener;
  const addresses = listener.hostnames;
  log.info("managers are listened for on {addresses} port {port}: {reason}", {
    ...address,
    addresses,
    port,
  });
  const relay = address.route === "direct" ? undefined : new RelayDoor({
    port: () => port,
    moved: () => writeAll(),
  });
  const write = (blockId: string, { folder, token, relayToken, workers }: LinkBlock): string => {
    const place = relay?.managerPlace;
    return writeConnectionFile(folder, {
      version: 1,
      block_id: blockId,
      // The name of the certificate, which leads nowhere, while the service is not known.
      addresses: relay === undefined ? [...addresses] : [AGENT_SERVER_NAME],
      port,
      ...(place === undefined || relayToken === undefined
        ? {}
        : { relay: { ...place, token: relayToken } }),
      certificate: file.credentials.certificate,
      token,
      executor: { ...executor },
      workers,
      reattach_timeout: reattachTimeout,
    });
  };
  // Their managers dial where the last agent was, until they find this.
  const writeAll = (): void => {
    for (const [blockId, block] of file.blocks) {
      try {
        write(blockId, block);
      } catch (thrown) {
        const { folder } = block;
        log.error("{folder} cannot be written: {reason}", { folder, reason: messageOf(thrown) });
      }
    }
  };
  file.port = port;
  if (relay === undefined) writeAll();
  for (const [blockId, { relayToken }] of file.blocks) {
    if (relayToken !== undefined) relay?.open(blockId, relayToken);
  }
  return {
    pool,
    address,
    port,
    relay,
    open: (blockId, folder, workers) => {
      const block = file.addBlock(blockId, folder, workers);
      relay?.open(blockId, block.relayToken!);
      return write(blockId, block);
    },
    ended: (blockId, reason, planned) => {
      file.removeBlock(blockId);
      relay?.endBlock(blockId);
      pool.blockEnded(blockId, reason, planned);
    },
  };
}

function usableAddress(wanted: LinkAddress): AddressChoice & { readonly kind: "chosen" } {
  const choice = chooseAddress(wanted, Deno.networkInterfaces());
  if (choice.kind === "chosen") return choice;
  throw new FuncxError({
    code: "START_FAILED",
    message: `managers cannot reach this machine: ${choice.reason}`,
    hint: "Name an address or an interface in executor.address of the profile.",
  });
}

/** The last one first, so that managers need not look; pure. */
export function portsToTry(
  last: number | null,
  range: readonly [number, number] | null,
): readonly number[] {
  if (range === null) return last === null ? [0] : [last, 0];
  const [first, end] = range;
  const all = Array.from({ length: end - first + 1 }, (_, index) => first + index);
  const isUsable = last !== null && last >= first && last <= end;
  return isUsable ? [last, ...all.filter((port) => port !== last)] : all;
}
