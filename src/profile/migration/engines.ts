/** `engine` of Globus Compute and executors of funcX: how tasks are run. */
import { type Draft, type Entry, follow, refused, type Rule, type Rules } from "./draft.ts";
import { type OldMap, type OldValue, plainOf } from "./old_value.ts";
import { takeProvider } from "./providers.ts";
import { affinityOf, folderOf, wordOf, wordsOf } from "./values.ts";

const to = (name: string, as?: Extract<Rule, { to: string }>["as"]): Rule => ({
  to: `executor.${name}`,
  as,
});

const LINK: Rule = { unneeded: "Managers and the agent notice each other's loss by themselves." };
const ENCRYPTED: Rule = { unneeded: "What managers say is always encrypted." };
const WORKERS = "Each worker is a process of its own.";

const CONTAINER_TYPES = new Set(["apptainer", "singularity", "docker", "podman"]);

const NODES_DECIDE = "Tasks say how many nodes they take; as many run as there are nodes for.";

/** Under each name that one of the engines has for it. */
const ENGINE: Rules = {
  label: { unneeded: "An endpoint has one engine." },
  executor: { by: takeInner },
  provider: { by: takeProvider },
  max_workers_per_node: { ...to("workersPerNode", workersOf), isFirst: true },
  max_workers: to("workersPerNode", workersOf),
  max_threads: to("workersPerNode", workersOf),
  max_workers_per_block: { none: NODES_DECIDE },
  cores_per_worker: to("coresPerWorker"),
  mem_per_worker: to("memPerWorker"),
  available_accelerators: to("availableAccelerators"),
  cpu_affinity: to("cpuAffinity", affinityOf),
  prefetch_capacity: to("prefetch"),
  max_retries_on_system_failure: to("maxAttempts", attemptsOf),
  mpi_launcher: to("mpiLauncher"),
  address: { by: takeAddress },
  worker_port_range: to("portRange"),
  worker_port: { ...to("portRange", (value) => [value, value]), isFirst: true },
  worker_ports: {
    ...to(
      "portRange",
      (value) => Array.isArray(value) ? [Math.min(...value), Math.max(...value)] : value,
    ),
    isFirst: true,
  },
  interchange_port_range: { unneeded: "The agent has no interchange beside it." },
  loopback_address: { unneeded: "The agent has no interchange beside it." },
  run_in_sandbox: to("sandbox"),
  working_dir: to("workingFolder", folderOf),
  worker_logdir_root: { none: "Logs stand in the endpoint's folder; stateDir moves it." },
  log_dir: { none: "Logs stand in the endpoint's folder; stateDir moves it." },
  container_type: { by: takeContainerType },
  container_uri: to("container.image", imageOf),
  container_image: to("container.image", imageOf),
  container_cmd_options: to("container.options", wordsOf),
  strategy: { by: takeStrategy },
  job_status_kwargs: { by: (draft, { key, value }) => takeStatus(draft, key, value) },
  max_idletime: to("provider.maxIdleTime"),
  encrypted: ENCRYPTED,
  heartbeat_period: LINK,
  heartbeat_threshold: LINK,
  poll_period: LINK,
  address_probe_timeout: LINK,
  drain_period: {
    none: "A block takes tasks until its walltime; what still runs then runs again elsewhere.",
  },
  worker_debug: { to: "logLevel", as: (value) => value === true ? "debug" : undefined },
  scheduler_mode: { unneeded: WORKERS },
  worker_mode: { unneeded: WORKERS },
  scaling_enabled: {
    unneeded: "There are as many blocks as tasks need, from minBlocks to maxBlocks.",
  },
  allowed_serializers: { unneeded: "Nothing is unpickled outside a worker." },
  storage_access: { none: "Files come with a task as its arguments." },
  launch_cmd: { unneeded: "The program starts its own managers." },
  interchange_launch_cmd: { unneeded: "The agent has no interchange beside it." },
  manager_selector: { unneeded: "Tasks go to the manager that has room." },
  block_error_handler: {
    unneeded: "Blocks that fail one after the other are asked for more and more slowly.",
  },
  enable_mpi_mode: { unneeded: "Every endpoint takes tasks of several nodes." },
  monitor_resources: { unneeded: "The portal shows what workers use." },
  managed: { unneeded: "Blocks are always looked after." },
};

const HERE_ONLY = new Set(["ThreadPoolEngine", "ProcessPoolEngine", "ThreadPoolExecutor"]);

/** The engine, whatever its class. */
export function takeEngine(draft: Draft, entry: Entry): void {
  const { value } = entry;
  if (value.kind !== "map") {
    if (!refused(draft, entry, "executor")) {
      draft.note("not-read", entry, "Write what it says as executor.");
    }
    return;
  }
  const { type = "GlobusComputeEngine" } = value;
  if (!HERE_ONLY.has(type) && !ENGINES.test(type)) {
    draft.note(
      "no-equivalent",
      entry,
      "This engine is not known; its keys are read as those of GlobusComputeEngine.",
    );
  }
  follow(ENGINE, draft, value, entry.key);
  finish(draft, type);
  if (runsRanks(value)) finishRanks(draft, type, value, entry.key);
}

const ENGINES =
  /^(GlobusCompute|GlobusMPI|HighThroughput)Engine$|^(HighThroughput|MPI|GlobusCompute)Executor$/;

function finish(draft: Draft, type: string): void {
  if (draft.get("executor.workersPerNode") === undefined && !/MPI/.test(type)) {
    draft.set("executor.workersPerNode", "auto");
  }
  if (draft.get("executor.provider.type") === undefined) {
    draft.set("executor.provider.type", "local");
  }
  const container = draft.get("executor.container");
  if (container !== undefined && draft.get("executor.container.type") === undefined) {
    draft.drop(
      "executor.container",
      "no-equivalent",
      "It needs a type of container: without one, workers run in none.",
    );
  }
}

/** Whether tasks of the engine, or of the executor in it, are started by an MPI launcher. */
function runsRanks({ type = "", entries }: OldMap): boolean {
  const mode = entries.get("enable_mpi_mode");
  const inner = entries.get("executor");
  return MPI_ENGINES.test(type) || mode !== undefined && plainOf(mode) === true ||
    inner?.kind === "map" && runsRanks(inner);
}

const MPI_ENGINES = /^GlobusMPIEngine$|^MPIExecutor$/;

/** A profile takes srun within Slurm, where not every site's speaks PMI with its MPI. */
function finishRanks(draft: Draft, type: string, engine: OldMap, key: string): void {
  draft.assume("executor.mpiLauncher", "mpiexec", `${key}.mpi_launcher`, `the default of ${type}`);
  const inner = engine.entries.get("executor");
  const isSaid = [engine, inner].some((each) =>
    each?.kind === "map" && each.entries.has("max_workers_per_block")
  );
  const isOfMpi = MPI_ENGINES.test(type) ||
    inner?.kind === "map" && MPI_ENGINES.test(inner.type ?? "");
  if (isOfMpi && !isSaid) {
    draft.miss(`${key}.max_workers_per_block`, `A block ran one task at a time. ${NODES_DECIDE}`);
  }
}

/** What the provider decides; for the end, since keys stand in any order. */
export function settleProvider(draft: Draft): void {
  const provider = draft.get("executor.provider.type");
  if (provider === "kubernetes") {
    draft.drop(
      "executor.container",
      "no-equivalent",
      "A pod is the container of its functions: executor.provider.image.",
    );
  }
  if (provider !== "local") return;
  draft.drop(
    "executor.provider.maxIdleTime",
    "no-equivalent",
    "Workers of this machine stay as long as the endpoint runs.",
  );
}

/** Engines could be made around an executor. */
function takeInner(draft: Draft, entry: Entry): void {
  if (entry.value.kind === "map") follow(ENGINE, draft, entry.value, entry.key);
  else refused(draft, entry, "executor");
}

/** funcX wrote infinity for as many as there are cores. */
function workersOf(value: unknown): unknown {
  return value === "inf" || value === Infinity ? "auto" : value;
}

function attemptsOf(value: unknown): unknown {
  return typeof value === "number" ? value + 1 : value;
}

function imageOf(value: unknown): unknown {
  return wordOf(value);
}

/** An address, or how it was found. */
function takeAddress(draft: Draft, entry: Entry): void {
  const { value } = entry;
  if (refused(draft, entry, "executor.address")) return;
  const origin = { key: entry.key, place: value.place };
  if (value.kind === "scalar") {
    if (value.value !== "0.0.0.0") draft.set("executor.address", value.value, origin);
    return;
  }
  const name = value.kind === "map" && value.type === "address_by_interface"
    ? value.entries.get("ifname")
    : undefined;
  if (name !== undefined) draft.set("executor.address", plainOf(name), origin);
  else {draft.note(
      "not-needed",
      entry,
      "The address that nodes most likely reach is found by itself.",
    );}
}

function takeContainerType(draft: Draft, entry: Entry): void {
  if (refused(draft, entry, "executor.container.type")) return;
  const type = plainOf(entry.value);
  if (type === "None") return;
  if (typeof type === "string" && CONTAINER_TYPES.has(type)) {
    draft.set("executor.container.type", type, { key: entry.key, place: entry.value.place });
    return;
  }
  draft.note(
    "no-equivalent",
    entry,
    'Write a container of type "custom" with the command line that starts it, as profile.d.ts explains.',
  );
}

/** It was given to what looked after blocks, in place of all else that said so. */
function takeStatus(draft: Draft, key: string, value: OldValue): void {
  if (value.kind === "map") follow(STATUS, draft, value, key);
  else takeStrategy(draft, { key, value });
}

/** How many blocks there are over time. */
function takeStrategy(draft: Draft, entry: Entry): void {
  const { value } = entry;
  if (value.kind === "map") {
    follow(STRATEGY, draft, value, entry.key);
    return;
  }
  if (refused(draft, entry, "executor.provider.maxIdleTime")) return;
  const name = plainOf(value);
  if (name === "none") {
    draft.note(
      "no-equivalent",
      entry,
      "Write minBlocks and maxBlocks as initBlocks where their number shall stay.",
    );
  }
}

const STRATEGY: Rules = {
  max_idletime: to("provider.maxIdleTime"),
  threshold: { unneeded: "Blocks are looked after all along." },
  interval: { unneeded: "Blocks are looked after all along." },
  strategy_period: { unneeded: "Blocks are looked after all along." },
};

const STATUS: Rules = {
  ...STRATEGY,
  max_idletime: { ...to("provider.maxIdleTime"), isFirst: true },
  strategy: { by: takeStrategy },
};

/** For an executors list: the first one, as Globus Compute took it. */
export function firstEngine(draft: Draft, entry: Entry): void {
  const { value } = entry;
  if (value.kind !== "list") return takeEngine(draft, entry);
  const [first, ...others] = value.items;
  if (first !== undefined) takeEngine(draft, { key: `${entry.key}[0]`, value: first });
  for (const [index, other] of others.entries()) {
    draft.note(
      "no-equivalent",
      { key: `${entry.key}[${index + 1}]`, value: other },
      "An endpoint has one engine. Make another endpoint for this one.",
    );
  }
}

/** The engine where none is named: workers on this machine. */
export function defaultEngine(draft: Draft): void {
  draft.set("executor.workersPerNode", "auto");
  draft.set("executor.provider.type", "local");
}
