/** The runtimes of a manager: which work on this machine, and why the others do not. */
import process from "node:process";
import { createHash } from "node:crypto";
import type { ResolvedExecutor } from "../../profile/schema.ts";
import { Containers } from "./containers/containers.ts";
import type { MountedFolder } from "./containers/command_line.ts";
import { detectPython } from "./runtimes/python.ts";
import type { Detected, RuntimeName, WorkerRuntime } from "./runtimes/runtime.ts";
import { detectShell, type ShellRuntime } from "./runtimes/shell.ts";
import { typescriptRuntime } from "./runtimes/typescript.ts";
import {
  MANAGER_VARIABLE,
  typescriptEnvironment,
  workerEnvironment,
} from "./worker_environment.ts";

export interface RuntimeSet {
  readonly typescript: Detected<WorkerRuntime>;
  readonly python: Detected<WorkerRuntime>;
  readonly shell: Detected<ShellRuntime>;
  /** Null where the profile names no container. */
  readonly containers: Containers | null;
}

export function availableRuntimes(set: RuntimeSet): RuntimeName[] {
  const names: RuntimeName[] = ["typescript", "python", "shell"];
  const inContainers = {
    typescript: false,
    python: set.containers?.offersPython ?? false,
    shell: set.containers?.offersShell ?? false,
  };
  return names.filter((name) => set[name].kind === "available" || inContainers[name]);
}

export interface ContainerFolders {
  /** Absolute; of this manager alone. Its path is short, since sockets are in it. */
  readonly own: string;
  /** Where workers write results. */
  readonly results: string;
  /** Where the files are that arguments refer to. */
  readonly arguments: string;
}

export async function detectRuntimes(options: {
  readonly executor: ResolvedExecutor;
  readonly managerId: string;
  readonly containerFolders: ContainerFolders;
  /** Starts a TypeScript worker; this program itself unless replaced. */
  readonly workerCommand?: readonly string[];
}): Promise<RuntimeSet> {
  const { runtimes, workerInit, workingFolder, environment: added } = options.executor;
  const { managerId } = options;
  const inherited = process.env as Record<string, string>;
  const environment = workerEnvironment({ inherited, added, managerId });
  const { container } = options.executor;
  const containers = container === null ? null : Containers.open({
    container,
    managerId,
    folder: options.containerFolders.own,
    mounted: mountedFolders(workingFolder, options.containerFolders),
    workerInit,
    environment,
    added: Object.keys(added),
    interpreter: runtimes.python?.interpreter ?? null,
    shell: runtimes.shell?.shell ?? null,
  });
  // Then there is nothing to run outside.
  const isAllInside = container !== null && container.image !== null;
  return {
    containers,
    typescript: runtimes.typescript === null ? notOffered("typescript") : isAllInside ? INSIDE : {
      kind: "available",
      runtime: typescriptRuntime({
        permissions: runtimes.typescript.permissions,
        environment: typescriptEnvironment({ inherited, added, managerId }),
        command: options.workerCommand,
      }),
    },
    python: runtimes.python === null
      ? notOffered("python")
      : isAllInside
      ? INSIDE
      : await detectPython({ ...runtimes.python, workerInit, workingFolder, environment }),
    shell: runtimes.shell === null
      ? notOffered("shell")
      // The one that starts containers.
      : detectShell({
        shell: isAllInside ? "/bin/sh" : runtimes.shell.shell,
        workerInit,
        environment,
      }),
  };
}

/** The same for a part of the manager, with more in their environment. */
export function runtimesWith(
  set: RuntimeSet,
  variables: Readonly<Record<string, string>>,
  managerId: string,
): RuntimeSet {
  const added = { ...variables, [MANAGER_VARIABLE]: managerId };
  const { typescript, python, shell, containers } = set;
  return {
    containers: containers?.part(added) ?? null,
    typescript: withVariables(typescript, added),
    python: withVariables(python, added),
    shell: shell.kind === "missing" ? shell : detectShell({
      ...shell.runtime,
      environment: { ...shell.runtime.environment, ...added },
    }),
  };
}

function withVariables(
  detected: Detected<WorkerRuntime>,
  added: Readonly<Record<string, string>>,
): Detected<WorkerRuntime> {
  if (detected.kind === "missing") return detected;
  const { runtime } = detected;
  return {
    kind: "available",
    runtime: { ...runtime, environment: { ...runtime.environment, ...added } },
  };
}

/** The folder in which tasks run comes first. */
function mountedFolders(working: string, folders: ContainerFolders): MountedFolder[] {
  return [
    { path: working, writable: true },
    { path: folders.results, writable: true },
    { path: folders.arguments, writable: false },
  ];
}

const INSIDE = {
  kind: "missing",
  reason: "its profile runs all functions in containers, where TypeScript functions do not run",
  hint:
    "Leave out executor.container.image, and let functions name theirs: executor.container.allow.",
} as const;

function notOffered(
  name: RuntimeName,
): { readonly kind: "missing"; readonly reason: string; readonly hint: string } {
  return {
    kind: "missing",
    reason: "its profile does not offer them",
    hint: `Set executor.runtimes.${name} in the profile, or use another endpoint.`,
  };
}

/** The same for every agent with this state folder, so that it finds what an earlier one left. */
export function managerIdOf(stateDir: string): string {
  return createHash("sha256").update(stateDir).digest("hex").slice(0, 32);
}
