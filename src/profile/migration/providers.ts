/** Providers of Parsl, each as one of a profile. Their keys and defaults are those of Parsl's sources. */
import type { ProviderType } from "../provider_schema.ts";
import { type Draft, type Entry, follow, refused, type Rule, type Rules } from "./draft.ts";
import { takeLauncher } from "./launchers.ts";
import { type OldMap, plainOf } from "./old_value.ts";
import { addOptions, takeSchedulerOptions } from "./scheduler_options.ts";
import { memoryOf, shellLinesOf, walltimeOf, wholeCores, wordOf } from "./values.ts";

const PROVIDER = "executor.provider";

const to = (name: string, as?: Extract<Rule, { to: string }>["as"]): Rule => ({
  to: `${PROVIDER}.${name}`,
  as,
});
const word = (name: string): Rule => to(name, wordOf);
const ASKED = "How the scheduler is asked is known here.";
const HERE = "Start the endpoint on the machine that has the scheduler's commands.";

const WORKER_INIT: Rules = { worker_init: { to: "executor.workerInit", as: shellLinesOf } };

const BLOCKS: Rules = {
  ...WORKER_INIT,
  init_blocks: to("initBlocks"),
  min_blocks: to("minBlocks"),
  max_blocks: to("maxBlocks"),
  nodes_per_block: to("nodesPerBlock"),
  parallelism: to("parallelism"),
  walltime: to("walltime", walltimeOf),
  cmd_timeout: to("cmdTimeout"),
  launcher: { by: takeLauncher },
  move_files: { unneeded: "Nodes find the program by themselves, or get it." },
  linger: { unneeded: "Blocks are ended with the endpoint." },
  channel: {
    by: (draft, entry) => {
      const isHere = entry.value.kind === "map" && entry.value.type === "LocalChannel";
      draft.note(isHere ? "not-needed" : "no-equivalent", entry, HERE);
    },
  },
};

const options = (type: ProviderType): Rules => ({
  scheduler_options: {
    by: (draft, entry) => {
      if (!refused(draft, entry, `${PROVIDER}.schedulerOptions`)) {
        takeSchedulerOptions(draft, entry, type);
      }
    },
  },
});

interface OldProvider {
  readonly type: ProviderType;
  readonly rules: Rules;
  /** Where nobody said anything; undefined where there are no such jobs. */
  readonly defaults?: {
    readonly walltime?: string;
    readonly initBlocks: number;
    readonly maxBlocks?: number;
  };
}

const SLURM: OldProvider = {
  type: "slurm",
  defaults: { walltime: "00:10:00", initBlocks: 1 },
  rules: {
    ...BLOCKS,
    ...options("slurm"),
    partition: word("partition"),
    account: word("account"),
    qos: word("qos"),
    constraint: word("constraint"),
    cores_per_node: to("coresPerNode"),
    mem_per_node: to("memPerNode"),
    gpus_per_node: to("gpusPerNode"),
    gres: word("gres"),
    exclusive: to("exclusive"),
    clusters: {
      by: (draft, entry) =>
        addOptions(draft, [`#SBATCH --clusters=${plainOf(entry.value)}`], entry),
    },
    regex_job_id: { unneeded: ASKED },
    status_batch_size: { unneeded: ASKED },
  },
};

const PBS: OldProvider = {
  type: "pbs",
  defaults: { walltime: "00:20:00", initBlocks: 1 },
  rules: {
    ...BLOCKS,
    ...options("pbs"),
    account: word("account"),
    queue: word("queue"),
    select_options: word("selectOptions"),
    cpus_per_node: to("coresPerNode"),
  },
};

const LSF: OldProvider = {
  type: "lsf",
  defaults: { walltime: "00:10:00", initBlocks: 1 },
  rules: {
    ...BLOCKS,
    ...options("lsf"),
    project: word("account"),
    queue: word("queue"),
    cores_per_node: to("coresPerNode"),
    cores_per_block: { none: `Write the cores of one node as ${PROVIDER}.coresPerNode.` },
    bsub_redirection: { unneeded: ASKED },
    request_by_nodes: { unneeded: "Blocks are always whole numbers of nodes." },
  },
};

const SGE: OldProvider = {
  type: "sge",
  defaults: { walltime: "00:10:00", initBlocks: 1 },
  rules: { ...BLOCKS, ...options("sge"), queue: word("queue") },
};

const CONDOR: OldProvider = {
  type: "htcondor",
  defaults: { walltime: "00:10:00", initBlocks: 1 },
  rules: {
    ...BLOCKS,
    ...options("htcondor"),
    cores_per_slot: to("coresPerNode", wholeCores),
    mem_per_slot: to("memPerNode"),
    requirements: word("requirements"),
    project: {
      by: (draft, entry) =>
        addOptions(
          draft,
          [`+ProjectName = ${JSON.stringify(String(plainOf(entry.value)))}`],
          entry,
        ),
    },
    environment: { to: "executor.environment" },
    transfer_input_files: {
      none:
        `Nodes that share no files get the program by ${PROVIDER}.transferFiles: true; other files go into the task.`,
    },
    launcher: { unneeded: "Each node of a block is a process of its own." },
    cmd_chunk_size: { unneeded: ASKED },
  },
};

const KUBERNETES: OldProvider = {
  type: "kubernetes",
  defaults: { initBlocks: 4, maxBlocks: 10 },
  rules: {
    ...BLOCKS,
    image: {
      by: (draft, entry) => {
        if (refused(draft, entry, `${PROVIDER}.image`)) return;
        draft.set(`${PROVIDER}.image`, plainOf(entry.value), {
          key: entry.key,
          place: entry.value.place,
        });
        draft.note("changed", entry, "The image has to have funcx-endpoint in it.");
      },
    },
    namespace: word("namespace"),
    init_cpu: to("coresPerNode", wholeCores),
    max_cpu: to("coresLimit", wholeCores),
    init_mem: to("memPerNode", memoryOf),
    max_mem: to("memLimit", memoryOf),
    secret: word("imagePullSecret"),
    service_account_name: word("serviceAccount"),
    persistent_volumes: to(
      "volumes",
      (value) => Array.isArray(value) ? Object.fromEntries(value) : value,
    ),
    pod_name: { unneeded: "Pods are named by their blocks." },
    incluster_config: { unneeded: "kubectl finds its configuration." },
    user_id: { none: "The image, or a policy of the namespace, says as whom it runs." },
    group_id: { none: "The image, or a policy of the namespace, says as whom it runs." },
    run_as_non_root: { none: "The image, or a policy of the namespace, says as whom it runs." },
    annotations: { none: "Have them added by a policy of the namespace." },
    extra_requests: {
      none: `Accelerators are ${PROVIDER}.gpusPerNode with ${PROVIDER}.gpuResource.`,
    },
    extra_limits: {
      none: `Accelerators are ${PROVIDER}.gpusPerNode with ${PROVIDER}.gpuResource.`,
    },
  },
};

const ALL_ALONG: Rule = { unneeded: "Workers run on this machine all along." };

const LOCAL: OldProvider = {
  type: "local",
  rules: {
    ...WORKER_INIT,
    init_blocks: ALL_ALONG,
    min_blocks: ALL_ALONG,
    nodes_per_block: ALL_ALONG,
    parallelism: ALL_ALONG,
    walltime: ALL_ALONG,
    cmd_timeout: ALL_ALONG,
    move_files: ALL_ALONG,
    launcher: ALL_ALONG,
    channel: BLOCKS.channel,
    max_blocks: {
      by: (draft, entry) => {
        const blocks = plainOf(entry.value);
        if (typeof blocks !== "number" || blocks <= 1) {
          return draft.note("not-needed", entry, ALL_ALONG.unneeded);
        }
        draft.note(
          "no-equivalent",
          entry,
          `There is one block on this machine. Write ${blocks} times the workers as executor.workersPerNode for as many.`,
        );
      },
    },
  },
};

/** Schedulers without a provider: a profile calls their commands. */
function called(directives: Readonly<Record<string, (value: unknown) => string>>): OldProvider {
  const spoken = Object.entries(directives).map(([key, line]): [string, Rule] => [key, {
    by: (draft, entry) => {
      if (!refused(draft, entry, `${PROVIDER}.schedulerOptions`)) {
        addOptions(draft, [line(plainOf(entry.value))], entry);
      }
    },
  }]);
  return {
    type: "exec",
    defaults: { walltime: "00:20:00", initBlocks: 1 },
    rules: { ...BLOCKS, ...options("exec"), ...Object.fromEntries(spoken) },
  };
}

/** Whose options in the head of a script are those of PBS before it selected chunks. */
const TORQUE = called({ queue: (name) => `#PBS -q ${name}`, account: (name) => `#PBS -A ${name}` });
const COBALT = called({
  queue: (name) => `#COBALT -q ${name}`,
  account: (name) => `#COBALT -A ${name}`,
});
const CLOUD = called({});

const PROVIDERS: Readonly<Record<string, OldProvider>> = {
  LocalProvider: LOCAL,
  SlurmProvider: SLURM,
  PBSProProvider: PBS,
  LSFProvider: LSF,
  GridEngineProvider: SGE,
  CondorProvider: CONDOR,
  KubernetesProvider: KUBERNETES,
  TorqueProvider: TORQUE,
  CobaltProvider: COBALT,
};

/** `provider` of an engine. */
export function takeProvider(draft: Draft, entry: Entry): void {
  const { value } = entry;
  if (value.kind !== "map" || value.type === undefined) {
    if (!refused(draft, entry, PROVIDER)) {
      draft.note("not-read", entry, `It names no type. Write it as ${PROVIDER}.`);
    }
    return begin(draft, CLOUD, entry);
  }
  const known = Object.hasOwn(PROVIDERS, value.type) ? PROVIDERS[value.type] : CLOUD;
  begin(draft, known, entry);
  follow(known.rules, draft, value, entry.key);
  finish(draft, known, value, entry);
}

/** The type stands first, and with it what its user has to say. */
function begin(draft: Draft, { type }: OldProvider, entry: Entry): void {
  draft.set(`${PROVIDER}.type`, type, { key: entry.key, place: entry.value.place });
  if (type !== "exec") return;
  draft.set(`${PROVIDER}.submit`, ["<SUBMIT_COMMAND>", "{script}"]);
  draft.set(`${PROVIDER}.status`, ["<STATUS_COMMAND>", "{jobs}"]);
  draft.set(`${PROVIDER}.cancel`, ["<CANCEL_COMMAND>", "{jobs}"]);
  const NO_PROVIDER =
    'There is no provider for it. The type "exec" calls commands of yours: name those ' +
    "that submit, ask and cancel, as profile.d.ts explains.";
  draft.note("no-equivalent", entry, NO_PROVIDER);
}

function finish(draft: Draft, { type, defaults }: OldProvider, old: OldMap, { key }: Entry): void {
  if (type === "kubernetes" && draft.get(`${PROVIDER}.image`) === undefined) {
    draft.set(`${PROVIDER}.image`, "<IMAGE>");
  }
  if (type === "sge") finishGridEngine(draft);
  if (defaults === undefined) return;
  const was = `the default of ${old.type}`;
  draft.assume(`${PROVIDER}.initBlocks`, defaults.initBlocks, `${key}.init_blocks`, was);
  if (defaults.maxBlocks !== undefined) {
    draft.assume(`${PROVIDER}.maxBlocks`, defaults.maxBlocks, `${key}.max_blocks`, was);
  }
  if (defaults.walltime !== undefined) {
    draft.assume(`${PROVIDER}.walltime`, defaults.walltime, `${key}.walltime`, was);
  }
  if (type === "slurm") draft.assume(`${PROVIDER}.exclusive`, true, `${key}.exclusive`, was);
  raiseMost(draft);
}

/** A profile's maximum counts the first blocks; Parsl's did not. */
function raiseMost(draft: Draft): void {
  const [first, most] = ["initBlocks", "maxBlocks"].map((name) => draft.get(`${PROVIDER}.${name}`));
  if (typeof first === "number" && typeof most === "number" && first > most && most > 0) {
    draft.set(`${PROVIDER}.initBlocks`, most);
  }
}

/** `-pe NAME CORES` among the options has keys of its own. */
function finishGridEngine(draft: Draft): void {
  const lines = String(draft.get(`${PROVIDER}.schedulerOptions`) ?? "").split("\n").filter((line) =>
    line !== ""
  );
  const asked = lines.map((line) => /^#\$\s+-pe\s+(\S+)\s+(\d+)\s*$/.exec(line)).find((match) =>
    match !== null
  );
  const nodes = Number(draft.get(`${PROVIDER}.nodesPerBlock`) ?? 1);
  if (asked !== undefined) {
    const rest = lines.filter((line) => line !== asked[0]);
    draft.set(`${PROVIDER}.parallelEnvironment`, asked[1]);
    draft.set(`${PROVIDER}.coresPerNode`, Math.ceil(Number(asked[2]) / Math.max(1, nodes)));
    draft.set(`${PROVIDER}.schedulerOptions`, rest.length === 0 ? undefined : rest.join("\n"));
  } else if (nodes > 1) draft.set(`${PROVIDER}.parallelEnvironment`, "<PARALLEL_ENVIRONMENT>");
}
