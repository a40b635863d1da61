/**
 * A profile in its two forms: resolved, the only one that anything after `resolve.ts` accepts, and
 * as a user writes it, which `profile.d.ts` explains key by key.
 */
import * as v from "valibot";
import { isUuid } from "../contract/ids.ts";
import { isCpuList } from "../lib/cpu_list.ts";
import {
  MAX_ATTEMPTS,
  MAX_BLOB_BYTES,
  MAX_DESCRIPTION_LENGTH,
  MAX_IDS_PER_REQUEST,
  MAX_NAME_LENGTH,
  MAX_PREFETCH,
  MAX_WORKERS_PER_NODE,
} from "../contract/limits.ts";
import { ContainerSchema, type ResolvedContainer } from "./container.ts";
import { isIpAddress, MAX_INTERFACE_NAME_LENGTH, type ResolvedLink } from "./manager_link.ts";
import { ProviderSchema } from "./provider_schema.ts";
import type { ResolvedProvider } from "./resolved_provider.ts";
import {
  duration,
  filled,
  integer,
  memory,
  path,
  section,
  switchable,
  text,
} from "./schema_pieces.ts";

// -- resolved --------------------------------------------------------------------------------------

/** Permissions of user code in the TypeScript runtime, in Deno's words; all off unless granted. */
export interface TypescriptPermissions {
  readonly read: boolean | readonly string[];
  readonly write: boolean | readonly string[];
  readonly net: boolean | readonly string[];
  readonly env: boolean | readonly string[];
  readonly run: boolean | readonly string[];
  readonly sys: boolean | readonly string[];
}

/** What a worker has of its node: what is null is shared evenly, or one core where it counts workers. */
export interface ResolvedSlot {
  readonly cores: number | null;
  /** Bytes, beyond which its task is ended. */
  readonly memory: number | null;
  /** How many of the node's there are for tasks, or which, or all. */
  readonly accelerators: number | readonly string[] | "auto";
  /** Which cores its processes are bound to; lists are of the kernel's form, one for each worker. */
  readonly cpuAffinity: CpuAffinity | readonly string[];
}

export type CpuAffinity = typeof CPU_AFFINITIES[number];

/** What starts the ranks of an MPI task on its nodes. */
export const MPI_LAUNCHERS = ["mpiexec", "srun", "aprun"] as const;
export type MpiLauncher = typeof MPI_LAUNCHERS[number];

export interface ResolvedExecutor {
  /** "auto" is as many as the node has resources for. */
  readonly workersPerNode: number | "auto";
  /** What each of them has of its node. */
  readonly slot: ResolvedSlot;
  /** Tasks handed to a worker ahead of the one it runs. */
  readonly prefetch: number;
  readonly maxAttempts: number;
  /** Of one result, serialized. */
  readonly maxResultBytes: number;
  /** Of a task that names none; null means no end. */
  readonly walltimeSeconds: number | null;
  /** How long a worker without a task is kept. */
  readonly idleSeconds: number;
  readonly provider: ResolvedProvider;
  /** Of a task that names none; null means srun inside a job of Slurm, else mpiexec. */
  readonly mpiLauncher: MpiLauncher | null;
  /** Between the agent and the managers of its blocks. */
  readonly link: ResolvedLink;
  readonly runtimes: {
    readonly typescript: { readonly permissions: TypescriptPermissions } | null;
    readonly python: {
      /** Absolute path or a name on PATH. */
      readonly interpreter: string;
    } | null;
    /** Absolute path. */
    readonly shell: { readonly shell: string } | null;
  };
  /** What Python and shell functions run in; null means nothing. */
  readonly container: ResolvedContainer | null;
  /** Shell lines that a worker's environment is made with, before its interpreter starts. */
  readonly workerInit: string;
  /** Added to the environment of workers. */
  readonly environment: Readonly<Record<string, string>>;
  /** Each task in an empty folder of its own, removed after it. */
  readonly sandbox: boolean;
  /** Absolute folder in which tasks run, and in which sandboxes are made. */
  readonly workingFolder: string;
}

export interface ResolvedProfile {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** Null leaves it to the service, which then goes by the machine's name. */
  readonly site: string | null;
  /** Base URL; null means the private service of this user. */
  readonly service: string | null;
  /** Absolute; holds spool and logs. */
  readonly stateDir: string;
  readonly executor: ResolvedExecutor;
  /** Function ids; null means any. */
  readonly allowedFunctions: readonly string[] | null;
  readonly public: boolean;
  readonly logLevel: "debug" | "info" | "warning" | "error";
}

export const CPU_AFFINITIES = ["none", "block", "block-reverse", "alternating"] as const;

// -- as a user writes it -----------------------------------------------------------------------------

const permission = v.union([v.boolean(), v.array(filled)]);

/** Of a node; more than any has. */
const MAX_CORES = 100_000;

const ONE_LINE = /^\P{Cc}+$/u;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The base of a URL: no credentials, no query, no fragment. */
export function isServiceUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "" && url.search === "" && url.hash === "";
}

const port = integer(1, 65_535);

/** "auto" and "service" look like the name of an interface, and mean more. */
function isAddressOrInterface(value: string): boolean {
  return isIpAddress(value) ||
    (/^[^\s/:]+$/.test(value) && value.length <= MAX_INTERFACE_NAME_LENGTH);
}

const ExecutorSchema = section({
  workersPerNode: v.optional(v.union([v.literal("auto"), integer(1, MAX_WORKERS_PER_NODE)])),
  coresPerWorker: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(MAX_CORES))),
  memPerWorker: v.optional(memory),
  availableAccelerators: v.optional(v.union([
    v.literal("auto"),
    integer(0, MAX_WORKERS_PER_NODE),
    v.pipe(v.array(v.union([filled, integer(0, MAX_CORES)])), v.maxLength(MAX_WORKERS_PER_NODE)),
  ])),
  cpuAffinity: v.optional(v.union([
    v.picklist(CPU_AFFINITIES),
    v.pipe(
      v.array(v.pipe(v.string(), v.check(isCpuList))),
      v.minLength(1),
      v.maxLength(MAX_WORKERS_PER_NODE),
    ),
  ])),
  prefetch: v.optional(integer(0, MAX_PREFETCH)),
  maxAttempts: v.optional(integer(1, MAX_ATTEMPTS)),
  maxResultBytes: v.optional(integer(1, MAX_BLOB_BYTES)),
  walltime: v.optional(duration),
  idleTime: v.optional(duration),
  provider: v.optional(ProviderSchema),
  mpiLauncher: v.optional(v.picklist(MPI_LAUNCHERS)),
  address: v.optional(v.pipe(filled, v.check(isAddressOrInterface))),
  portRange: v.optional(
    v.pipe(v.tuple([port, port]), v.check(([first, last]) => first <= last)),
  ),
  reattachTimeout: v.optional(duration),
  runtimes: v.optional(section({
    typescript: v.optional(switchable(section({
      permissions: v.optional(section({
        read: v.optional(permission),
        write: v.optional(permission),
        net: v.optional(permission),
        env: v.optional(permission),
        run: v.optional(permission),
        sys: v.optional(permission),
      })),
    }))),
    python: v.optional(switchable(section({ interpreter: v.optional(filled) }))),
    shell: v.optional(switchable(section({ shell: v.optional(path) }))),
  })),
  container: v.optional(ContainerSchema),
  workerInit: v.optional(text),
  environment: v.optional(v.record(v.pipe(v.string(), v.regex(VARIABLE_NAME)), text)),
  sandbox: v.optional(v.boolean()),
  workingFolder: v.optional(filled),
});

/** Every key may be left out but some of a provider that is named; `resolve.ts` has the defaults. */
export const ProfileSchema = section({
  displayName: v.optional(v.pipe(filled, v.maxLength(MAX_NAME_LENGTH))),
  description: v.optional(v.pipe(text, v.maxLength(MAX_DESCRIPTION_LENGTH))),
  site: v.optional(v.pipe(v.string(), v.regex(ONE_LINE), v.maxLength(MAX_NAME_LENGTH))),
  service: v.optional(v.pipe(v.string(), v.check(isServiceUrl))),
  stateDir: v.optional(filled),
  executor: v.optional(ExecutorSchema),
  allowedFunctions: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.check(isUuid))), v.maxLength(MAX_IDS_PER_REQUEST)),
  ),
  public: v.optional(v.boolean()),
  logLevel: v.optional(v.picklist(["debug", "info", "warning", "error"])),
});

/** Checked against the schema, defaults not yet filled in. */
export type RawProfile = v.InferOutput<typeof ProfileSchema>;
