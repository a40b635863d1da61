/**
 * Types of a profile, for editors. `funcx-endpoint` writes this file and replaces it when it
 * changes; your profile is `NAME/config.ts` beside it. Check a profile with
 *
 *     funcx-endpoint validate NAME
 *
 * A profile default-exports a `Profile`, or a function that makes one from the `Site`. It may read
 * files of its own folder and import modules from it; nothing else: no network, no environment, no
 * programs, no writing. It has to be done within ten seconds, and its result is plain data.
 */

/** Everything may be left out: `{}` is a profile that runs workers on this machine. */
export interface Profile {
  /**
   * Name for people, up to 200 characters.
   * @default the endpoint's name
   */
  displayName?: string;
  /**
   * What this endpoint is for, up to 10,000 characters.
   * @default ""
   */
  description?: string;
  /**
   * The machine or institution where this endpoint is, such as `"Midway 3"`, one line of up to 200
   * characters. Lists of endpoints are grouped by it: write it alike in all profiles of a site.
   * @default the domain of the machine's name, or that name
   */
  site?: string;
  /**
   * Base URL of the service to connect to, such as `"https://funcx.example.org"`.
   * `funcx-endpoint start --service URL` and the variable FUNCX_SERVICE_URL come before it.
   * @default the private service of your user on this machine
   */
  service?: string;
  /**
   * Folder for the spool, logs and task folders: absolute, `~/…`, or relative to the profile's
   * folder. Name one on a local or scratch disk when the home folder is slow.
   * @default the profile's folder
   */
  stateDir?: string;
  /** How tasks are run. */
  executor?: Executor;
  /**
   * Ids of the only functions that this endpoint runs, up to 10,000.
   * @default any function that its users may use
   */
  allowedFunctions?: string[];
  /**
   * Whether every user of the service may run functions here, as your user on this machine.
   * @default false
   */
  public?: boolean;
  /**
   * The least that is written to the log.
   * @default "info"
   */
  logLevel?: "debug" | "info" | "warning" | "error";
}

/** How tasks are run. */
export interface Executor {
  /**
   * Worker processes, each running one task at a time: 1 to 1,024, or `"auto"` for as many as the
   * node has: cores by `coresPerWorker`, memory by `memPerWorker`, and accelerators, one for each,
   * whichever is least.
   * @default "auto"
   */
  workersPerNode?: number | "auto";
  /**
   * Cores of each worker, of those that this process may use. OMP_NUM_THREADS is set to it, unless
   * your environment or `environment` sets that. Less than 1 lets workers share a core.
   * @default 1; where `workersPerNode` is a number, an even share
   */
  coresPerWorker?: number;
  /**
   * Memory of each worker: gibibytes, or with a unit such as `"512M"`, `"4G"` or `"1T"`. A task whose
   * processes use more is ended with MEMORY_EXCEEDED, within about a second.
   * @default no limit
   */
  memPerWorker?: string | number;
  /**
   * Accelerators that tasks may use: how many, their ids, or `"auto"` for all that the node has.
   * Each worker sees its own ones only, by CUDA_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES or
   * ZE_AFFINITY_MASK. Where the job says by these which it was given, they are among those.
   * @default 0: workers see what this process sees
   */
  availableAccelerators?: number | "auto" | (string | number)[];
  /**
   * Which cores each worker and all that it starts are bound to: `"block"` for neighbours, which
   * share a NUMA node, `"block-reverse"` for the same from the last core on, `"alternating"` for
   * every n-th core, or a list for each worker, such as `["0-3", "4-7"]`.
   * @default "none"
   */
  cpuAffinity?: "none" | "block" | "block-reverse" | "alternating" | string[];
  /**
   * Tasks that are handed to a worker ahead of the one it runs, 0 to 10,000, so that the next one is
   * there at once. Those that wait behind a long task are taken back when another worker is idle.
   * Workers whose tasks take less than a second are handed one ahead without being told, and those
   * whose tasks take a few milliseconds more.
   * @default 0
   */
  prefetch?: number;
  /**
   * How often a task is tried, 1 to 100, when its worker is lost under it. 1 never runs a task
   * twice. An exception of the function itself is never retried. A task whose block ends as planned,
   * by its walltime for instance, runs again without losing an attempt, up to three times, but not
   * with 1.
   * @default 2
   */
  maxAttempts?: number;
  /**
   * The largest result of a TypeScript or Python function, in bytes as it is sent, up to 5 GiB. A
   * larger one fails with MaxResultSizeExceeded.
   * @default 5368709120
   */
  maxResultBytes?: number;
  /**
   * When a task that names no walltime is ended: `"HH:MM:SS"`, or seconds.
   * @default no end
   */
  walltime?: string | number;
  /**
   * How long a worker that has no task is kept: `"HH:MM:SS"`, or seconds. The next task after that
   * waits for the start of another.
   * @default "00:10:00"
   */
  idleTime?: string | number;
  /**
   * Where workers come from.
   * @default { type: "local" }
   */
  provider?: Provider;
  /**
   * What starts the ranks of a task that takes whole nodes, when the task itself does not name its
   * `launcher`.
   * @default "srun" inside a job of Slurm, else "mpiexec"
   */
  mpiLauncher?: "mpiexec" | "srun" | "aprun";
  /**
   * What the managers of blocks dial: `"auto"` for the interface that nodes most likely reach, an IP
   * address or a network interface of this machine, such as `"ib0"`, or `"service"` where nodes reach
   * the service and not this machine.
   * @default "auto"
   */
  address?: string;
  /**
   * First and last port that may be listened on for them.
   * @default any port
   */
  portRange?: [number, number];
  /**
   * How long a manager that has lost the agent runs its tasks on and looks for it: `"HH:MM:SS"`, or
   * seconds.
   * @default "00:10:00"
   */
  reattachTimeout?: string | number;
  /** Which kinds of functions are run, and by what. */
  runtimes?: Runtimes;
  /** What Python and shell functions run in. Without it, they run as they are. */
  container?: Container;
  /**
   * Shell lines that are run before a Python or shell worker starts, such as
   * `"module load python\nsource ~/venv/bin/activate"`. They are tried once on each node before it
   * takes tasks, and have failed when the shell ends before the last line (`exit`, `set -e`), when the
   * last line fails and writes to stderr, and after two minutes. Earlier lines count with `set -e`.
   * @default ""
   */
  workerInit?: string;
  /**
   * Variables that are added to the environment of workers. Anybody who can run a Python or shell
   * function here can read them; a TypeScript function needs the permission `env`.
   * @default {}
   */
  environment?: Record<string, string>;
  /**
   * Run each task in an empty folder of its own, which is removed after it.
   * @default false
   */
  sandbox?: boolean;
  /**
   * Folder in which tasks run, and in which sandboxes are made: absolute, `~/…`, or relative to
   * `stateDir`. It is made when it is missing.
   * @default "tasks"
   */
  workingFolder?: string;
}

/**
 * A container around Python and shell functions. TypeScript functions do not run in one: they have a
 * sandbox of their own. Inside there are the folder of the tasks, their large arguments and results
 * under the same paths as outside, and what the program or the options add. `workerInit` runs outside,
 * before the program; the interpreter and the shell are those of the image.
 */
export interface Container {
  /** The program that starts containers, which each node has to have. */
  type: "apptainer" | "singularity" | "podman" | "docker" | "charliecloud" | "shifter" | "custom";
  /**
   * Image of functions that name none: a name as the program takes it, or a path. When it is left
   * out, those run outside, and when it is there, TypeScript functions are refused.
   * @default none
   */
  image?: string;
  /**
   * Words for the program's command line, before the image, such as `["--nv"]`.
   * @default []
   */
  options?: string[];
  /**
   * For the type "custom": the command line. `{image}` stands for the image; the words `{options}`,
   * `{mounts}` and `{command}` for the options, for `mount` with each folder that has to be there, and
   * for what is run inside. The program has to keep its standard streams and environment for that, and
   * to end when it is ended.
   * @default []
   */
  command?: string[];
  /**
   * For the type "custom": the words that show one folder inside, such as
   * `["--bind", "{folder}", "{folder}"]`.
   * @default []
   */
  mount?: string[];
  /**
   * Images that functions may name, with `*` for any characters, such as `["docker.io/library/*"]`.
   * @default []
   */
  allow?: string[];
}

/** Where workers come from: this machine, or blocks, which are jobs of a scheduler. */
export type Provider =
  | LocalProvider
  | SlurmProvider
  | PbsProvider
  | LsfProvider
  | SgeProvider
  | HtcondorProvider
  | KubernetesProvider
  | ExecProvider;

/** Workers run on the machine where the endpoint is started. */
export interface LocalProvider {
  type: "local";
}

/** How many blocks there are, how large they are, and for how long. */
export interface BlockOptions {
  /**
   * Blocks that are started with the endpoint, before there are tasks: 0 to 1,000.
   * @default minBlocks
   */
  initBlocks?: number;
  /**
   * Blocks that are kept while there are no tasks.
   * @default 0
   */
  minBlocks?: number;
  /**
   * The most blocks at a time: 1 to 1,000.
   * @default 1, or as many as initBlocks or minBlocks
   */
  maxBlocks?: number;
  /**
   * For how much of the tasks that wait and run there should be workers: 1 for one each, 0.5 for one
   * per two tasks, 0 for one block whatever there is.
   * @default 1
   */
  parallelism?: number;
  /**
   * How long a block without a task is kept: `"HH:MM:SS"`, or seconds.
   * @default "00:02:00"
   */
  maxIdleTime?: string | number;
  /**
   * How often the scheduler is asked about all blocks: `"HH:MM:SS"`, or seconds.
   * @default 20
   */
  pollInterval?: string | number;
  /**
   * After how long a command of the scheduler that does not end is ended: `"HH:MM:SS"`, or seconds.
   * @default 60
   */
  cmdTimeout?: string | number;
  /**
   * Nodes of one block.
   * @default 1
   */
  nodesPerBlock?: number;
  /**
   * How long a block may run: `"HH:MM:SS"`, or seconds.
   * @default "00:30:00"
   */
  walltime?: string | number;
}

/** What is asked for on each node. */
export interface NodeOptions {
  /**
   * Cores of each node.
   * @default what the scheduler gives
   */
  coresPerNode?: number;
  /**
   * Memory of each node: gibibytes, or with a unit such as `"512M"`, `"4G"` or `"1T"`.
   * @default what the scheduler gives
   */
  memPerNode?: string | number;
}

export interface AcceleratorOptions {
  /**
   * Accelerators of each node.
   * @default none
   */
  gpusPerNode?: number;
}

export interface LauncherOptions {
  /**
   * How a manager is started on each node of a block.
   * @default { type: "single" } for one node, else srun for Slurm, mpiexec for PBS, ssh for LSF and Grid Engine
   */
  launcher?: Launcher;
}

/**
 * `single` starts a manager on the block's first node only, `ssh` by logging in to each node, and
 * `wrapped` by a command of your own. The others are programs of those names.
 */
export type Launcher = {
  type: "single" | "srun" | "mpiexec" | "jsrun" | "aprun" | "ssh";
  /**
   * Further options of the program: a text that is split at white space, or words.
   * @default ""
   */
  overrides?: string | string[];
} | {
  type: "wrapped";
  /**
   * What is put before the manager's command line, and starts it on each node: a text that is split
   * at white space, or words.
   * @default none, it has to be there
   */
  command: string | string[];
};

/** Blocks are jobs of Slurm. */
export interface SlurmProvider
  extends BlockOptions, NodeOptions, AcceleratorOptions, LauncherOptions {
  type: "slurm";
  /**
   * The partition to run in.
   * @default that of the site
   */
  partition?: string;
  /**
   * The account, project or allocation that is charged; in Grid Engine the accounting string, in
   * HTCondor the accounting group.
   * @default that of the site
   */
  account?: string;
  /**
   * Quality of service.
   * @default that of the site
   */
  qos?: string;
  /**
   * Features that nodes must have, such as `"a100&hbm80g"`.
   * @default none
   */
  constraint?: string;
  /**
   * A reservation to run in.
   * @default none
   */
  reservation?: string;
  /**
   * Generic resources of each node, such as `"gpu:a100:4"`.
   * @default none
   */
  gres?: string;
  /**
   * Whether nodes are shared with no other job.
   * @default false
   */
  exclusive?: boolean;
  /**
   * Further lines for the head of the script, of the scheduler's own form: `#SBATCH …`, `#PBS …`,
   * `#BSUB …`, `#$ …`; for HTCondor `name = value`.
   * @default ""
   */
  schedulerOptions?: string;
}

/** Blocks are jobs of PBS Professional or OpenPBS. */
export interface PbsProvider
  extends BlockOptions, NodeOptions, AcceleratorOptions, LauncherOptions {
  type: "pbs";
  /**
   * The queue to run in; in PBS a reservation is one as well.
   * @default that of the site
   */
  queue?: string;
  /** As of Slurm. */
  account?: string;
  /**
   * Added to what each node is selected by, such as `"model=rome"`.
   * @default none
   */
  selectOptions?: string;
  /** As of Slurm. */
  exclusive?: boolean;
  /** Lines `#PBS …`. */
  schedulerOptions?: string;
}

/** Blocks are jobs of LSF. */
export interface LsfProvider
  extends BlockOptions, NodeOptions, AcceleratorOptions, LauncherOptions {
  type: "lsf";
  /** As of PBS. */
  queue?: string;
  /** The project. */
  account?: string;
  /** As of Slurm. */
  reservation?: string;
  /** As of Slurm. */
  exclusive?: boolean;
  /** Lines `#BSUB …`. */
  schedulerOptions?: string;
}

/** Blocks are jobs of Grid Engine. */
export interface SgeProvider extends BlockOptions, NodeOptions, LauncherOptions {
  type: "sge";
  /** As of PBS. */
  queue?: string;
  /** The accounting string. */
  account?: string;
  /** Id of an advance reservation. */
  reservation?: string;
  /**
   * The parallel environment, which has to be there for more than one core in all.
   * @default none
   */
  parallelEnvironment?: string;
  /** Lines `#$ …`. */
  schedulerOptions?: string;
}

/** Blocks are jobs of HTCondor; each node is a process of the job. */
export interface HtcondorProvider extends BlockOptions, NodeOptions, AcceleratorOptions {
  type: "htcondor";
  /** The accounting group. */
  account?: string;
  /**
   * What machines must have, as an expression of ClassAds.
   * @default none
   */
  requirements?: string;
  /**
   * Whether HTCondor carries the program to nodes that do not share this machine's files.
   * @default false
   */
  transferFiles?: boolean;
  /** Lines `name = value` of a submit description. */
  schedulerOptions?: string;
}

/** Blocks are jobs of Kubernetes; each node is a pod. */
export interface KubernetesProvider extends BlockOptions, NodeOptions, AcceleratorOptions {
  type: "kubernetes";
  /**
   * Container image, with this program in it.
   * @default none, it has to be there
   */
  image: string;
  /**
   * Where jobs are made.
   * @default that of the current context
   */
  namespace?: string;
  /**
   * Path or name of this program in the image.
   * @default "funcx-endpoint"
   */
  program?: string;
  /**
   * As which pods run.
   * @default that of the namespace
   */
  serviceAccount?: string;
  /**
   * Name of the secret that the image is pulled with.
   * @default none
   */
  imagePullSecret?: string;
  /**
   * The most cores of a pod, where `coresPerNode` is what it is given at least.
   * @default none
   */
  coresLimit?: number;
  /**
   * The most memory of a pod, as `memPerNode`.
   * @default none
   */
  memLimit?: string | number;
  /**
   * What `gpusPerNode` counts.
   * @default "nvidia.com/gpu"
   */
  gpuResource?: string;
  /**
   * Labels that nodes must have.
   * @default {}
   */
  nodeSelector?: Record<string, string>;
  /**
   * Where persistent volumes are mounted, by the names of their claims.
   * @default {}
   */
  volumes?: Record<string, string>;
}

/**
 * Blocks are jobs of anything that has commands to submit, ask and cancel. A command is an array of
 * words; no shell reads it.
 */
export interface ExecProvider extends BlockOptions, LauncherOptions {
  type: "exec";
  /**
   * Submits `{script}`, a path, and prints the job's id as its last line. There are also `{name}`,
   * `{folder}`, `{output}` (a path for what the job prints), `{nodes}` and `{walltime}` (seconds).
   * What it leaves running in its own process group is ended with it, so `setsid` starts what shall
   * go on; and as `&` does not wait until `setsid` has done that, the command has to:
   *
   * ```
   * submit: ["sh", "-c", `
   *   setsid sh -c 'echo $$ > "$0.id"; exec sh "$0"' "$0" > "$1" 2>&1 < /dev/null &
   *   until [ -s "$0.id" ]; do sleep 0.1; done
   *   cat "$0.id"`, "{script}", "{output}"],
   * ```
   * @default none, it has to be there
   */
  submit: string[];
  /**
   * Prints a line for each of `{jobs}`, a word that becomes one word for each id: the id, a space,
   * and `queued`, `running`, `completed`, `failed` or `cancelled`, with a reason behind it if there
   * is one. A job without a line has ended.
   * @default none, it has to be there
   */
  status: string[];
  /**
   * Ends all of `{jobs}`; a job that has ended is no failure.
   * @default none, it has to be there
   */
  cancel: string[];
  /** Lines for the head of the script that begin with `#`. */
  schedulerOptions?: string;
}

/** `false` turns a runtime off; one whose interpreter is missing is left out by itself. */
export interface Runtimes {
  /**
   * TypeScript and JavaScript, inside the program itself.
   * @default { permissions: {} }
   */
  typescript?: false | {
    /**
     * What the functions may do.
     * @default {}
     */
    permissions?: Permissions;
  };
  /**
   * Python 3.6 or later, nothing else installed.
   * @default { interpreter: "python3" }
   */
  python?: false | {
    /**
     * A name on PATH, after `workerInit`, or a path: absolute, `~/…`, or relative to the
     * profile's folder.
     * @default "python3"
     */
    interpreter?: string;
  };
  /**
   * Shell commands.
   * @default { shell: "/bin/sh" }
   */
  shell?: false | {
    /**
     * Path of a shell that takes `-c COMMAND`: absolute, `~/…`, or relative to the profile's
     * folder.
     * @default "/bin/sh"
     */
    shell?: string;
  };
}

/**
 * What TypeScript functions may do: `true` for everything, or the only ones that are allowed.
 * Python and shell functions may always do what your user may.
 */
export interface Permissions {
  /**
   * Files and folders to read.
   * @default false
   */
  read?: boolean | string[];
  /**
   * Files and folders to write.
   * @default false
   */
  write?: boolean | string[];
  /**
   * Hosts to connect to or listen on, such as `"example.org:443"`.
   * @default false
   */
  net?: boolean | string[];
  /**
   * Environment variables to read.
   * @default false
   */
  env?: boolean | string[];
  /**
   * Programs to run. A program that was run is not bound by any permission.
   * @default false
   */
  run?: boolean | string[];
  /**
   * Facts of the system, such as `"hostname"`.
   * @default false
   */
  sys?: boolean | string[];
}

/** What a profile may know of the machine it is evaluated on. */
export interface Site {
  /** The endpoint's name: the name of the profile's folder. */
  readonly name: string;
  readonly hostname: string;
  /** The user's login name. */
  readonly user: string;
  /** The user's home folder. */
  readonly home: string;
  /** Cores that this process may use, by its affinity and cgroup. */
  readonly cores: number;
  /** Bytes of memory that this process may use, by the machine and its cgroup. */
  readonly memory: number;
  /** Accelerators that the kernel's drivers show. */
  readonly accelerators: readonly Accelerator[];
  /** Schedulers whose programs are on PATH. */
  readonly schedulers: readonly Scheduler[];
  /**
   * Environment variables, those that the profile lists: `export const env = ["PARTITION"];` makes
   * `site.env.PARTITION`. Undefined for one that is not set.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Accelerator {
  readonly vendor: "nvidia" | "amd" | "intel";
  /** As the driver names it; empty where it does not. */
  readonly model: string;
}

export type Scheduler = "slurm" | "pbs" | "lsf" | "sge" | "htcondor" | "kubernetes";
