/** From `executor.provider` as a user wrote it to the resolved form. Pure. */
import type { RawProvider } from "./provider_schema.ts";
import type {
  BlockSettings,
  NodeResources,
  ResolvedLauncher,
  ResolvedProvider,
} from "./resolved_provider.ts";
import { mebibytesOf, walltimeSeconds } from "./schema_pieces.ts";

const DEFAULT_WALLTIME = "00:30:00";
const DEFAULT_MAX_IDLE_SECONDS = 120;
const DEFAULT_POLL_SECONDS = 20;
const DEFAULT_COMMAND_SECONDS = 60;

export function resolveProvider(raw: RawProvider): ResolvedProvider {
  switch (raw.type) {
    case "local":
      return { type: raw.type };
    case "slurm":
      return {
        type: raw.type,
        ...batch(raw, "srun"),
        node: resources(raw),
        partition: raw.partition ?? null,
        account: raw.account ?? null,
        qos: raw.qos ?? null,
        constraint: raw.constraint ?? null,
        reservation: raw.reservation ?? null,
        gres: raw.gres ?? null,
        exclusive: raw.exclusive ?? false,
      };
    case "pbs":
      return {
        type: raw.type,
        ...batch(raw, "mpiexec"),
        node: resources(raw),
        queue: raw.queue ?? null,
        account: raw.account ?? null,
        selectOptions: raw.selectOptions ?? null,
        exclusive: raw.exclusive ?? false,
      };
    case "lsf":
      return {
        type: raw.type,
        ...batch(raw, "ssh"),
        node: resources(raw),
        queue: raw.queue ?? null,
        account: raw.account ?? null,
        reservation: raw.reservation ?? null,
        exclusive: raw.exclusive ?? false,
      };
    case "sge":
      return {
        type: raw.type,
        ...batch(raw, "ssh"),
        node: resources(raw),
        queue: raw.queue ?? null,
        account: raw.account ?? null,
        reservation: raw.reservation ?? null,
        parallelEnvironment: raw.parallelEnvironment ?? null,
      };
    case "htcondor":
      return {
        type: raw.type,
        ...common(raw),
        node: resources(raw),
        account: raw.account ?? null,
        requirements: raw.requirements ?? null,
        transferFiles: raw.transferFiles ?? false,
        schedulerOptions: linesOf(raw.schedulerOptions),
      };
    case "kubernetes":
      return {
        type: raw.type,
        ...common(raw),
        node: resources(raw),
        image: raw.image,
        namespace: raw.namespace ?? null,
        program: raw.program ?? "funcx-endpoint",
        serviceAccount: raw.serviceAccount ?? null,
        imagePullSecret: raw.imagePullSecret ?? null,
        coresLimit: raw.coresLimit ?? null,
        memoryLimitMebibytes: mebibytes(raw.memLimit),
        gpuResource: raw.gpuResource ?? "nvidia.com/gpu",
        nodeSelector: raw.nodeSelector ?? {},
        volumes: raw.volumes ?? {},
      };
    case "exec":
      return {
        type: raw.type,
        ...batch(raw, "single"),
        submit: raw.submit,
        status: raw.status,
        cancel: raw.cancel,
      };
  }
}

type RawBlocks = Exclude<RawProvider, { readonly type: "local" }>;
type RawBatch = Extract<RawProvider, { launcher?: unknown }>;
type RawResources = Pick<RawBlocks & { gpusPerNode?: number }, "gpusPerNode"> & {
  readonly coresPerNode?: number;
  readonly memPerNode?: string | number;
};

type UsualLauncher = "srun" | "mpiexec" | "ssh" | "single";

function common(raw: RawBlocks): { blocks: BlockSettings; commandSeconds: number } {
  return {
    blocks: blockSettings(raw),
    commandSeconds: walltimeSeconds(raw.cmdTimeout ?? DEFAULT_COMMAND_SECONDS),
  };
}

function batch(raw: RawBatch, launcher: UsualLauncher): {
  blocks: BlockSettings;
  commandSeconds: number;
  schedulerOptions: readonly string[];
  launcher: ResolvedLauncher;
} {
  return {
    ...common(raw),
    schedulerOptions: linesOf(raw.schedulerOptions),
    launcher: resolveLauncher(raw, launcher),
  };
}

/** A maximum that is not named follows what else was asked for. */
function blockSettings(raw: RawBlocks): BlockSettings {
  const { initBlocks, minBlocks = 0 } = raw;
  const max = raw.maxBlocks ?? Math.max(1, initBlocks ?? 0, minBlocks);
  return {
    init: initBlocks ?? minBlocks,
    min: minBlocks,
    max,
    parallelism: raw.parallelism ?? 1,
    maxIdleSeconds: walltimeSeconds(raw.maxIdleTime ?? DEFAULT_MAX_IDLE_SECONDS),
    nodesPerBlock: raw.nodesPerBlock ?? 1,
    walltimeSeconds: walltimeSeconds(raw.walltime ?? DEFAULT_WALLTIME),
    pollSeconds: walltimeSeconds(raw.pollInterval ?? DEFAULT_POLL_SECONDS),
  };
}

function resources(raw: RawResources): NodeResources {
  return {
    cores: raw.coresPerNode ?? null,
    memoryMebibytes: mebibytes(raw.memPerNode),
    gpus: raw.gpusPerNode ?? null,
  };
}

function mebibytes(memory: string | number | undefined): number | null {
  return memory === undefined ? null : mebibytesOf(memory);
}

/** One node needs no launcher. */
function resolveLauncher(
  { launcher, nodesPerBlock = 1 }: RawBatch,
  usual: UsualLauncher,
): ResolvedLauncher {
  if (launcher === undefined) {
    return { type: nodesPerBlock === 1 ? "single" : usual, options: [] };
  }
  if (launcher.type === "wrapped") return { type: "wrapped", command: wordsOf(launcher.command) };
  return { type: launcher.type, options: wordsOf(launcher.overrides ?? []) };
}

/** A text is split at white space; there is no quoting in it. */
function wordsOf(words: string | readonly string[]): readonly string[] {
  return typeof words === "string" ? words.split(/\s+/).filter((word) => word !== "") : words;
}

function linesOf(text: string | undefined): readonly string[] {
  return (text ?? "").split("\n").filter((line) => line !== "");
}
