/** Bringing the daemon of one endpoint up, and waiting until it serves. */
import type { AgentStatus } from "../../contract/control.ts";
import { CONTROL_PATHS } from "../../contract/control.ts";
import { FuncxError } from "../../contract/errors.ts";
import { loadProfile } from "../../profile/resolve.ts";
import type { ResolvedProfile } from "../../profile/schema.ts";
import { timeLimit, withTimeout } from "../../lib/async.ts";
import { events } from "../../lib/unix_http.ts";
import { readLogin } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { controlSocket, summarize } from "../endpoints.ts";
import { unwrap } from "../failure.ts";
import { ensurePrivateService } from "../local_service.ts";
import { assertNotRunning, outputFile } from "./endpoint_daemon.ts";
import { daemonFailure } from "./last_words.ts";
import { untilListening } from "./ready.ts";
import { type Daemon, type DaemonExit, spawnDaemon } from "./spawn.ts";

export interface StartOptions {
  readonly name: string;
  /** Base URL; instead of the profile's. */
  readonly service?: string;
  /** Milliseconds until the endpoint has to be Active; 0 does not wait for that. */
  readonly wait: number;
}

/** Milliseconds until a daemon has to answer on its control socket. */
const LISTEN_TIMEOUT = 20_000;
/** Milliseconds between the end of its events and the end of its process. */
const EXIT_TIMEOUT = 5_000;

/**
 * Starts the daemon and returns its status once it is Active. Throws `ALREADY_RUNNING`, what is
 * wrong with the profile, `START_FAILED` with the daemon's last words, or `TIMED_OUT` with what it
 * says keeps it from being Active; then it goes on trying.
 */
export async function startEndpoint(
  context: CliContext,
  options: StartOptions,
): Promise<AgentStatus | undefined> {
  const { name, wait } = options;
  assertNotRunning(context.home, name);
  const profile = await readProfile(context, options);
  await prepareService(context, profile);
  using progress = context.output.progress(`Starting ${name}`);
  const file = outputFile(context.home, name);
  const daemon = await spawnDaemon(agentArguments(context, options), file, JSON.stringify(profile));
  const socket = controlSocket(context, name);
  const readiness = await untilListening(daemon, socket, LISTEN_TIMEOUT);
  if (readiness.kind === "exited") throw daemonFailure(name, readiness, file);
  if (readiness.kind === "timeout") throw notYet(name, "it does not answer on its control socket");
  if (wait === 0) return undefined;
  const reached = await untilActive(socket, daemon, wait, progress.update);
  if (reached.kind === "active") return reached.status;
  if (reached.kind === "exited") throw daemonFailure(name, reached.exit, file);
  throw notYet(name, reached.problem?.message ?? "it is still connecting", reached.problem?.hint);
}

/** @param status what {@link startEndpoint} gave. */
export async function tellOfStart(
  context: CliContext,
  name: string,
  status: AgentStatus | undefined,
): Promise<void> {
  const endpoint = await summarize(context, name, status);
  await context.output.show(
    endpoint,
    () =>
      status === undefined
        ? `${name} is starting.`
        : `${name} is Active, its id is ${endpoint.id}.`,
  );
}

/** The resolved profile, or what is wrong with it as an error. */
export async function readProfile(
  { home, env }: CliContext,
  { name, service }: Pick<StartOptions, "name" | "service">,
): Promise<ResolvedProfile> {
  return unwrap(await loadProfile({ home, name, env, overrides: { service } }));
}

/** Starts the private service if this endpoint needs it: no other is configured or logged in to. */
export async function prepareService(
  context: CliContext,
  profile: ResolvedProfile,
): Promise<void> {
  if (profile.service !== null) return;
  const { current, services } = readLogin(context.home);
  const isPrivate = current === null || services[current]?.proof_key !== undefined;
  if (!isPrivate) return;
  const { started, url } = await ensurePrivateService(context);
  if (started) context.output.note(`A private service has been started at ${url}.`);
}

function agentArguments(
  { home, debug }: CliContext,
  { name }: StartOptions,
): string[] {
  const flags = ["--resolved", ...(debug ? ["--debug"] : [])];
  return ["agent", "--config-dir", home.root, "--name", name, ...flags];
}

type Reached =
  | { readonly kind: "active"; readonly status: AgentStatus }
  | { readonly kind: "exited"; readonly exit: DaemonExit }
  | { readonly kind: "timeout"; readonly problem: AgentStatus["problem"] };

async function untilActive(
  socket: string,
  daemon: Daemon,
  milliseconds: number,
  tell: (text: string) => void,
): Promise<Reached> {
  const deadline = timeLimit(milliseconds);
  let problem: AgentStatus["problem"] = null;
  for await (const event of events(socket, CONTROL_PATHS.events, deadline)) {
    const status = event as AgentStatus;
    if (status.state === "active") return { kind: "active", status };
    problem = status.problem;
    if (problem !== null) tell(`Starting ${status.name}: ${problem.message}`);
  }
  if (deadline.aborted) return { kind: "timeout", problem };
  const exit = await withTimeout(daemon.exited, EXIT_TIMEOUT);
  return { kind: "exited", exit: exit === "timeout" ? { code: null, signal: null } : exit };
}

function notYet(name: string, why: string, hint?: string): FuncxError {
  return new FuncxError({
    code: "TIMED_OUT",
    message: `${name} runs but is not Active yet: ${why}`,
    hint: hint ?? `It goes on trying; see \`funcx-endpoint status ${name}\`.`,
  });
}
