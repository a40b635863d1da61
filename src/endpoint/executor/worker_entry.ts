/** The hidden command `worker`: one warm TypeScript worker process of a manager. */
import { runTypescriptHost } from "./runtimes/typescript_host.ts";

/**
 * Runs tasks for the manager at the other end of descriptor 3, as `IPC.md` says, until the manager
 * goes; that ends the process.
 */
export async function runWorker(): Promise<void> {
  await runTypescriptHost();
}
