/**
 * Where workers come from, resolved: what `executor.provider` of a profile comes to. The scaler
 * needs `blocks` only, a provider the rest of its own variant.
 */

export type ResolvedProvider = LocalSettings | BlockProvider;

/** The providers that get blocks from a scheduler. */
export type BlockProvider =
  | SlurmSettings
  | PbsSettings
  | LsfSettings
  | SgeSettings
  | HtcondorSettings
  | KubernetesSettings
  | ExecSettings;

export interface LocalSettings {
  readonly type: "local";
}

/** How many blocks there are, how large they are, and for how long. */
export interface BlockSettings {
  /** Started with the endpoint, before any task. */
  readonly init: number;
  /** Kept without any task. */
  readonly min: number;
  readonly max: number;
  /** Of the workers that the outstanding tasks could use at once, the share to start: 0 to 1. */
  readonly parallelism: number;
  /** How long a block without a task is kept. */
  readonly maxIdleSeconds: number;
  readonly nodesPerBlock: number;
  readonly walltimeSeconds: number;
  /** Between two questions to the scheduler. */
  readonly pollSeconds: number;
}

/** What is asked for on each node; null leaves it to the scheduler. */
export interface NodeResources {
  readonly cores: number | null;
  readonly memoryMebibytes: number | null;
  readonly gpus: number | null;
}

/** How the managers of a block are started on its nodes. */
export type ResolvedLauncher =
  | {
    readonly type: Exclude<LauncherName, "wrapped">;
    /** Words that are added to its own options. */
    readonly options: readonly string[];
  }
  /** The words before the manager's command line. */
  | { readonly type: "wrapped"; readonly command: readonly string[] };

export type LauncherName = "single" | "srun" | "mpiexec" | "jsrun" | "aprun" | "ssh" | "wrapped";

interface Common {
  readonly blocks: BlockSettings;
  /** After which a command of the scheduler is ended. */
  readonly commandSeconds: number;
}

interface Batch extends Common {
  /** Lines for the head of the script, each a directive of the scheduler. */
  readonly schedulerOptions: readonly string[];
  readonly launcher: ResolvedLauncher;
}

/** Texts have no white space and nothing that a directive could be left by; null is left out. */
export interface SlurmSettings extends Batch {
  readonly type: "slurm";
  readonly node: NodeResources;
  readonly partition: string | null;
  readonly account: string | null;
  readonly qos: string | null;
  readonly constraint: string | null;
  readonly reservation: string | null;
  readonly gres: string | null;
  readonly exclusive: boolean;
}

export interface PbsSettings extends Batch {
  readonly type: "pbs";
  readonly node: NodeResources;
  readonly queue: string | null;
  readonly account: string | null;
  /** Added to the `select` statement, such as `model=rome:ngpus=4`. */
  readonly selectOptions: string | null;
  readonly exclusive: boolean;
}

export interface LsfSettings extends Batch {
  readonly type: "lsf";
  readonly node: NodeResources;
  readonly queue: string | null;
  /** The project. */
  readonly account: string | null;
  readonly reservation: string | null;
  readonly exclusive: boolean;
}

export interface SgeSettings extends Batch {
  readonly type: "sge";
  readonly node: NodeResources;
  readonly queue: string | null;
  readonly account: string | null;
  readonly reservation: string | null;
  readonly parallelEnvironment: string | null;
}

/** Each of `nodesPerBlock` is a process of the job, so there is no launcher. */
export interface HtcondorSettings extends Common {
  readonly type: "htcondor";
  readonly node: NodeResources;
  /** The accounting group. */
  readonly account: string | null;
  /** An expression of ClassAds. */
  readonly requirements: string | null;
  /** Where nodes do not share this machine's files: HTCondor carries what a manager needs. */
  readonly transferFiles: boolean;
  /** Lines of a submit description, `name = value`. */
  readonly schedulerOptions: readonly string[];
}

/** Each of `nodesPerBlock` is a pod of the job, so there is no launcher. */
export interface KubernetesSettings extends Common {
  readonly type: "kubernetes";
  /** Requested for each pod. */
  readonly node: NodeResources;
  readonly image: string;
  /** Null means that of the current context. */
  readonly namespace: string | null;
  /** Path or name of this program in the image. */
  readonly program: string;
  readonly serviceAccount: string | null;
  /** Name of the secret that the image is pulled with. */
  readonly imagePullSecret: string | null;
  readonly coresLimit: number | null;
  readonly memoryLimitMebibytes: number | null;
  /** The resource that an accelerator is, such as `nvidia.com/gpu`. */
  readonly gpuResource: string;
  /** Labels of nodes. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Absolute paths in the pod, by the name of the persistent volume claim. */
  readonly volumes: Readonly<Record<string, string>>;
}

/** Commands as argument vectors, with placeholders in braces. */
export interface ExecSettings extends Batch {
  readonly type: "exec";
  readonly submit: readonly string[];
  readonly status: readonly string[];
  readonly cancel: readonly string[];
}
