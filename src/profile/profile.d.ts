/**
 * Types of a profile, for editors. `funcx-endpoint` writes this file and replaces it when it
 * changes; your profile is `NAME/config.ts` beside it. Check a profile with
 *
 *     funcx-endpoint validate NAME
 *
 * A profile default-exports a `Profile`, or a function that makes one from the `Site`. It may read
 * files of its own folder and import modules from it; nothing else: no network, no environment, no
 * programs, no writing. It has to be done within two seconds, and its result is plain data.
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
   * Worker processes, each running one task at a time: 1 to 1,024, or `"auto"` for one per core
   * that this process may use.
   * @default "auto"
   */
  workersPerNode?: number | "auto";
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
   * twice. An exception of the function itself is never retried.
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
  provider?: LocalProvider;
  /** Which kinds of functions are run, and by what. */
  runtimes?: Runtimes;
  /**
   * Shell lines that are run before a Python or shell worker starts, such as
   * `"module load python\nsource ~/venv/bin/activate"`.
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

/** Workers run on the machine where the endpoint is started. */
export interface LocalProvider {
  type: "local";
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
