/** The daemon of one endpoint, as the command line sees it. */
import type { AgentStatus } from "../../contract/control.ts";
import type { FuncxHome } from "../../contract/home_folder.ts";
import { EndpointDir } from "../../endpoint/endpoint_dir.ts";
import { alreadyRunning } from "../../endpoint/lock.ts";
import { removeIfPresent } from "../../lib/files.ts";
import { dirname, join } from "../../lib/path.ts";
import { type ProcessIdentity, standingOf } from "../../lib/process_identity.ts";
import { lockHolder } from "../../lib/process_lock.ts";
import { loadProfile } from "../../profile/resolve.ts";
import type { CliContext } from "../context.ts";
import { agentStatus, controlSocket } from "../endpoints.ts";
import { stopDaemon } from "./stop.ts";

/** What `stop --json` gives. */
export interface StopResult {
  readonly name: string;
  /** False when it did not run. */
  readonly stopped: boolean;
  /** It did not react and was ended with SIGKILL. */
  readonly killed: boolean;
  readonly pid: number | null;
}

/**
 * Stops the endpoint's daemon and waits for its end.
 * @param timeout milliseconds that running tasks may take.
 */
export async function stopEndpoint(
  context: CliContext,
  name: string,
  timeout: number,
): Promise<StopResult> {
  const status = await agentStatus(context, name);
  const pid = status?.pid ?? holderHere(context.home, name)?.pid;
  if (pid === undefined) return { name, stopped: false, killed: false, pid: null };
  using progress = context.output.progress(`Stopping ${name}`);
  const how = await stopDaemon({
    socket: status === undefined ? undefined : controlSocket(context, name),
    pid,
    timeout,
    onStatus: (now) => progress.update(describeDrain(name, now as AgentStatus)),
  });
  return { name, stopped: true, killed: how === "killed", pid };
}

/**
 * The process of this host that holds the endpoint's lock. Throws `ALREADY_RUNNING` when one of
 * another host does, which nothing here can stop.
 */
function holderHere(home: FuncxHome, name: string): ProcessIdentity | undefined {
  const holder = lockHolder(home.agentLockFile(name));
  if (holder !== undefined && standingOf(holder) !== "alive") {
    throw alreadyRunning(home.agentLockFile(name), name, holder);
  }
  return holder;
}

function describeDrain(name: string, { load }: AgentStatus): string {
  const running = load.outstanding_tasks;
  if (running === 0) return `Stopping ${name}`;
  return `Stopping ${name}: ${running} running ${running === 1 ? "task" : "tasks"} may finish`;
}

/** Throws `ALREADY_RUNNING` that says where. */
export function assertNotRunning(home: FuncxHome, name: string): void {
  const holder = lockHolder(home.agentLockFile(name));
  if (holder !== undefined) throw alreadyRunning(home.agentLockFile(name), name, holder);
}

/** What the daemon prints, apart from its log; made afresh at each start. */
export function outputFile(home: FuncxHome, name: string): string {
  return join(home.endpointFolder(name), "logs", "agent.out");
}

/**
 * Removes what the endpoint has, which must not run: its folder, and spool, logs and blocks where the
 * profile keeps them elsewhere. Such a folder itself stays, since it may hold other things.
 */
export async function removeEndpointFiles(context: CliContext, name: string): Promise<void> {
  const directory = await endpointDir(context, name);
  if (directory.stateDir !== directory.folder) {
    for (const suffix of ["", "-wal", "-journal"]) removeIfPresent(directory.spoolFile + suffix);
    await removeFolder(dirname(directory.logFile));
    for (const folder of directory.clusterFolders) await removeFolder(folder);
  }
  await removeFolder(directory.folder);
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/**
 * The endpoint's paths. A profile may keep its state elsewhere; while one cannot be evaluated, it is
 * looked for where it is by default.
 */
export async function endpointDir({ home, env }: CliContext, name: string): Promise<EndpointDir> {
  const profile = await loadProfile({ home, name, env });
  return new EndpointDir(home, name, profile.kind === "ok" ? profile.value.stateDir : undefined);
}
