/** One run of an agent, from the lock to the last goodbye. */
import { hostname, userInfo } from "node:os";
import { EXIT, type ExitCode, type FuncxFailure } from "../contract/errors.ts";
import type { FuncxHome } from "../contract/home_folder.ts";
import { newId } from "../contract/ids.ts";
import { DEFAULT_STOP_TIMEOUT } from "../contract/limits.ts";
import type { Hello } from "../contract/protocol/messages.ts";
import { wallClock } from "../lib/clock.ts";
import { logger } from "../lib/log.ts";
import { openLogFile } from "../lib/log_file.ts";
import { VERSION } from "../lib/version.ts";
import type { ResolvedExecutor, ResolvedProfile } from "../profile/schema.ts";
import type { BlockKeeper } from "./blocks/block_keeper.ts";
import { AgentBlobs } from "./blobs/agent_blobs.ts";
import { serveControl } from "./control.ts";
import { Daemon } from "./daemon.ts";
import { EndpointDir } from "./endpoint_dir.ts";
import { enrol, type Enrolment } from "./enrolment.ts";
import type { Executor, ExecutorEvents } from "./executor/executor.ts";
import { connect, type Connection } from "./forwarder/connection.ts";
import { watchServiceState } from "./forwarder/service_watch.ts";
import { Supervisor } from "./forwarder/supervisor.ts";
import { lockEndpoint } from "./lock.ts";
import { unfitReason } from "./parallel/specification.ts";
import type { RelayDoor } from "./relay/relay_door.ts";
import { registrationBody } from "./registration.ts";
import { readIfPresent, removeUnfinished } from "../lib/files.ts";
import { logAnswer } from "./log_answer.ts";
import type { Session } from "./session.ts";
import { openSpool, type Spool } from "./spool.ts";
import { StatusNews } from "./status_news.ts";
import { TaskFlow } from "./task_flow.ts";

const log = logger("agent");

export interface AgentOptions {
  readonly home: FuncxHome;
  readonly name: string;
  readonly profile: ResolvedProfile;
  /** A file with the user's token, instead of the one that `login` keeps. */
  readonly tokenFile?: string;
  /** Aborted to drain and stop; SIGINT, SIGTERM and SIGHUP do the same. */
  readonly signal: AbortSignal;
}

/** What runs tasks and, where that is a cluster, what gets blocks of it. */
export interface Workforce {
  readonly executor: Executor;
  readonly blocks?: BlockKeeper;
  /** Where managers come by the service, if they do. */
  readonly relay?: RelayDoor;
  /** What keeps the workers of this machine from working, as soon as it is known. */
  readonly problem?: Promise<FuncxFailure | null>;
}

export type StartWorkforce = (options: {
  /** Of the endpoint. */
  readonly name: string;
  readonly executor: ResolvedExecutor;
  readonly events: ExecutorEvents;
  readonly stateDir: string;
}) => Promise<Workforce>;

/**
 * Serves until it is stopped, and returns the exit code. Throws `FuncxError` when it cannot start,
 * or cannot go on.
 */
export async function serveAgent(
  options: AgentOptions,
  startWorkforce: StartWorkforce,
): Promise<ExitCode> {
  const { home, name, profile } = options;
  const dir = new EndpointDir(home, name, profile.stateDir);
  await using open = new AsyncDisposableStack();
  dir.prepare();
  const { lock, takenOver } = lockEndpoint(dir.lockFile, name);
  open.defer(() => lock.release());
  removeUnfinished(dir.registrationFile);
  open.use(await openLogFile(dir.logFile, profile.logLevel));
  log.info("{name} starts", { name, version: VERSION, pid: Deno.pid, hostname: hostname() });
  if (takenOver !== undefined) log.warning("took over a stale lock: {takenOver}", { takenOver });
  const daemon = new Daemon(name, wallClock);
  const control = serveControl(dir.controlSocket((key) => Deno.env.get(key)), daemon);
  open.defer(() => control.close());
  open.defer(stopOnSignals(daemon, options.signal));
  const starting = bringUp(options, dir, daemon, startWorkforce, open);
  // A stop while it starts is not kept waiting by a service that does not answer.
  await Promise.race([starting, daemon.stopped]);
  await daemon.stopped;
  log.info("{name} has stopped", { name });
  return EXIT.ok;
}

/** Makes the parts and connects them. */
async function bringUp(
  { home, profile, tokenFile }: AgentOptions,
  dir: EndpointDir,
  daemon: Daemon,
  startWorkforce: StartWorkforce,
  open: AsyncDisposableStack,
): Promise<void> {
  const news = new StatusNews({ status: () => daemon.loadWithPicture(), now: wallClock });
  open.defer(() => news.closed());
  const events = new LateEvents(() => news.changed());
  const { stateDir, executor: wanted } = profile;
  const { name } = profile;
  const workforce = await startWorkforce({ name, executor: wanted, events, stateDir });
  const { executor: workers, blocks, relay } = workforce;
  const close = async (): Promise<void> => {
    await workers.close();
    await blocks?.close();
  };
  if (open.disposed) return await close();
  void workforce.problem?.then((problem) => {
    if (problem !== null) daemon.workersChanged(problem);
    news.changed();
  });
  open.defer(close);
  const enrolment = await enrol({
    home,
    dir,
    service: profile.service,
    tokenFile,
    body: registrationBody(profile, metadata(workers, profile.site)),
  });
  if (open.disposed) return;
  const { registration } = enrolment;
  daemon.registered(registration);
  const spool = openSpool(dir.spoolFile, registration.endpoint_id);
  open.defer(() => spool.close());
  const blobs = new AgentBlobs(dir, () => enrolment.service());
  open.defer(() => blobs.close());
  blobs.results.recover((taskIds) => spool.lookUp(taskIds).finished);
  const flow = new TaskFlow({
    spool,
    maxAttempts: wanted.maxAttempts,
    allowedFunctions: profile.allowedFunctions,
    unfitReason: (options) => unfitReason(options, nodesOf(wanted)),
    now: wallClock,
    resultBlobs: blobs.results,
    taskArguments: blobs.arguments,
    awaitsManagers: workers.awaitsManagers,
    onStorage: (problem) => {
      daemon.storageChanged(problem);
      news.changed();
    },
    onFatal: (problem) => daemon.fail(problem),
  });
  const executor = blobs.before(workers, flow.executorEvents);
  events.target = executor.innerEvents;
  flow.start(executor);
  const supervisor = superviseLink({
    ...{ home, dir, enrolment, daemon, flow, spool, executor, relay, news },
  });
  if (!daemon.attach({ site: profile.site, executor, blocks, flow, supervisor })) return;
  supervisor.start();
  relay?.start({
    endpointId: registration.endpoint_id,
    url: registration.service_url,
    ca: registration.ca,
    target: () => enrolment.service(),
  });
  blocks?.start({
    tasks: () => {
      const { pending_tasks: waiting, outstanding_tasks: running } = flow.status();
      return { waiting, running, onNodes: flow.nodeDemand };
    },
    tell: (problem) => {
      daemon.workersChanged(problem);
      news.changed();
    },
    changed: () => news.changed(),
  });
}

/** How many nodes a task can have. */
function nodesOf({ provider }: ResolvedExecutor): number | "local" {
  return provider.type === "local" ? "local" : provider.blocks.nodesPerBlock;
}

interface LinkParts {
  readonly home: FuncxHome;
  readonly dir: EndpointDir;
  readonly enrolment: Enrolment;
  readonly daemon: Daemon;
  readonly flow: TaskFlow;
  readonly spool: Spool;
  readonly executor: Executor;
  readonly relay: RelayDoor | undefined;
  readonly news: StatusNews;
}

function superviseLink(parts: LinkParts): Supervisor {
  const { home, enrolment, daemon, flow, news } = parts;
  const hello = helloOf(parts);
  const isPrivate = enrolment.registration.proof_key !== undefined;
  let seen: string | undefined;
  let session: Session | undefined;
  return new Supervisor({
    connect: async (version, signal) => {
      seen = readIfPresent(home.serviceStateFile);
      const target = await enrolment.target();
      if (target.kind !== "ok") return target;
      const connection = await connect({
        target: target.value,
        hello: hello(version),
        status: () => daemon.loadWithPicture(),
        now: wallClock,
        opened: (connection) => {
          session = connection;
          opened(parts, connection);
        },
        message: (message) => {
          if (message.type === "log_request") {
            return session?.send(logAnswer(parts.dir.logFile, message));
          }
          flow.receive(message);
          daemon.received(message);
          if (message.type === "tasks") news.changed();
        },
        signal,
      });
      return connection;
    },
    onState: (state) => daemon.linkChanged(state),
    watch: (news) => isPrivate ? watchServiceState(home, seen, news) : () => undefined,
  });
}

function opened({ flow, enrolment, relay, news }: LinkParts, session: Connection): void {
  const { welcome } = session;
  relay?.renew();
  log.info("connected to {service}", {
    service: enrolment.registration.service_url,
    session_id: welcome.session_id,
    service_version: welcome.software_version,
  });
  flow.sessionOpened(session);
  news.opened(session);
  void session.ended.then((ending) => {
    news.closed();
    flow.sessionClosed(ending.kind === "accused");
  });
}

function helloOf({ enrolment, spool, executor, flow, daemon }: LinkParts): (
  version: number,
) => Hello {
  const instance_id = newId();
  return (protocol_version) => ({
    type: "hello",
    protocol_version,
    endpoint_id: enrolment.registration.endpoint_id,
    spool_id: spool.spoolId,
    instance_id,
    software_version: VERSION,
    hostname: hostname(),
    runtimes: [...executor.runtimes],
    task_credits: flow.taskCredits,
    status: daemon.load(),
    answers_held: true,
    answers_logs: true,
  });
}

function metadata(executor: Executor, site: string | null): Record<string, unknown> {
  return {
    ...(site === null ? {} : { site }),
    endpoint_version: VERSION,
    hostname: hostname(),
    local_user: userInfo().username,
    runtimes: executor.runtimes,
    // Left out of JSON where it is not known.
    python_version: executor.pythonVersion,
    cores: navigator.hardwareConcurrency,
    os: Deno.build.os,
    arch: Deno.build.arch,
  };
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first signal drains, the second one ends running tasks. Returns what ends the listening. */
function stopOnSignals(daemon: Daemon, signal: AbortSignal): () => void {
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    daemon.stop("a signal", signals === 1 ? DEFAULT_STOP_TIMEOUT : 0);
  };
  const onAbort = (): void => daemon.stop("it was asked to", DEFAULT_STOP_TIMEOUT);
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  return () => {
    for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
    signal.removeEventListener("abort", onAbort);
  };
}

/** Events of an executor that is started before what its events are for. */
class LateEvents implements ExecutorEvents {
  target: ExecutorEvents | undefined;
  /** Called when something of what the executor does has changed. */
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  managersChanged(): void {
    this.#changed();
  }

  started(events: Parameters<ExecutorEvents["started"]>[0]): void {
    this.#changed();
    this.target?.started(events);
  }

  finished(attempts: Parameters<ExecutorEvents["finished"]>[0]): void {
    this.#changed();
    this.target?.finished(attempts);
  }

  output(chunk: Parameters<ExecutorEvents["output"]>[0]): void {
    this.target?.output(chunk);
  }

  roomForMore(): void {
    this.target?.roomForMore();
  }
}
