/** The daemon of one endpoint, as the command line sees it. */
import type { AgentStatus } from "../../contract/control.ts";
import { FuncxError } from "../../contract/errors.ts";
import type { FuncxHome } from "../../contract/home_folder.ts";
import { join } from "../../lib/path.ts";
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
  if (status === undefined) return { name, stopped: false, killed: false, pid: null };
  using progress = context.output.progress(`Stopping ${name}`);
  const how = await stopDaemon({
    socket: controlSocket(context, name),
    pid: status.pid,
    timeout,
    onStatus: (now) => progress.update(describeDrain(name, now as AgentStatus)),
  });
  return { name, stopped: true, killed: how === "killed", pid: status.pid };
}

function describeDrain(name: string, { load }: AgentStatus): string {
  const running = load.outstanding_tasks;
  if (running === 0) return `Stopping ${name}`;
  return `Stopping ${name}: ${running} running ${running === 1 ? "task" : "tasks"} may finish`;
}

/** Throws `ALREADY_RUNNING` that says where. */
export async function assertNotRunning(context: CliContext, name: string): Promise<void> {
  const status = await agentStatus(context, name);
  if (status === undefined) return;
  throw new FuncxError({
    code: "ALREADY_RUNNING",
    message: `${name} already runs on this host (pid ${status.pid})`,
    hint: `Stop it first with \`funcx-endpoint stop ${name}\`.`,
  });
}

/** What the daemon prints, apart from its log; made afresh at each start. */
export function outputFile(home: FuncxHome, name: string): string {
  return join(home.endpointFolder(name), "agent.out");
}

/** Removes the endpoint's folder, which must not be in use. */
export async function removeEndpointFiles({ home }: CliContext, name: string): Promise<void> {
  await Deno.remove(home.endpointFolder(name), { recursive: true });
}

/**
 * The daemon's log. A profile may keep its state elsewhere; while one cannot be evaluated, the log
 * is looked for where it is by default.
 */
export async function logFile({ home, env }: CliContext, name: string): Promise<string> {
  const profile = await loadProfile({ home, name, env });
  const stateDir = profile.kind === "ok" ? profile.value.stateDir : home.endpointFolder(name);
  return join(stateDir, "logs", "agent.log");
}
