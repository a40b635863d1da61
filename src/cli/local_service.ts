/**
 * The private service of this user: found through its state file, known by its proof, and started
 * when none runs. Never guessed by port, since others may have services on the same machine.
 */
import * as v from "valibot";
import { EXIT, FuncxError } from "../contract/errors.ts";
import {
  type FuncxHome,
  LoginSchema,
  type ServiceState,
  ServiceStateSchema,
} from "../contract/home.ts";
import { verifyService } from "../contract/service_proof.ts";
import { readIfPresent } from "../lib/files.ts";
import { join } from "../lib/path.ts";
import { standingOf } from "../lib/process_identity.ts";
import { fetchTrusting } from "../lib/trusting_fetch.ts";
import { socketPath } from "../lib/runtime_dir.ts";
import type { CliContext } from "./context.ts";
import { daemonFailure } from "./daemon/last_words.ts";
import { untilListening } from "./daemon/ready.ts";
import { spawnDaemon } from "./daemon/spawn.ts";
import type { Output } from "./output/output.ts";
import { unwrap } from "./failure.ts";

/** A service that runs and has proved to be this user's. */
export interface PrivateService {
  /** Base URL without a slash at its end. */
  readonly url: string;
  readonly token: string;
  readonly fetch: typeof fetch;
  readonly state: ServiceState;
}

export interface StartedService extends PrivateService {
  /** False when it ran already, or another command started it at the same moment. */
  readonly started: boolean;
}

/** Milliseconds that a service gets from its start until it listens. */
const START_TIMEOUT = 20_000;

/**
 * Where the state file says that the service is.
 *
 * - `none`: it does not run; a state file that it left behind counts as nothing.
 * - `here`: its process is alive on this host.
 * - `elsewhere`: it was started on another host that shares this home.
 */
export type ServiceStanding =
  | { readonly kind: "none" }
  | { readonly kind: "here" | "elsewhere"; readonly state: ServiceState };

export function serviceStanding(home: FuncxHome): ServiceStanding {
  const text = readIfPresent(home.serviceStateFile);
  const parsed = text === undefined ? undefined : v.safeParse(ServiceStateSchema, parseJson(text));
  if (parsed === undefined || !parsed.success) return { kind: "none" };
  const state = parsed.output;
  switch (standingOf(state)) {
    case "gone":
      return { kind: "none" };
    case "alive":
      return { kind: "here", state };
    case "elsewhere":
      return { kind: "elsewhere", state };
  }
}

/**
 * The running service after its proof, or undefined when none runs. Throws `SERVICE_UNAVAILABLE`,
 * `SERVICE_NOT_OURS`, or `ALREADY_RUNNING` when it runs on another host and cannot be reached.
 */
export async function findPrivateService(home: FuncxHome): Promise<PrivateService | undefined> {
  const standing = serviceStanding(home);
  if (standing.kind === "none") return undefined;
  if (standing.kind === "elsewhere" && isLoopback(standing.state.url)) {
    throw runningElsewhere(standing.state);
  }
  const { kind, state } = standing;
  const proven = await verifyService(state);
  const isSilent = proven.kind === "retryable" && proven.failure.code === "SERVICE_UNAVAILABLE";
  if (isSilent && kind === "here") throw hanging(state);
  unwrap(proven);
  const { url, ca } = state;
  return { url, token: tokenFor(home, url), fetch: fetchTrusting(ca), state };
}

/** The running service; it is started when none runs. */
export async function ensurePrivateService(
  context: CliContext,
): Promise<StartedService> {
  const found = await withProgress(
    context.output,
    "Asking the private service",
    () => findPrivateService(context.home),
  );
  if (found !== undefined) return { ...found, started: false };
  return await startPrivateService(context, []);
}

async function withProgress<T>(
  output: Output,
  text: string,
  action: () => Promise<T>,
): Promise<T> {
  using _progress = output.progress(text);
  return await action();
}

/**
 * Starts `service run` with `options` and waits until it listens. When another command starts one
 * at the same moment, that one is used.
 */
export async function startPrivateService(
  { home, env, output, debug }: CliContext,
  options: readonly string[],
): Promise<StartedService> {
  using _progress = output.progress("Starting the private service");
  const outputFile = serviceOutputFile(home);
  const socket = socketPath(home.serviceFolder, env);
  const common = ["--config-dir", home.root, ...(debug ? ["--debug"] : [])];
  const args = ["service", "run", ...common, ...options];
  const daemon = await spawnDaemon(args, outputFile);
  let readiness = await untilListening(daemon, socket, START_TIMEOUT);
  if (readiness.kind === "exited" && readiness.code === EXIT.runningElsewhere) {
    readiness = await untilListening(undefined, socket, START_TIMEOUT);
  }
  if (readiness.kind === "exited") throw daemonFailure("the service", readiness, outputFile);
  const service = readiness.kind === "timeout" ? undefined : await findPrivateService(home);
  if (service !== undefined) return { ...service, started: service.state.pid === daemon.pid };
  throw new FuncxError({
    code: "TIMED_OUT",
    message: `the service (pid ${daemon.pid}) does not listen yet`,
    hint: `Its output is in ${outputFile}.`,
  });
}

function hanging({ url, pid }: ServiceState): FuncxError {
  return new FuncxError({
    code: "SERVICE_UNAVAILABLE",
    message: `your private service (pid ${pid}) does not answer at ${url}`,
    hint: "Stop it with `funcx-endpoint service stop` and start it again.",
  });
}

/** What the service prints; its log is beside it. */
export function serviceOutputFile(home: FuncxHome): string {
  return join(home.serviceFolder, "logs", "service.out");
}

export function serviceLogFile(home: FuncxHome): string {
  return join(home.serviceFolder, "logs", "service.log");
}

export function runningElsewhere(state: ServiceState): FuncxError {
  return new FuncxError({
    code: "ALREADY_RUNNING",
    message: `your private service runs on ${state.hostname} (pid ${state.pid})`,
    hint: `Work on ${state.hostname}, or stop it there with \`funcx-endpoint service stop\`.`,
  });
}

/** The local user's token, which the service writes when it starts. */
function tokenFor(home: FuncxHome, url: string): string {
  const login = v.safeParse(LoginSchema, parseJson(readIfPresent(home.loginFile) ?? ""));
  const token = login.success ? login.output.services[url]?.token : undefined;
  if (token !== undefined) return token;
  throw new FuncxError({
    code: "NOT_LOGGED_IN",
    message: `${home.loginFile} has no token for the private service at ${url}`,
    hint: "Make one with `funcx-endpoint service stop` and `service start`.",
  });
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
