/**
 * The hidden word `worker` of a compiled program, which has one way in and cannot have
 * `worker_entry.ts` for another; apart from the commands so that it loads none of them.
 */
import { runTypescriptHost } from "../endpoint/executor/runtimes/typescript_host.ts";
import { moduleUrl } from "../lib/program.ts";

export async function runWorker(): Promise<void> {
  await runTypescriptHost(
    moduleUrl("src/endpoint/executor/runtimes/typescript_guarded_guest.ts"),
  );
}
