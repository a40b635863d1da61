/** The runtimes of a manager: which work on this machine, and why the others do not. */
import process from "node:process";
import { createHash } from "node:crypto";
import type { ResolvedExecutor } from "../../profile/schema.ts";
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
}

export function availableRuntimes(set: RuntimeSet): RuntimeName[] {
  const names: RuntimeName[] = ["typescript", "python", "shell"];
  return names.filter((name) => set[name].kind === "available");
}

export async function detectRuntimes(options: {
  readonly executor: ResolvedExecutor;
  readonly managerId: string;
  /** Starts a TypeScript worker; this program itself unless replaced. */
  readonly workerCommand?: readonly string[];
}): Promise<RuntimeSet> {
  const { runtimes, workerInit, workingFolder, environment: added } = options.executor;
  const { managerId } = options;
  const inherited = process.env as Record<string, string>;
  const environment = workerEnvironment({ inherited, added, managerId });
  return {
    typescript: runtimes.typescript === null ? notOffered("typescript") : {
      kind: "available",
      runtime: typescriptRuntime({
        permissions: runtimes.typescript.permissions,
        environment: typescriptEnvironment({ inherited, added, managerId }),
        command: options.workerCommand,
      }),
    },
    python: runtimes.python === null
      ? notOffered("python")
      : await detectPython({ ...runtimes.python, workerInit, workingFolder, environment }),
    shell: runtimes.shell === null
      ? notOffered("shell")
      : detectShell({ ...runtimes.shell, workerInit, environment }),
  };
}

/** The same for a part of the manager, with more in their environment. */
export function runtimesWith(
  set: RuntimeSet,
  variables: Readonly<Record<string, string>>,
  managerId: string,
): RuntimeSet {
  const added = { ...variables, [MANAGER_VARIABLE]: managerId };
  const { typescript, python, shell } = set;
  return {
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
