/** `executor.provider` as a user writes it: for each type the keys that mean something there. */
import * as v from "valibot";
import { MAX_BLOCKS, MAX_NODES_PER_BLOCK } from "../contract/limits.ts";
import { duration, filled, integer, isObject, memory, section, text } from "./schema_pieces.ts";

/**
 * What may stand in a directive as it is: printable ASCII without white space, and without the
 * characters that quote, comment, expand or escape in one of the schedulers.
 */
const word = v.pipe(
  v.string(),
  v.maxLength(1_000),
  v.regex(/^(?!-)[!%&()*+,\-./0-9:=?@A-Z[\]^_a-z{|}~]+$/),
);

/** Options or a command: words, or a text that is split at white space. */
const words = v.union([filled, v.array(filled)]);
const command = v.pipe(v.array(filled), v.minLength(1));

/** Lines of which each has to be one of the scheduler's, or empty. */
const lines = (line: RegExp) =>
  v.pipe(text, v.check((value) => value.split("\n").every((one) => one === "" || line.test(one))));

/** No control characters, which end a line in some readers. */
const directive = (prefix: string) => lines(new RegExp(`^#${prefix}[ \\t](\\t|\\P{Cc})*$`, "u"));

/** `name = value`, where a backslash at the end would draw the next line in. */
const SUBMIT_COMMAND = /^((\+|MY\.)?[A-Za-z_][\w.]*\s*=|#)(\t|\P{Cc})*$/u;
const submitDescription = lines(new RegExp(`(?!.*\\\\\\s*$)${SUBMIT_COMMAND.source}`, "u"));

/** A name of Kubernetes: a DNS subdomain, RFC 1123. */
const dnsName = v.pipe(v.string(), v.maxLength(253), v.regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/));
/** A label's key and value, or a resource: an optional prefix and a name. */
const labelKey = v.pipe(
  v.string(),
  v.maxLength(317),
  v.regex(/^([a-z0-9][-a-z0-9.]*\/)?[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/),
);
const labelValue = v.pipe(
  v.string(),
  v.maxLength(63),
  v.regex(/^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/),
);

const count = integer(0, MAX_BLOCKS);

const BLOCKS = {
  initBlocks: v.optional(count),
  minBlocks: v.optional(count),
  maxBlocks: v.optional(integer(1, MAX_BLOCKS)),
  parallelism: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  maxIdleTime: v.optional(duration),
  pollInterval: v.optional(duration),
  cmdTimeout: v.optional(duration),
  nodesPerBlock: v.optional(integer(1, MAX_NODES_PER_BLOCK)),
  walltime: v.optional(duration),
};

const CORES_AND_MEMORY = {
  coresPerNode: v.optional(integer(1, 100_000)),
  memPerNode: v.optional(memory),
};

const RESOURCES = { ...CORES_AND_MEMORY, gpusPerNode: v.optional(integer(0, 1_000)) };

export const LAUNCHERS = ["single", "srun", "mpiexec", "jsrun", "aprun", "ssh", "wrapped"] as const;

const launcherOf = {
  other: section({
    type: v.picklist(["single", "srun", "mpiexec", "jsrun", "aprun", "ssh"]),
    overrides: v.optional(words),
  }),
  wrapped: section({ type: v.literal("wrapped"), command: words }),
};

type RawLauncher =
  | v.InferOutput<typeof launcherOf.other>
  | v.InferOutput<typeof launcherOf.wrapped>;

const launcher: v.GenericSchema<unknown, RawLauncher> = v.lazy((input) =>
  typeOf(input) === "wrapped" ? launcherOf.wrapped : launcherOf.other
);

const LAUNCHED = { launcher: v.optional(launcher) };

/** The keys of each type. */
export const PROVIDER_ENTRIES = {
  local: { type: v.literal("local") },
  slurm: {
    type: v.literal("slurm"),
    ...BLOCKS,
    ...RESOURCES,
    ...LAUNCHED,
    partition: v.optional(word),
    account: v.optional(word),
    qos: v.optional(word),
    constraint: v.optional(word),
    reservation: v.optional(word),
    gres: v.optional(word),
    exclusive: v.optional(v.boolean()),
    schedulerOptions: v.optional(directive("SBATCH")),
  },
  pbs: {
    type: v.literal("pbs"),
    ...BLOCKS,
    ...RESOURCES,
    ...LAUNCHED,
    queue: v.optional(word),
    account: v.optional(word),
    selectOptions: v.optional(word),
    exclusive: v.optional(v.boolean()),
    schedulerOptions: v.optional(directive("PBS")),
  },
  lsf: {
    type: v.literal("lsf"),
    ...BLOCKS,
    ...RESOURCES,
    ...LAUNCHED,
    queue: v.optional(word),
    account: v.optional(word),
    reservation: v.optional(word),
    exclusive: v.optional(v.boolean()),
    schedulerOptions: v.optional(directive("BSUB")),
  },
  sge: {
    type: v.literal("sge"),
    ...BLOCKS,
    ...CORES_AND_MEMORY,
    ...LAUNCHED,
    queue: v.optional(word),
    account: v.optional(word),
    reservation: v.optional(word),
    parallelEnvironment: v.optional(word),
    schedulerOptions: v.optional(directive("\\$")),
  },
  htcondor: {
    type: v.literal("htcondor"),
    ...BLOCKS,
    ...RESOURCES,
    account: v.optional(word),
    requirements: v.optional(v.pipe(filled, v.regex(/^\P{Cc}*[^\\\s\p{Cc}]$/u))),
    transferFiles: v.optional(v.boolean()),
    schedulerOptions: v.optional(submitDescription),
  },
  kubernetes: {
    type: v.literal("kubernetes"),
    ...BLOCKS,
    ...RESOURCES,
    image: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.\-\/:@]*$/)),
    namespace: v.optional(dnsName),
    program: v.optional(filled),
    serviceAccount: v.optional(dnsName),
    imagePullSecret: v.optional(dnsName),
    coresLimit: v.optional(integer(1, 100_000)),
    memLimit: v.optional(memory),
    gpuResource: v.optional(labelKey),
    nodeSelector: v.optional(v.record(labelKey, labelValue)),
    volumes: v.optional(v.record(dnsName, v.pipe(text, v.startsWith("/")))),
  },
  exec: {
    type: v.literal("exec"),
    ...BLOCKS,
    ...LAUNCHED,
    submit: command,
    status: command,
    cancel: command,
    schedulerOptions: v.optional(directive("[^!\\s]*")),
  },
} satisfies Record<string, v.ObjectEntries>;

export type ProviderType = keyof typeof PROVIDER_ENTRIES;

export const PROVIDER_TYPES = Object.keys(PROVIDER_ENTRIES) as readonly ProviderType[];

type Output<T extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<T, undefined>>;

export type RawProvider = {
  [T in ProviderType]: Output<(typeof PROVIDER_ENTRIES)[T]>;
}[ProviderType];

/** Which keys belong there is known only with a type, so of others nothing is said without one. */
const untyped = v.pipe(
  v.custom(isObject),
  v.looseObject({ type: v.picklist(PROVIDER_TYPES) }),
) as unknown as v.GenericSchema<unknown, RawProvider>;

const SCHEMAS = new Map(
  Object.entries(PROVIDER_ENTRIES).map(([type, entries]) => [
    type,
    section(entries as v.ObjectEntries) as unknown as v.GenericSchema<unknown, RawProvider>,
  ]),
);

export const ProviderSchema: v.GenericSchema<unknown, RawProvider> = v.lazy((input) =>
  SCHEMAS.get(providerType(input) ?? "") ?? untyped
);

/** The type that an object names, if it is one. */
export function providerType(input: unknown): ProviderType | undefined {
  return PROVIDER_TYPES.find((type) => type === typeOf(input));
}

function typeOf(input: unknown): unknown {
  return isObject(input) ? (input as { readonly type?: unknown }).type : undefined;
}
