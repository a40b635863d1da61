/** From what a user wrote to the resolved form: defaults filled in, paths made absolute. Pure. */
import { DEFAULT_MAX_ATTEMPTS, MAX_BLOB_BYTES } from "../contract/limits.ts";
import { resolve } from "../lib/path.ts";
import { resolveContainer } from "./container.ts";
import { linkAddress } from "./manager_link.ts";
import { resolveProvider } from "./provider_defaults.ts";
import {
  type RawProfile,
  type ResolvedExecutor,
  type ResolvedProfile,
  type ResolvedSlot,
  type TypescriptPermissions,
} from "./schema.ts";
import { mebibytesOf, walltimeSeconds } from "./schema_pieces.ts";
import type { SiteFacts } from "./site.ts";

/** Where a profile stands. */
interface Surroundings {
  /** The profile's folder, absolute. */
  readonly folder: string;
  readonly site: SiteFacts;
}

export function resolveProfile(raw: RawProfile, surroundings: Surroundings): ResolvedProfile {
  const { folder, site } = surroundings;
  const stateDir = absolute(raw.stateDir ?? ".", folder, site);
  return {
    name: site.name,
    displayName: raw.displayName ?? site.name,
    description: raw.description ?? "",
    site: raw.site ?? null,
    service: raw.service === undefined ? null : baseUrl(raw.service),
    stateDir,
    executor: resolveExecutor(raw.executor ?? {}, surroundings, stateDir),
    allowedFunctions: raw.allowedFunctions ?? null,
    public: raw.public ?? false,
    logLevel: raw.logLevel ?? "info",
  };
}

/** As services are stored and compared: without a slash at the end. */
function baseUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return (origin + pathname).replace(/\/+$/, "");
}

const DEFAULT_IDLE_SECONDS = 600;
const DEFAULT_REATTACH_SECONDS = 600;

type RawExecutor = NonNullable<RawProfile["executor"]>;

function resolveExecutor(
  raw: RawExecutor,
  surroundings: Surroundings,
  stateDir: string,
): ResolvedExecutor {
  const { workersPerNode = "auto", walltime, idleTime = DEFAULT_IDLE_SECONDS } = raw;
  return {
    workersPerNode,
    slot: resolveSlot(raw),
    prefetch: raw.prefetch ?? 0,
    maxAttempts: raw.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    maxResultBytes: raw.maxResultBytes ?? MAX_BLOB_BYTES,
    walltimeSeconds: walltime === undefined ? null : walltimeSeconds(walltime),
    idleSeconds: walltimeSeconds(idleTime),
    provider: resolveProvider(raw.provider ?? { type: "local" }),
    mpiLauncher: raw.mpiLauncher ?? null,
    link: {
      address: linkAddress(raw.address ?? "auto"),
      portRange: raw.portRange ?? null,
      reattachSeconds: walltimeSeconds(raw.reattachTimeout ?? DEFAULT_REATTACH_SECONDS),
    },
    runtimes: resolveRuntimes(raw.runtimes ?? {}, surroundings),
    container: resolveContainer(raw.container),
    workerInit: raw.workerInit ?? "",
    environment: raw.environment ?? {},
    sandbox: raw.sandbox ?? false,
    workingFolder: absolute(raw.workingFolder ?? "tasks", stateDir, surroundings.site),
  };
}

function resolveSlot(raw: RawExecutor): ResolvedSlot {
  const { coresPerWorker, memPerWorker, availableAccelerators = 0, cpuAffinity } = raw;
  return {
    cores: coresPerWorker ?? null,
    memory: memPerWorker === undefined ? null : mebibytesOf(memPerWorker) * 1024 ** 2,
    accelerators: Array.isArray(availableAccelerators)
      ? availableAccelerators.map(String)
      : availableAccelerators,
    cpuAffinity: cpuAffinity ?? "none",
  };
}

const NO_PERMISSIONS: TypescriptPermissions = {
  read: false,
  write: false,
  net: false,
  env: false,
  run: false,
  sys: false,
};

function resolveRuntimes(
  { typescript = {}, python = {}, shell = {} }: NonNullable<RawExecutor["runtimes"]>,
  surroundings: Surroundings,
): ResolvedExecutor["runtimes"] {
  return {
    typescript: typescript && {
          permissions: { ...NO_PERMISSIONS, ...typescript.permissions },
        } || null,
    python: python && {
          interpreter: program(python.interpreter ?? "python3", surroundings),
        } || null,
    shell: shell &&
        { shell: absolute(shell.shell ?? "/bin/sh", surroundings.folder, surroundings.site) } ||
      null,
  };
}

/** A name is looked up on PATH later, when `workerInit` has changed it. */
function program(nameOrPath: string, { folder, site }: Surroundings): string {
  return nameOrPath.includes("/") ? absolute(nameOrPath, folder, site) : nameOrPath;
}

function absolute(path: string, base: string, { home }: SiteFacts): string {
  if (path === "~") return resolve(home);
  return path.startsWith("~/") ? resolve(home, path.slice(2)) : resolve(base, path);
}
