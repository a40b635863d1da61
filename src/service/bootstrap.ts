/** Builds the service from its parts, runs it until it is told to stop, and takes it apart. */
import { hostname as ownHostname, userInfo } from "node:os";
import type { ServiceStatus } from "../contract/control.ts";
import { EXIT, type ExitCode } from "../contract/errors.ts";
import type { UserId } from "../contract/ids.ts";
import {
  BLOB_QUOTA_BYTES,
  DEFAULT_RETENTION_DAYS,
  DEFAULT_STOP_TIMEOUT,
  MAX_BLOB_BYTES,
  STORE_DISK_RESERVE,
} from "../contract/limits.ts";
import { withTimeout } from "../lib/async.ts";
import { ensurePrivateFolder, removeUnfinished } from "../lib/files.ts";
import { DiskRoom } from "../lib/free_space.ts";
import { logger } from "../lib/log.ts";
import { openLogFile } from "../lib/log_file.ts";
import { socketPath } from "../lib/runtime_dir.ts";
import { VERSION } from "../lib/version.ts";
import { rabbitAddress } from "./amqp/rabbitmq/rabbit_address.ts";
import { type AmqpOptions, makeAmqp } from "./amqp/start.ts";
import { buildApp } from "./app.ts";
import { OpenUses } from "./auth/open_uses.ts";
import { BlobVault } from "./blobs/vault.ts";
import { serveControl } from "./control.ts";
import { Gate } from "./http/gate.ts";
import { HistoryClock } from "./history/history_clock.ts";
import { RateLimiter } from "./http/rate_limit.ts";
import { RequestRoom } from "./http/request_room.ts";
import { GlobusBridge } from "./globus/bridge.ts";
import { Hub } from "./hub/hub.ts";
import { loadIdentity, rememberPorts, type ServiceIdentity } from "./identity_file.ts";
import { baseUrl, listen, portsToTry, type Server } from "./listen.ts";
import { writeLogin } from "./login_file.ts";
import { overviewParts } from "./overview_parts.ts";
import {
  hostOf,
  isLoopback,
  publicUrlOf,
  readTls,
  requireSafeAddress,
  requireSafeAmqp,
  type ServiceOptions,
  type TlsFiles,
} from "./options.ts";
import type { ServiceParts } from "./parts.ts";
import { Relay } from "./relay/relay.ts";
import { Retention } from "./retention.ts";
import { ServiceDir } from "./service_dir.ts";
import { lockService } from "./single_instance.ts";
import { removeState, writeState } from "./state_file.ts";
import { StopSignal } from "./stop_signal.ts";
import { openStore } from "./store/libsql_store.ts";
import type { Store } from "./store/store.ts";

const log = logger("service");

const DEFAULT_HOSTNAME = "127.0.0.1";

/**
 * Runs the private service in the foreground until `options.signal` is aborted, a SIGTERM or SIGINT
 * comes, or the control socket asks for it. Resolves to the exit code. Throws when it cannot start:
 * `FuncxError` USAGE, ALREADY_RUNNING, START_FAILED or STORE_UNREADABLE, or the system's own error for
 * a folder that cannot be used.
 */
export async function runService(options: ServiceOptions): Promise<ExitCode> {
  requireSafeAddress(options);
  requireSafeAmqp(options);
  const publicUrl = publicUrlOf(options);
  const tls = readTls(options);
  const rabbit = options.rabbit && rabbitAddress(options.rabbit);
  // Taken apart in the opposite order, also when a later step fails.
  await using open = new AsyncDisposableStack();
  const { directory, identity, store, vault } = await openFolder(open, options);
  const stop = open.use(new StopSignal(options.signal));
  const disk = new DiskRoom(directory.root, STORE_DISK_RESERVE);
  const hub = new Hub({ store });
  const common = {
    store,
    vault,
    uses: new OpenUses(),
    proofKey: identity.proof_key,
    now: Date.now,
  };
  const brokerOptions = rabbit === undefined ? amqpOptions(options, identity, tls) : { rabbit };
  const amqp = await openAmqp(open, { ...common, hub }, brokerOptions);
  const parts = makeParts(options, { ...common, ...amqp, hub, disk, publicUrl });
  const clock = new HistoryClock(parts.history);
  open.defer(() => clock.stop());
  const hostname = options.listen?.hostname ?? DEFAULT_HOSTNAME;
  const ports = portsToTry(options.listen?.port, identity.port);
  const server = listen(buildApp(parts), { hostname, ports, tls });
  open.defer(() => closeServer(server, parts, stop));

  const { port } = server.addr;
  const own = baseUrl(hostname, port, tls !== undefined, ownHostname());
  const url = tls === undefined ? own : publicUrl ?? own;
  parts.phase.url = url;
  rememberPorts(directory.identityFile, identity, port, parts.amqp.port);
  await announce(open, { options, directory, parts, url, stop });
  log.info("listening at {url}, with {unfinished} unfinished tasks in the store", {
    url,
    unfinished: await store.tasks.unfinished(),
    service: store.serviceId,
    pid: Deno.pid,
  });
  options.onReady?.(url);
  store.failed.then((error) => {
    log.fatal("the disk failed: {error}; start the service again", { error });
    stop.request("the disk failed");
  });
  await stop.requested;
  log.info("stopping: {reason}", { reason: stop.reason });
  return EXIT.ok;
}

/** The lock first: what follows is for one process alone. */
async function openFolder(
  open: AsyncDisposableStack,
  options: ServiceOptions,
): Promise<OpenFolder> {
  const directory = new ServiceDir(options.home);
  ensurePrivateFolder(options.home.root);
  ensurePrivateFolder(directory.root);
  const lock = lockService(directory);
  open.defer(() => lock.release());
  for (const file of [directory.identityFile, directory.stateFile]) removeUnfinished(file);
  open.use(await openLogFile(directory.logFile, options.logLevel ?? "info"));
  const identity = loadIdentity(directory.identityFile);
  const store = await openStore(directory.databaseFile);
  open.defer(() => store.close());
  const retention = new Retention({
    tasks: store.tasks,
    days: options.retentionDays ?? DEFAULT_RETENTION_DAYS,
  });
  open.defer(() => retention.stop());
  const vault = await BlobVault.open({
    folder: directory.blobFolder,
    store: store.blobs,
    limits: {
      maximumBytes: options.maxBlobBytes ?? MAX_BLOB_BYTES,
      quotaBytes: options.blobQuotaBytes ?? BLOB_QUOTA_BYTES,
    },
    now: Date.now,
  });
  open.defer(() => vault.close());
  return { directory, identity, store, vault };
}

interface OpenFolder {
  readonly directory: ServiceDir;
  readonly identity: ServiceIdentity;
  readonly store: Store;
  readonly vault: BlobVault;
}

type CommonParts = Pick<ServiceParts, "store" | "vault" | "uses" | "proofKey" | "now" | "hub">;

/** The broker, and both that use it; peers are let in when what they look for is there. */
async function openAmqp(
  open: AsyncDisposableStack,
  parts: CommonParts,
  options: AmqpOptions,
): Promise<Pick<ServiceParts, "amqp" | "globus">> {
  const amqp = makeAmqp(parts, options);
  open.defer(() => amqp.broker.close());
  open.defer(() => amqp.publisher.close());
  await amqp.publisher.start();
  const globus = await GlobusBridge.open({ ...parts, broker: amqp.broker });
  open.defer(() => globus.close());
  amqp.serve();
  return { amqp, globus };
}

function makeParts(
  options: ServiceOptions,
  given: CommonParts & Pick<ServiceParts, "amqp" | "globus" | "disk" | "publicUrl">,
): ServiceParts {
  const { store, hub, publicUrl } = given;
  const publicName = publicUrl === null ? [] : [new URL(publicUrl).hostname];
  return {
    ...given,
    ...overviewParts(store, hub, Date.now),
    relay: new Relay(),
    gate: new Gate({
      hostname: options.listen?.hostname ?? DEFAULT_HOSTNAME,
      allowedHosts: [ownHostname(), ...publicName, ...options.allowedHosts ?? []],
      allowedOrigins: options.allowedOrigins ?? [],
    }),
    requests: new RequestRoom(),
    rates: options.rateLimit === undefined ? null : new RateLimiter(options.rateLimit),
    phase: { stopping: false, url: "" },
    localUser: localUser(),
    portalFolder: options.portalFolder ?? null,
  };
}

/** Never plain off loopback: behind a proxy that ends TLS for HTTP, AMQP stays on loopback. */
function amqpOptions(
  { listen, amqpListen, amqpPublicAddress }: ServiceOptions,
  { amqp_port }: ServiceIdentity,
  tls: TlsFiles | undefined,
): AmqpOptions {
  const given = amqpListen?.hostname ?? listen?.hostname ?? DEFAULT_HOSTNAME;
  const hostname = tls === undefined && !isLoopback(given) ? DEFAULT_HOSTNAME : given;
  const isAny = hostname === "0.0.0.0" || hostname === "::";
  return {
    hostname,
    ports: amqpListen === undefined ? [...new Set([amqp_port ?? 0, 0])] : [amqpListen.port],
    tls,
    publicAddress: amqpPublicAddress ?? (isAny ? ownHostname() : undefined),
    tlsProxy: amqpPublicAddress !== undefined && !isLoopback(hostOf(amqpPublicAddress)),
  };
}

/** The name of the account; some containers have users without one. */
function localUser(): UserId {
  try {
    return userInfo().username;
  } catch {
    return `uid-${Deno.uid() ?? "unknown"}`;
  }
}

interface Announcement {
  readonly options: ServiceOptions;
  readonly directory: ServiceDir;
  readonly parts: ServiceParts;
  readonly url: string;
  readonly stop: StopSignal;
}

/** Tells the user's other programs: login, then state file, then the socket that they wait for. */
async function announce(
  open: AsyncDisposableStack,
  { options, directory, parts, url, stop }: Announcement,
): Promise<void> {
  const { store, hub, amqp, localUser: user, proofKey, now } = parts;
  const socket = socketPath(directory.root, Deno.env.get);
  const startedAt = now();
  const { home, authority: ca } = options;
  await writeLogin({ file: home.loginFile, store, user, url, proofKey, ca, now: startedAt });
  writeState(directory.stateFile, {
    service_id: store.serviceId,
    url,
    proof_key: proofKey,
    ...(ca === undefined ? {} : { ca }),
    socket,
    started_at: startedAt,
  });
  open.defer(() => removeState(directory.stateFile));
  const control = serveControl({
    socket,
    status: async (): Promise<ServiceStatus> => ({
      service_id: store.serviceId,
      url,
      hostname: ownHostname(),
      pid: Deno.pid,
      software_version: VERSION,
      started_at: startedAt,
      endpoints_online: hub.onlineCount,
      unfinished_tasks: await store.tasks.unfinished(),
      memory: Deno.memoryUsage().rss,
      amqp: amqp.status(),
    }),
    onChange: (listener) => hub.onChange(listener),
    stop: ({ timeout }) => stop.request("asked through the control socket", timeout),
  });
  open.defer(() => control.close());
}

/**
 * Ends what is open in an order in which nobody is surprised: new requests are refused, streams end,
 * endpoints get a goodbye, requests that were begun are answered.
 */
async function closeServer(
  server: Server,
  parts: ServiceParts,
  stop: StopSignal,
): Promise<void> {
  parts.phase.stopping = true;
  parts.uses.endAll();
  await parts.globus?.close();
  await parts.hub.close();
  parts.relay.close();
  const grace = Math.min(stop.timeout ?? DEFAULT_STOP_TIMEOUT, MAX_GRACE);
  // A reader that has stopped reading is cut by the end of the process.
  await withTimeout(server.shutdown(), grace);
}

/** Milliseconds for requests that were begun; all of them are short. */
const MAX_GRACE = 5_000;
