/** The TypeScript runtime: inside this program, so it is always there. */
import type { TypescriptPermissions } from "../../../profile/schema.ts";
import { selfCommand } from "../../../lib/program.ts";
import type { WorkerRuntime } from "./runtime.ts";

export function typescriptRuntime(options: {
  readonly permissions: TypescriptPermissions;
  readonly environment: Readonly<Record<string, string>>;
  /** Starts a worker process; this program's hidden command unless replaced. */
  readonly command?: readonly string[];
}): WorkerRuntime {
  return {
    name: "typescript",
    command: options.command ?? selfCommand(["worker"]),
    environment: options.environment,
    preamble: new Uint8Array(0),
    settings: { ...options.permissions },
    marksOutput: false,
    recallDescriptor: 4,
    reportsEachBegin: false,
  };
}
