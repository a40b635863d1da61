/** The resolved profile: the only form that anything after `resolve.ts` accepts. */

/** Permissions of user code in the TypeScript runtime, in Deno's words; all off unless granted. */
export interface TypescriptPermissions {
  readonly read: boolean | readonly string[];
  readonly write: boolean | readonly string[];
  readonly net: boolean | readonly string[];
  readonly env: boolean | readonly string[];
  readonly run: boolean | readonly string[];
  readonly sys: boolean | readonly string[];
}

export interface ResolvedExecutor {
  /** "auto" is resolved to the cores that this process may use. */
  readonly workersPerNode: number;
  /** Tasks handed to a worker ahead of the one it runs. */
  readonly prefetch: number;
  readonly maxAttempts: number;
  /** Of a task that names none; null means no end. */
  readonly walltimeSeconds: number | null;
  readonly provider: { readonly type: "local" };
  readonly runtimes: {
    readonly typescript: { readonly permissions: TypescriptPermissions } | null;
    readonly python: {
      /** Absolute path or a name on PATH. */
      readonly interpreter: string;
    } | null;
    readonly shell: { readonly shell: string } | null;
  };
  /** Shell lines that a worker's environment is made with, before its interpreter starts. */
  readonly workerInit: string;
  /** Added to the environment of Python and shell workers. */
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
