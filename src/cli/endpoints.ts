/** The endpoints of this user: which there are, and how each stands. */
import type { AgentStatus } from "../contract/control.ts";
import { CONTROL_PATHS } from "../contract/control_paths.ts";
import { FuncxError } from "../contract/errors.ts";
import { type FuncxHome, isEndpointName, RESERVED_NAMES } from "../contract/home_folder.ts";
import { isUuid } from "../contract/ids.ts";
import { readIfPresent } from "../lib/files.ts";
import { basename } from "../lib/path.ts";
import { lockHolder } from "../lib/process_lock.ts";
import { socketPath } from "../lib/runtime_dir.ts";
import { requestJson } from "../lib/unix_http.ts";
import type { CliContext } from "./context.ts";

/**
 * - `Initialized`: made, never started and not registered.
 * - `Active`: running, connected, serving.
 * - `Inactive`: registered, not running.
 * - `Disconnected`: running, but not connected to its service at the moment.
 */
export type EndpointStanding = "Initialized" | "Active" | "Inactive" | "Disconnected";

/** One endpoint as `list --json` gives it. */
export interface EndpointSummary {
  readonly name: string;
  readonly status: EndpointStanding;
  readonly id: string | null;
  readonly service_url: string | null;
  /** Of the daemon, while it runs. */
  readonly hostname: string | null;
  readonly pid: number | null;
}

/** What `endpoint.json` says that is not secret. */
export interface Registration {
  readonly endpoint_id: string;
  readonly service_url: string;
}

/** Milliseconds that a daemon or a service gets to answer. */
const ANSWER_TIMEOUT = 2_000;

/** Names of all profiles in the folder, sorted; none when the folder does not exist. */
export function endpointNames(home: FuncxHome): string[] {
  try {
    return [...Deno.readDirSync(home.root)]
      // Folders are often links to a scratch disk.
      .filter((entry) => !entry.isFile && isEndpointName(entry.name))
      .map((entry) => entry.name)
      .filter((name) => hasProfile(home, name))
      .sort();
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

export function hasProfile(home: FuncxHome, name: string): boolean {
  return isFile(home.profileFile(name));
}

/**
 * The name that the user means by a name or an endpoint id. Throws `USAGE` for what cannot be a
 * name, `ENDPOINT_NOT_FOUND` for an id that none of the profiles has.
 */
export function endpointName(home: FuncxHome, nameOrId = DEFAULT_NAME): string {
  if (isUuid(nameOrId.toLowerCase())) return nameOfId(home, nameOrId.toLowerCase());
  if (isEndpointName(nameOrId)) return nameOrId;
  const reserved = Object.values<string>(RESERVED_NAMES).includes(nameOrId);
  throw new FuncxError({
    code: "USAGE",
    message: `"${nameOrId}" cannot be the name of an endpoint`,
    hint: reserved
      ? "That folder belongs to the private service; choose another name."
      : "A name has letters, digits, _ . and -, begins with none of . and -, and is at most 128 long.",
  });
}

export const DEFAULT_NAME = "default";

/** Like {@link endpointName}, for an endpoint that has to exist: throws `ENDPOINT_NOT_FOUND`. */
export function existingEndpoint(home: FuncxHome, nameOrId?: string): string {
  const name = endpointName(home, nameOrId);
  if (hasProfile(home, name)) return name;
  throw new FuncxError({
    code: "ENDPOINT_NOT_FOUND",
    message: `there is no endpoint "${name}" in ${home.root}`,
    hint: `See \`funcx-endpoint list\`, or make it with \`funcx-endpoint configure ${name}\`.`,
  });
}

function nameOfId(home: FuncxHome, id: string): string {
  const name = endpointNames(home).find((name) => registration(home, name)?.endpoint_id === id);
  if (name !== undefined) return name;
  throw new FuncxError({
    code: "ENDPOINT_NOT_FOUND",
    message: `no endpoint in ${home.root} has the id ${id}`,
    hint: "See `funcx-endpoint list`.",
  });
}

/** What the endpoint was registered as; undefined when it was not, or the file is damaged. */
export function registration(home: FuncxHome, name: string): Registration | undefined {
  const text = readIfPresent(home.registrationFile(name));
  if (text === undefined) return undefined;
  try {
    const { endpoint_id, service_url } = JSON.parse(text) as Record<string, unknown>;
    if (typeof endpoint_id !== "string" || typeof service_url !== "string") return undefined;
    return { endpoint_id, service_url };
  } catch {
    return undefined;
  }
}

export function controlSocket(
  { home, env }: Pick<CliContext, "home" | "env">,
  name: string,
): string {
  return socketPath(home.endpointFolder(name), env);
}

/** What the daemon says; undefined when none runs on this machine. */
export async function agentStatus(
  context: Pick<CliContext, "home" | "env">,
  name: string,
): Promise<AgentStatus | undefined> {
  const socket = controlSocket(context, name);
  if (!exists(socket)) return undefined;
  const answer = await requestJson(socket, "GET", CONTROL_PATHS.status, undefined, {
    timeout: ANSWER_TIMEOUT,
  });
  return answer.kind === "ok" ? answer.value as AgentStatus : undefined;
}

/** Whether nothing but a profile is there: no need to look for a daemon, or a registration. */
function isUntouched(home: FuncxHome, name: string): boolean {
  const own = [basename(home.registrationFile(name)), basename(home.agentLockFile(name))];
  for (const entry of Deno.readDirSync(home.endpointFolder(name))) {
    if (own.includes(entry.name)) return false;
  }
  return true;
}

/** How one of many endpoints stands. */
export async function endpointSummary(
  context: CliContext,
  name: string,
): Promise<EndpointSummary> {
  if (!isUntouched(context.home, name)) {
    return await summarize(context, name, await agentStatus(context, name));
  }
  const nothing = { id: null, service_url: null, hostname: null, pid: null };
  return { name, status: "Initialized", ...nothing };
}

/**
 * How one endpoint stands. Of a daemon that holds the lock but cannot be asked, since it runs on
 * another host or does not answer, its service is asked whether it is connected.
 * @param status what {@link agentStatus} gave.
 */
export async function summarize(
  context: CliContext,
  name: string,
  status: AgentStatus | undefined,
): Promise<EndpointSummary> {
  const { home } = context;
  const registered = registration(home, name);
  const holder = status ?? lockHolder(home.agentLockFile(name));
  return {
    name,
    status: await standing(context, status, registered, holder !== undefined),
    id: status?.endpoint_id ?? registered?.endpoint_id ?? null,
    service_url: status?.service_url ?? registered?.service_url ?? null,
    hostname: holder?.hostname ?? null,
    pid: holder?.pid ?? null,
  };
}

async function standing(
  context: CliContext,
  status: AgentStatus | undefined,
  registered: Registration | undefined,
  isRunning: boolean,
): Promise<EndpointStanding> {
  if (status !== undefined) return standingOfState(status.state);
  if (registered === undefined) return "Initialized";
  if (!isRunning) return "Inactive";
  return await isOnline(context, registered) ? "Active" : "Disconnected";
}

/** Whether the service that the endpoint is registered with has a connection to it. */
async function isOnline(
  context: CliContext,
  { endpoint_id, service_url }: Registration,
): Promise<boolean> {
  // Rarely needed, and slow to load.
  const { serviceAt } = await import("./connection.ts");
  const { Client } = await import("../client/client.ts");
  try {
    const client = new Client({ ...await serviceAt(context, service_url), patience: 0 });
    const { status } = await client.call("endpointStatus", {
      params: { endpoint_id },
      timeout: ANSWER_TIMEOUT,
    });
    return status === "online";
  } catch (thrown) {
    if (thrown instanceof FuncxError) return false;
    throw thrown;
  }
}

/** A draining agent is still connected; one that starts is not yet. */
export function standingOfState(state: AgentStatus["state"]): EndpointStanding {
  switch (state) {
    case "active":
    case "draining":
      return "Active";
    case "starting":
    case "disconnected":
      return "Disconnected";
    case "stopped":
      return "Inactive";
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
