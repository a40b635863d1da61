/**
 * One warm TypeScript worker process of a manager: runs tasks for the one at the other end of
 * descriptors 3 and 4, as `IPC.md` says, until the manager goes; that ends the process. Entry point
 * of its own, since whatever the program's commands load would be in every worker's memory.
 */
import { moduleUrl } from "../../lib/program.ts";
import { runTypescriptHost } from "./runtimes/typescript_host.ts";

await runTypescriptHost(moduleUrl("src/endpoint/executor/runtimes/typescript_guest.ts"));
