/** One warm TypeScript worker process of a manager; `main.ts` starts it for the hidden word `worker`. */
import { runTypescriptHost } from "./runtimes/typescript_host.ts";

/**
 * Runs tasks for the manager at the other end of descriptors 3 and 4, as `IPC.md` says, until the manager
 * goes; that ends the process.
 */
export async function runWorker(): Promise<void> {
  await runTypescriptHost();
}
