/** The TypeScript runtime: inside this program, so it is always there. */
import type { TypescriptPermissions } from "../../../profile/schema.ts";
import { moduleCommand, moduleUrl } from "../../../lib/program.ts";
import type { WorkerRuntime } from "./runtime.ts";
import { COLLECTOR_FLAG } from "./typescript_memory.ts";

/**
 * Starts a worker process.
 * @param v8Flags besides its own
 */
export function typescriptWorkerCommand(v8Flags: readonly string[] = []): string[] {
  const module = moduleUrl("src/endpoint/executor/worker_entry.ts");
  return moduleCommand(module, "worker", [`--v8-flags=${[COLLECTOR_FLAG, ...v8Flags].join(",")}`]);
}

export function typescriptRuntime(options: {
  readonly permissions: TypescriptPermissions;
  readonly environment: Readonly<Record<string, string>>;
  /** Starts a worker process; {@link typescriptWorkerCommand} unless replaced. */
  readonly command?: readonly string[];
}): WorkerRuntime {
  return {
    name: "typescript",
    id: "typescript",
    command: options.command ?? typescriptWorkerCommand(),
    environment: options.environment,
    preamble: new Uint8Array(0),
    settings: { ...options.permissions },
    marksOutput: false,
    recallDescriptor: 4,
    reportsEachBegin: false,
  };
}
