/** What a message says of each key of `executor.provider`; see `keys.ts`. */
import { MAX_BLOCKS, MAX_NODES_PER_BLOCK } from "../contract/limits.ts";
import type { KeyHelp } from "./keys.ts";
import { LAUNCHERS, PROVIDER_TYPES, type ProviderType } from "./provider_schema.ts";

function alternatives(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

function duration(usual: string): KeyHelp {
  return {
    expected: '"HH:MM:SS" or a number of seconds, more than 0',
    mend: `Write one hour as "01:00:00", or leave it out for ${usual}.`,
  };
}

function word(what: string, example: string): KeyHelp {
  return {
    expected: `${what}: one word without quotes and without \\ # $ ; < > and "-" at its beginning`,
    mend: `Write it as "${example}", or leave it out.`,
  };
}

function name(what: string, example: string): KeyHelp {
  return { expected: `the name of ${what}`, mend: `Write it as "${example}".` };
}

const MEMORY: KeyHelp = {
  expected: 'a number of gibibytes, or one with its unit, such as "512M", "4G" or "1T"',
  mend: 'Write four gibibytes as 4 or "4G", or leave it out.',
};

const COUNT: KeyHelp = {
  expected: `a whole number from 0 to ${MAX_BLOCKS}`,
  mend: "Write it without quotes, or leave it out for 0.",
};

const WORDS: KeyHelp = {
  expected: "a string that is split at white space, or an array of words",
  mend: 'Write it as "--depth=64 -v", or as ["--depth=64", "-v"] for words with spaces.',
};

function command(example: string): readonly [KeyHelp, KeyHelp] {
  return [
    { expected: "an array of words, the program first", mend: `Write it as ${example}.` },
    { expected: "a string that is not empty", mend: `Write the command as ${example}.` },
  ];
}

const [SUBMIT, SUBMIT_WORD] = command('["my-submit", "{script}"]');
const [STATUS, STATUS_WORD] = command('["my-status", "{jobs}"]');
const [CANCEL, CANCEL_WORD] = command('["my-cancel", "{jobs}"]');

/** By the key's name under `executor.provider`. */
export const PROVIDER_KEYS: Readonly<Record<string, KeyHelp>> = {
  type: {
    expected: alternatives(PROVIDER_TYPES),
    mend: 'Write { type: "local" } for workers on this machine.',
  },
  initBlocks: COUNT,
  minBlocks: COUNT,
  maxBlocks: {
    expected: `a whole number from 1 to ${MAX_BLOCKS}`,
    mend: "Write it without quotes, or leave it out for 1.",
  },
  parallelism: {
    expected: "a number from 0 to 1",
    mend: "Write 1 for as many workers as there are tasks, 0.5 for half of them.",
  },
  maxIdleTime: duration("two minutes"),
  pollInterval: duration("20 seconds"),
  cmdTimeout: duration("one minute"),
  nodesPerBlock: {
    expected: `a whole number from 1 to ${MAX_NODES_PER_BLOCK}`,
    mend: "Leave it out for 1.",
  },
  walltime: duration("half an hour"),
  coresPerNode: {
    expected: "a whole number from 1 to 100000",
    mend: "Leave it out for what the scheduler gives.",
  },
  memPerNode: MEMORY,
  gpusPerNode: {
    expected: "a whole number from 0 to 1000",
    mend: "Leave it out for none; a kind of accelerator is named in gres or schedulerOptions.",
  },
  launcher: { expected: "an object", mend: 'Write it as { type: "srun" }, or leave it out.' },
  "launcher.type": {
    expected: alternatives(LAUNCHERS),
    mend: 'Write { type: "single" } for a manager on the first node only.',
  },
  "launcher.overrides": WORDS,
  "launcher.overrides.*": WORDS,
  "launcher.command": {
    expected: "the words before the manager's command line, as a string or an array",
    mend: 'Write it as "mpirun -np 4" or ["mpirun", "-np", "4"].',
  },
  partition: word("a partition", "gpu"),
  queue: word("a queue", "debug"),
  account: word("an account, project or allocation", "abc123"),
  qos: word("a quality of service", "normal"),
  constraint: word("features of nodes", "a100&hbm80g"),
  reservation: word("a reservation", "workshop"),
  gres: word("generic resources", "gpu:a100:4"),
  selectOptions: word("what is added to `select`", "ngpus=4:model=rome"),
  parallelEnvironment: word("a parallel environment", "mpi"),
  exclusive: { expected: "true or false", mend: "Write it without quotes." },
  schedulerOptions: {
    expected: "lines of the scheduler's own options",
    mend: 'Write each in a line of its own, such as "#SBATCH --mail-type=END".',
  },
  requirements: {
    expected: "an expression in one line",
    mend: 'Write it as "HAS_SINGULARITY == True", or leave it out.',
  },
  transferFiles: { expected: "true or false", mend: "Write it without quotes." },
  image: {
    expected: "the name of a container image",
    mend: 'Write it as "ghcr.io/example/worker:1.0"; it has to have this program in it.',
  },
  namespace: name("a namespace", "science"),
  program: {
    expected: "the path or name of this program in the image",
    mend: 'Write it as "/opt/funcx/funcx-endpoint", or leave it out.',
  },
  serviceAccount: name("a service account", "funcx"),
  imagePullSecret: name("a secret", "registry-login"),
  coresLimit: {
    expected: "a whole number from 1 to 100000",
    mend: "Leave it out for no limit.",
  },
  memLimit: MEMORY,
  gpuResource: {
    expected: "the name of a resource",
    mend: 'Write it as "amd.com/gpu", or leave it out for "nvidia.com/gpu".',
  },
  nodeSelector: {
    expected: "an object of labels",
    mend: 'Write it as { "example.org/kind": "compute" }.',
  },
  "nodeSelector.*": { expected: "a label's value", mend: 'Write it in quotes, such as "compute".' },
  volumes: {
    expected: "an object of absolute paths by the name of a claim",
    mend: 'Write it as { "project-data": "/data" }.',
  },
  "volumes.*": { expected: "an absolute path in the pod", mend: 'Write it as "/data".' },
  submit: SUBMIT,
  "submit.*": SUBMIT_WORD,
  status: STATUS,
  "status.*": STATUS_WORD,
  cancel: CANCEL,
  "cancel.*": CANCEL_WORD,
};

function optionLines(prefix: string, option: string): KeyHelp {
  return {
    expected: `lines that begin with ${prefix}`,
    mend: `Write "${prefix} ${option}", and put "\\n" between several.`,
  };
}

/** What is to be said for one type in place of {@link PROVIDER_KEYS}. */
const OF_TYPE: Readonly<Partial<Record<ProviderType, Readonly<Record<string, KeyHelp>>>>> = {
  slurm: { schedulerOptions: optionLines("#SBATCH", "--mail-type=END") },
  pbs: { schedulerOptions: optionLines("#PBS", "-l filesystems=home") },
  lsf: { schedulerOptions: optionLines("#BSUB", "-alloc_flags smt4") },
  sge: { schedulerOptions: optionLines("#$", "-l gpu=1") },
  exec: { schedulerOptions: optionLines("#NAME", "option") },
  htcondor: {
    schedulerOptions: {
      expected: "lines `name = value` of a submit description",
      mend: 'Write it as "+ProjectName = \\"example\\"", and put "\\n" between several.',
    },
  },
};

export function providerKeyHelp(type: ProviderType | undefined, key: string): KeyHelp | undefined {
  return (type && OF_TYPE[type]?.[key]) ?? PROVIDER_KEYS[key];
}

/**
 * What users of other schedulers, and of Parsl, write for a key: its name here by type, or how to
 * get there without one.
 */
export function meantBy(type: ProviderType, written: string): string | undefined {
  const key = written.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const meant = MEANT[type]?.[key] ?? (type === "local" ? undefined : MEANT_ANYWHERE[key]);
  if (meant === undefined) return undefined;
  return meant.includes(" ") ? meant : `Write "${meant}" for it.`;
}

const IN_OPTIONS = "Write it into schedulerOptions as your site does.";
const NO_LAUNCHER = "Leave it out: the scheduler itself starts a manager on each node.";
const NO_SCRIPT = "Leave it out; a pod is described by the other keys.";

const MEANT_ANYWHERE: Readonly<Record<string, string>> = {
  cpusPerNode: "coresPerNode",
  project: "account",
  allocation: "account",
  gpus: "gpusPerNode",
  memory: "memPerNode",
  interface: "Write it as executor.address.",
  maxWorkersPerNode: "Write it as executor.workersPerNode.",
  coresPerWorker: "Write it as executor.coresPerWorker.",
  memPerWorker: "Write it as executor.memPerWorker.",
  availableAccelerators: "Write it as executor.availableAccelerators.",
  cpuAffinity: "Write it as executor.cpuAffinity.",
};

const MEANT: Readonly<Partial<Record<ProviderType, Readonly<Record<string, string>>>>> = {
  slurm: {
    queue: "partition",
    selectOptions: "constraint",
    requirements: "constraint",
    parallelEnvironment: "Leave it out; nodesPerBlock says how many nodes there are.",
  },
  pbs: {
    partition: "queue",
    constraint: "selectOptions",
    gres: "selectOptions",
    reservation: "Write it as the queue: PBS makes a queue of a reservation's name.",
    qos: IN_OPTIONS,
    parallelEnvironment: "Leave it out; nodesPerBlock says how many nodes there are.",
  },
  lsf: {
    partition: "queue",
    constraint: IN_OPTIONS,
    selectOptions: IN_OPTIONS,
    gres: "gpusPerNode",
    qos: IN_OPTIONS,
  },
  sge: {
    partition: "queue",
    constraint: IN_OPTIONS,
    gres: IN_OPTIONS,
    gpusPerNode: IN_OPTIONS,
    exclusive: IN_OPTIONS,
    qos: IN_OPTIONS,
  },
  htcondor: {
    constraint: "requirements",
    launcher: NO_LAUNCHER,
    partition: "requirements",
    queue: "requirements",
    gres: "gpusPerNode",
  },
  kubernetes: {
    constraint: "nodeSelector",
    launcher: NO_LAUNCHER,
    schedulerOptions: NO_SCRIPT,
    secret: "imagePullSecret",
    maxCpu: "coresLimit",
    maxMem: "memLimit",
    initCpu: "coresPerNode",
    initMem: "memPerNode",
  },
  exec: {
    queue: IN_OPTIONS,
    partition: IN_OPTIONS,
    account: IN_OPTIONS,
    coresPerNode: IN_OPTIONS,
    memPerNode: IN_OPTIONS,
    gpusPerNode: IN_OPTIONS,
  },
};
